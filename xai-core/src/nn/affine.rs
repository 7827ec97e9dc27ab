//! Linear layers and per-channel scaling.

use crate::{Backend, Tensor};

/// y = x · Wᵀ + b over the last axis: input (..., I), weight (O, I), bias (O), output (..., O).
#[derive(Debug, Clone)]
pub struct Linear<B: Backend> {
    /// The weight.
    pub weight: Tensor<B>,
    /// The bias.
    pub bias: Option<Tensor<B>>,
}

/// y = scale · x + shift for each channel (axis 1): what batch norm is in evaluation mode, with
/// scale = γ / √(σ² + ε) and shift = β - μ · scale, both of shape (C).
#[derive(Debug, Clone)]
pub struct ChannelAffine<B: Backend> {
    /// The scale of each channel, (C).
    pub scale: Tensor<B>,
    /// The shift of each channel, (C).
    pub shift: Tensor<B>,
}
