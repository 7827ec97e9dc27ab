//! Writing one node down: what it is given, and what its operator does with it.

mod attributes;
mod context;
mod kept;

pub(crate) use self::attributes::graph;
pub(crate) use self::context::{Cx, Operand};
pub(crate) use self::kept::{Item, Kept};
