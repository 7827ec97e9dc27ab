//! What a layer of candle_nn's is written on: a value of a graph, or a tensor on candle's tape.

use candle_core::Tensor;
use xai_core::Result;
use xai_core::nn::{Binary, Op};

use crate::rules::Pull;
use crate::{Candle, Host};

/// A value that layers are written on.
pub trait Value<'m>: Sized {
    /// The numbers outside.
    type Host: Host;

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

    /// Through a rule that is no operation of the vocabulary.
    #[allow(clippy::missing_errors_doc)]
    fn by_rule(self, rule: impl Rule + 'm) -> Result<Self>;
}

/// A layer that is no operation of the vocabulary, with its gradient.
pub trait Rule {
    /// For messages.
    const NAME: &'static str;
    /// True when the output is affine in the input.
    const AFFINE: bool;

    /// One of its weights.
    fn weight(&self) -> &Tensor;
    /// The output's shape.
    #[allow(clippy::missing_errors_doc)]
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>>;
    /// The output, and the pullback to the input.
    #[allow(clippy::missing_errors_doc)]
    fn run(&self, x: &Tensor) -> Result<(Tensor, Pull)>;
}
