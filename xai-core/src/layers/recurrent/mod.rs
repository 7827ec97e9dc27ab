//! Recurrent layers, step by step.

mod cell;
mod gru;
mod lstm;
mod stack;
mod weights;

pub use self::gru::Gru;
pub use self::lstm::Lstm;
pub use self::weights::RecurrentWeights;
