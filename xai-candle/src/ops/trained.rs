//! Weights that are trained through code of one's own.

use candle_core::{Result, Tensor, bail};

use super::attach::attach;
use crate::explaining::are_trained;
use crate::layers::OwnGradient;

/// Through a layer: this crate's gradient to the input, and outside of an analysis candle's own to the weights.
pub(crate) fn through<L: OwnGradient>(layer: &L, x: &Tensor) -> Result<Tensor> {
    let y = layer.through(x.clone()).map_err(candle_core::Error::wrap)?;
    if !are_trained(layer.weights()) {
        return Ok(y);
    }
    // A zero, whose gradient is that of the layer with respect to its weights alone.
    let weights = layer.by_candle(&x.detach())?;
    y + (&weights - weights.detach())?
}

/// A result whose weights were taken for constants: where they are trained, its backward pass says so.
pub(super) fn of_constants<'a>(
    what: &'static str,
    y: Tensor,
    weights: impl IntoIterator<Item = &'a Tensor>,
) -> Result<Tensor> {
    weights.into_iter().filter(|weight| are_trained([*weight])).try_fold(y, |y, weight| {
        let zero = Tensor::zeros(1, y.dtype(), y.device())?;
        let refused = move |_: &Tensor| -> Result<Tensor> {
            bail!(
                "xai::candle::ops::{what} takes its weights for constants and cannot train them: use \
                 `ops::layer(&layer, &x)`, which can, or give it `weight.detach()` where nothing is to be trained"
            )
        };
        y.broadcast_add(&attach(what, weight, (zero, Box::new(refused)))?)
    })
}
