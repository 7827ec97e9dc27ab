//! Ways back through a network other than the gradient: implementations of [`Rules`](crate::Rules).

mod rectifiers;
mod secants;
mod unknown;

pub use self::rectifiers::Rectifiers;
pub use self::secants::Secants;
pub use self::unknown::Unknown;
