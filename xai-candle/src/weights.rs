//! Weights: candle tensors in the core's type, and back beside an input.

use candle_core::{Result, Tensor};
use xai_core::Weight;

use crate::explaining::kept;
use crate::{Candle, Host};

/// A candle tensor as a weight. A pass of ours takes it for a constant; forward code on candle's tape trains it, where
/// it is on a tape.
pub(crate) fn constant<E: Host>(t: &Tensor) -> Weight<Candle<E>> {
    xai_core::Tensor::new(kept(t)).into()
}

/// A weight beside the input: detached, contiguous, in the input's number type.
pub(crate) fn beside<E: Host>(weight: &Weight<Candle<E>>, x: &Tensor) -> Result<Tensor> {
    weight.tensor().inner().to_dtype(x.dtype())?.contiguous()
}

/// As [`beside`], where there is one.
pub(crate) fn beside_if_any<E: Host>(weight: Option<&Weight<Candle<E>>>, x: &Tensor) -> Result<Option<Tensor>> {
    weight.map(|w| beside(w, x)).transpose()
}
