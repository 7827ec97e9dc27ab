//! Weights that were computed on the tape.

use candle_core::{Error, Result, Tensor};

use crate::OwnGradient;

/// True for a weight that has a gradient of its own to hand on: on the tape, and no variable, which is a weight to
/// train.
pub(super) fn computed(weight: &Tensor) -> bool {
    weight.track_op() && !weight.is_variable()
}

/// Through a layer of candle_nn's, by this crate's gradient, to weights that are trained too; by candle's own
/// operations where a weight was computed.
pub(super) fn run<'a>(
    layer: &impl OwnGradient,
    weights: impl IntoIterator<Item = &'a Tensor>,
    x: &Tensor,
    by_candle: impl FnOnce() -> Result<Tensor>,
) -> Result<Tensor> {
    match weights.into_iter().any(computed) {
        true => by_candle(),
        false => layer.through(x.clone()).map_err(Error::wrap),
    }
}
