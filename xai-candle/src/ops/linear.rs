//! The fully connected layer.

use candle_core::{Result, Tensor};
use xai_core::nn;

use super::apply;
use crate::weights::constant;

/// y = x · Wᵀ + b over the last axis; weight (outputs, inputs), bias (outputs).
///
/// # Errors
/// When the shapes do not fit, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[3f32, 1.0]], &Device::Cpu)?;
/// let (weight, bias) = (Tensor::new(&[[1f32, -2.0]], &Device::Cpu)?, Tensor::new(&[0.5f32], &Device::Cpu)?);
/// assert_eq!(ops::linear(&x, &weight, Some(&bias))?.to_vec2::<f32>()?, [[1.5]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    apply(nn::Linear { weight: constant(weight), bias: bias.map(constant) }, x)
}
