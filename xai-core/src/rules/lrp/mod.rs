//! Layer-wise relevance propagation, in multiplier form.

mod blocks;
mod by_hand;
mod composite;
mod constant_deviation;
mod endings;
mod facts;
mod first;
mod merging;
mod moved;
mod plan;
mod planner;
mod propagation;
mod relevance;
mod rule;
mod seen;
mod split;
mod weighted;

pub use self::composite::Composite;
pub(crate) use self::plan::{Along, Condition};
pub use self::relevance::Relevance;
pub use self::rule::{Bound, LrpRule};
