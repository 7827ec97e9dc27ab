//! Padding and up-sampling of images.

/// Rows above and below, columns left and right, of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Padding {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

/// An image with a border of one value around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pad2d {
    /// Zeros around the image.
    pub padding: Padding,
    /// The value of the border.
    pub value: f64,
}

/// How [`Upsample2d`] fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpsampleMode {
    /// The nearest pixel: ⌊i · H / H'⌋, as PyTorch's `nearest`.
    Nearest,
    /// Bilinear between pixel centres; `align_corners` lets the corner pixels coincide.
    Bilinear {
        /// Whether the corner pixels' centres coincide.
        align_corners: bool,
    },
}

/// An image resized to (H', W').
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upsample2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
    /// How to fill in.
    pub mode: UpsampleMode,
}
