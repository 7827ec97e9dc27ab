//! One step of a recurrent layer: what an LSTM and a GRU differ in.

use super::RecurrentWeights;
use crate::op::Linear;
use crate::{Backend, Result, Var};

/// One layer and one direction.
pub(super) trait Cell<B: Backend>: Sized {
    /// The layer's name, for messages.
    const NAME: &'static str;
    /// How many gates there are.
    const GATES: usize;

    /// From weights whose shapes fit, with a state of so many numbers.
    fn new(weights: RecurrentWeights<B>, hidden: usize) -> Result<Self>;

    /// What the inputs of all steps give to the gates, (B, T, D) to (B, T, G·H).
    fn input(&self) -> Result<Linear<B>>;

    /// The state after a step, from what its input gives to the gates, (B, G·H), and the state before; zeros if there
    /// is none.
    fn step<'m>(&'m self, given: &Var<'m, B>, before: Option<&State<'m, B>>) -> State<'m, B>;
}

/// What a step leaves to the next one.
pub(super) struct State<'m, B: Backend> {
    /// The output, (B, H).
    pub(super) hidden: Var<'m, B>,
    /// An LSTM's memory, (B, H).
    pub(super) memory: Option<Var<'m, B>>,
}
