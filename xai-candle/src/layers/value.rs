//! What a layer of candle_nn's is written on: a value of a graph, or a tensor on candle's tape.

use candle_core::Tensor;
use xai_core::nn::Binary;
use xai_core::{Op, Result};

use crate::{Candle, Host};

/// A value that layers are written on.
pub trait Value<'m>: Clone {
    /// The numbers outside.
    type Host: Host;

    /// True where weights may be trained.
    fn is_on_tape(&self) -> bool;

    /// Refuses training by this layer's name, for the layer is that of evaluation; on a tensor the caller says so.
    #[allow(clippy::missing_errors_doc)]
    fn only_evaluated(&self, layer: &str) -> Result<()>;

    /// The shape, where it is known before anything runs.
    fn shape(&self) -> Option<Vec<usize>>;

    /// Through an operation.
    #[allow(clippy::missing_errors_doc)]
    fn through(self, op: impl Into<Op<Candle<Self::Host>>>) -> Result<Self>;

    /// Through an operation of this value and another one.
    #[allow(clippy::missing_errors_doc)]
    fn with(self, op: Binary, other: &Self) -> Result<Self>;

    /// A weight as a value, beside this one.
    #[must_use]
    fn beside(&self, weight: &Tensor) -> Self;

    /// Through an operation that only moves numbers, and how depends on the shape.
    #[allow(clippy::missing_errors_doc)]
    fn moved(&self, op: impl Fn(&[usize]) -> Result<Op<Candle<Self::Host>>> + 'm) -> Result<Self>;
}
