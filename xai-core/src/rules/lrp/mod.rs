//! Layer-wise relevance propagation, in multiplier form.

mod composite;
mod facts;
mod first;
mod held;
mod plan;
mod planner;
mod relevance;
mod rule;
mod split;
mod way;
mod weighted;

pub use self::composite::Composite;
pub(crate) use self::plan::Condition;
pub use self::relevance::Relevance;
pub use self::rule::{Bound, LrpRule};
