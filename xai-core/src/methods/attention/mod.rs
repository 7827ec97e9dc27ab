//! What attention matrices tell: raw, rolled out, and weighted by their gradients.

mod matrices;
mod relevance;
mod rollout;

pub use self::matrices::Heads;
pub use self::relevance::AttentionRelevance;
pub use self::rollout::{AttentionRollout, RawAttention};
