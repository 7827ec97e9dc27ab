//! Padding and up-sampling of images.

use super::Pair;
use super::operation::plain_operation;
use super::pool::resized;
use super::{Padding, shape};
use crate::{Error, Result};

/// An image with a border of one value around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pad2d {
    /// The border's widths.
    pub padding: Padding,
    /// The value of the border.
    pub value: f64,
}

impl Pad2d {
    /// A border of zeros: a number, `[rows, columns]`, or a [`Padding`] of four sides.
    pub fn new(padding: impl Into<Padding>) -> Self {
        Pad2d { padding: padding.into(), value: 0.0 }
    }

    /// Sets the value of the border.
    #[must_use]
    pub fn value(mut self, value: f64) -> Self {
        self.value = value;
        self
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image, [`Error::InvalidParameter`] for a padding that cannot be
    /// counted.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let op = "Pad2d";
        let [batch, channels, rows, columns] = shape::image(op, input)?;
        let padded = |length: usize, (before, after): (usize, usize)| {
            length.checked_add(before).and_then(|n| n.checked_add(after)).ok_or_else(|| Error::InvalidParameter {
                name: "padding",
                value: format!("{:?}", self.padding),
                reason: "the padded image has too many rows or columns".into(),
            })
        };
        let [vertical, horizontal] = self.padding.sides();
        shape::countable(op, input, vec![batch, channels, padded(rows, vertical)?, padded(columns, horizontal)?])
    }
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

impl Upsample2d {
    /// The nearest pixels: a size, or `[rows, columns]`.
    pub fn nearest(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Nearest }
    }

    /// Bilinear interpolation between pixel centres: a size, or `[rows, columns]`.
    pub fn bilinear(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bilinear { align_corners: false } }
    }

    /// Bilinear interpolation with coinciding corner pixels: a size, or `[rows, columns]`.
    pub fn bilinear_aligned(size: impl Pair) -> Self {
        Upsample2d { size: size.pair(), mode: UpsampleMode::Bilinear { align_corners: true } }
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image, [`Error::InvalidParameter`] for a size of 0.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        resized("Upsample2d", input, self.size)
    }
}

plain_operation!(Pad2d, affine: true);

plain_operation!(Upsample2d, affine: true);
