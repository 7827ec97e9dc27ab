//! Layers of candle_nn's on candle's tape.

use candle_core::{Error, Result, Tensor};

use crate::layers::OwnGradient;

/// A layer of candle_nn's in evaluation mode, with this crate's gradient on candle's tape: `ops::layer(&self.norm, &x)`
/// in place of `self.norm.forward(&x)`.
///
/// # Errors
/// When the input does not fit the layer, and candle's own.
pub fn layer(layer: &impl OwnGradient, x: &Tensor) -> Result<Tensor> {
    layer.through(x.clone()).map_err(Error::wrap)
}
