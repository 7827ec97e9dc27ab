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
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    let norm = LayerNorm { axes: weight.rank(), weight: Some(constant(weight)), bias: bias.map(constant), eps };
    apply(norm, x)
}

/// RMS norm over the last axis: x / √(mean(x²) + ε) · weight.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    apply(RmsNorm { weight: Some(constant(weight)), eps }, x)
}

/// Group norm: the channels (axis 1) in groups, each normalised over its channels and all later axes.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
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
