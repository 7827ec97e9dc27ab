//! Norms whose statistics depend on the input.

use crate::{Backend, Tensor};

/// Layer norm over the last `axes` axes: (x - mean) / √(var + ε) · weight + bias, variance with 1/n.
#[derive(Debug, Clone)]
pub struct LayerNorm<B: Backend> {
    /// How many of the last axes are normalised.
    pub axes: usize,
    /// The weight.
    pub weight: Option<Tensor<B>>,
    /// The bias.
    pub bias: Option<Tensor<B>>,
    /// ε, added to the variance.
    pub eps: f64,
}

/// RMS norm over the last axis: x / √(mean(x²) + ε) · weight.
#[derive(Debug, Clone)]
pub struct RmsNorm<B: Backend> {
    /// The weight.
    pub weight: Option<Tensor<B>>,
    /// ε, added to the variance.
    pub eps: f64,
}

/// Group norm: the channels (axis 1) in `groups` groups, each normalised over its channels and all later axes.
#[derive(Debug, Clone)]
pub struct GroupNorm<B: Backend> {
    /// The number of groups.
    pub groups: usize,
    /// The weight.
    pub weight: Option<Tensor<B>>,
    /// The bias.
    pub bias: Option<Tensor<B>>,
    /// ε, added to the variance.
    pub eps: f64,
}
