//! Pooling.

use super::Padding;

/// Max pooling; padding counts as -∞. Ties: the first in row-major order gets the whole gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    /// The window, (rows, columns).
    pub kernel: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// Zeros around the image.
    pub padding: Padding,
}

/// Average pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool2d {
    /// The window, (rows, columns).
    pub kernel: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// Zeros around the image.
    pub padding: Padding,
    /// Whether the padding counts in the mean.
    pub count_include_pad: bool,
}

/// Average pooling to a given size (h, w): window i spans ⌊i·H/h⌋ .. ⌈(i+1)·H/h⌉. Size (1, 1) is global pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveAvgPool2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
}

/// Max pooling to a given size, with the windows of [`AdaptiveAvgPool2d`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveMaxPool2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
}
