//! Convolution.

use super::Padding;
use crate::{Backend, Tensor};

/// Two-dimensional convolution (cross-correlation, as in every framework).
///
/// Input (B, C, H, W), weight (K, C / groups, kh, kw), bias (K), output (B, K, H', W') with
/// H' = ⌊(H + top + bottom - dilation·(kh - 1) - 1) / stride⌋ + 1. `groups` = C with K = C is a depthwise convolution.
#[derive(Debug, Clone)]
pub struct Conv2d<B: Backend> {
    /// The weight.
    pub weight: Tensor<B>,
    /// The bias.
    pub bias: Option<Tensor<B>>,
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// Zeros around the image.
    pub padding: Padding,
    /// The dilation, (rows, columns).
    pub dilation: [usize; 2],
    /// The number of groups.
    pub groups: usize,
}
