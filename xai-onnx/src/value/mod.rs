//! The values that a file speaks of.

mod element_type;
mod known;

pub use self::element_type::ElementType;
pub(crate) use self::known::Known;
