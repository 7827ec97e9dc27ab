//! The fully connected layer.

use candle_core::{Result, Tensor};
use xai_core::nn;

use super::apply;
use crate::weights::constant;

/// y = x · Wᵀ + b over the last axis; weight (outputs, inputs), bias (outputs).
///
/// # Errors
/// When the shapes do not fit, and candle's own.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    apply(nn::Linear { weight: constant(weight), bias: bias.map(constant) }, x)
}
