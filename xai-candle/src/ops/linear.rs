//! The fully connected layer.

use std::iter;

use candle_core::{Result, Tensor};
use xai_core::nn;

use super::apply;
use super::trained::of_constants;
use crate::weights::constant;

/// y = x · Wᵀ + b over the last axis; weight (outputs, inputs), bias (outputs). Both are constants.
///
/// # Errors
/// When the shapes do not fit, and candle's own.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let y = apply(nn::Linear { weight: constant(weight), bias: bias.map(constant) }, x)?;
    of_constants("linear", y, iter::once(weight).chain(bias))
}
