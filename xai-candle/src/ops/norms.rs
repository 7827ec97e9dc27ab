//! Norms.

use candle_core::{Result, Tensor};
use xai_core::nn::{ChannelAffine, GroupNorm, LayerNorm, RmsNorm};

use super::apply;
use crate::layers::scale_and_shift;
use crate::weights::constant;

/// Batch norm in evaluation mode, (x - mean) / √(variance + ε) · weight + bias for each channel (axis 1).
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// // (5 - 1) / √(3 + 1)
/// let [x, mean, variance] = [5f32, 1.0, 3.0].map(|number| Tensor::new(&[number], &Device::Cpu));
/// let y = ops::batch_norm(&x?.reshape((1, 1))?, &mean?, &variance?, None, 1.0)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[2.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn batch_norm(
    x: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    weight_and_bias: Option<(&Tensor, &Tensor)>,
    eps: f64,
) -> Result<Tensor> {
    let (scale, shift) = scale_and_shift(mean, variance, weight_and_bias, eps)?;
    apply(ChannelAffine { scale: constant(&scale), shift: constant(&shift) }, x)
}

/// Layer norm over as many of the last axes as the weight has: (x - mean) / √(var + ε) · weight + bias.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// // The mean is 2, the variance 1.
/// let x = Tensor::new(&[[1f32, 3.0]], &Device::Cpu)?;
/// let weight = Tensor::new(&[1f32, 10.0], &Device::Cpu)?;
/// assert_eq!(ops::layer_norm(&x, &weight, None, 0.0)?.to_vec2::<f32>()?, [[-1.0, 10.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    let norm = LayerNorm { axes: weight.rank(), weight: Some(constant(weight)), bias: bias.map(constant), eps };
    apply(norm, x)
}

/// RMS norm over the last axis: x / √(mean(x²) + ε) · weight.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// // √((2² + 2²) / 2) = 2
/// let x = Tensor::new(&[[2f32, -2.0]], &Device::Cpu)?;
/// let weight = Tensor::new(&[1f32, 3.0], &Device::Cpu)?;
/// assert_eq!(ops::rms_norm(&x, &weight, 0.0)?.to_vec2::<f32>()?, [[1.0, -3.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    apply(RmsNorm { weight: Some(constant(weight)), eps }, x)
}

/// Group norm: the channels (axis 1) in groups, each normalised over its channels and all later axes.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// // Two groups of two channels, with the means 2 and 12 and the standard deviations 1 and 2.
/// let x = Tensor::new(&[[1f32, 3.0, 10.0, 14.0]], &Device::Cpu)?;
/// assert_eq!(ops::group_norm(&x, 2, None, None, 0.0)?.to_vec2::<f32>()?, [[-1.0, 1.0, -1.0, 1.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn group_norm(
    x: &Tensor,
    groups: usize,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    eps: f64,
) -> Result<Tensor> {
    let norm = GroupNorm { groups, weight: weight.map(constant), bias: bias.map(constant), eps };
    apply(norm, x)
}
