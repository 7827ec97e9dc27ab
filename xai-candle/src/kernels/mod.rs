//! Convolution and pooling on host slices, with their gradients to the input.

pub(crate) mod conv2d;
pub(crate) mod pool;

use xai_core::Element;

/// The numbers that the kernels compute in.
pub(crate) trait Real: Element {}
impl Real for f32 {}
impl Real for f64 {}
