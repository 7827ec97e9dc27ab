//! What a rule gives: an output, and how cotangents are pulled back from it.

use candle_core::Tensor;
use xai_core::Pullback;

use crate::error::failed;
use crate::{Candle, Host};

/// A pullback on candle's own tensors, v ↦ vᵀ · ∂y/∂x, which candle's tape may also hold.
pub(crate) type Pull = Box<dyn Fn(&Tensor) -> candle_core::Result<Tensor> + Send + Sync>;

/// An output with its pullback.
pub(crate) type Ruled = candle_core::Result<(Tensor, Pull)>;

/// A rule's result in the core's types.
pub(crate) fn with_pullback<E: Host>(
    (y, pull): (Tensor, Pull),
) -> (xai_core::Tensor<Candle<E>>, Pullback<'static, Candle<E>>) {
    let pull = move |v: &xai_core::Tensor<Candle<E>>| pull(v.inner()).map(xai_core::Tensor::new).map_err(failed);
    (xai_core::Tensor::new(y), Pullback::new(pull))
}
