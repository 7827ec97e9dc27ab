//! Layers of candle_nn's on candle's tape.

use candle_core::{Error, Result, Tensor};

use crate::layers::OwnGradient;

/// A layer of candle_nn's in evaluation mode, with this crate's gradient on candle's tape: `ops::layer(&self.norm, &x)`
/// in place of `self.norm.forward(&x)`.
///
/// Outside of an analysis, weights that are variables get their gradient, by this crate's rules, for transposed
/// convolutions too, of which candle has none. The layer stays in evaluation mode all the same: a `BatchNorm` goes by
/// its running statistics, which it neither takes from the batch nor moves, and a `Dropout` does nothing. That is how
/// a network is tuned with its norms frozen; for statistics of the batch and for dropout call candle's own
/// `forward_t(&x, true)`, which has candle's gradient.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use candle_nn::Linear;
/// use xai::candle::ops;
///
/// let weight = Var::new(&[[1f32, -2.0]], &Device::Cpu)?;
/// let linear = Linear::new(weight.as_tensor().clone(), None);
/// let x = Tensor::new(&[[3f32, 4.0]], &Device::Cpu)?;
/// let gradients = ops::layer(&linear, &x)?.backward()?;
/// assert_eq!(gradients.get(&weight).unwrap().to_vec2::<f32>()?, [[3.0, 4.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// When the input does not fit the layer, and candle's own.
pub fn layer(layer: &impl OwnGradient, x: &Tensor) -> Result<Tensor> {
    layer.through(x.clone()).map_err(Error::wrap)
}
