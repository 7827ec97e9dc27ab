//! What surrounds an image.

use super::Pair;

/// Rows above and below, columns left and right, of an image.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::Padding;
///
/// assert_eq!(Padding::symmetric([1, 2]), Padding { top: 1, bottom: 1, left: 2, right: 2 });
/// // An axis of 224, a kernel of 3, stride 2: (112 - 1) · 2 + 3 - 224 = 1, behind the image.
/// let same = Padding::same(224, 3, 2, 1);
/// assert_eq!(same, Padding { top: 0, bottom: 1, left: 0, right: 1 });
/// assert_eq!(same.as_symmetric(), None);
/// assert!(Padding::all(0).is_zero() && !Padding::all(1).is_zero());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Padding {
    /// Rows above the image.
    pub top: usize,
    /// Rows below the image.
    pub bottom: usize,
    /// Columns left of the image.
    pub left: usize,
    /// Columns right of the image.
    pub right: usize,
}

impl Padding {
    /// The same on all four sides.
    pub fn all(border: usize) -> Self {
        Padding::symmetric([border, border])
    }

    /// The same above and below, and the same left and right.
    pub fn symmetric(rows_columns: impl Pair) -> Self {
        let [rows, columns] = rows_columns.pair();
        Padding { top: rows, bottom: rows, left: columns, right: columns }
    }

    /// TensorFlow's `SAME`: as much as makes the output ⌈input / stride⌉ long.
    ///
    /// In total max((⌈n / stride⌉ - 1)·stride + dilation·(kernel - 1) + 1 - n, 0) for each axis of length n; half of
    /// it, rounded down, before the image and the rest after. Stride 2 so pads more below and right than above and
    /// left. A stride of 0 counts as 1, a kernel of 0 as 1.
    pub fn same(input: impl Pair, kernel: impl Pair, stride: impl Pair, dilation: impl Pair) -> Self {
        let (input, kernel, stride, dilation) = (input.pair(), kernel.pair(), stride.pair(), dilation.pair());
        let [(top, bottom), (left, right)] = [0, 1].map(|axis| {
            let stride = stride[axis].max(1);
            let span = dilation[axis].saturating_mul(kernel[axis].saturating_sub(1)).saturating_add(1);
            let reach = (input[axis].div_ceil(stride).saturating_sub(1)).saturating_mul(stride).saturating_add(span);
            let total = reach.saturating_sub(input[axis]);
            (total / 2, total - total / 2)
        });
        Padding { top, bottom, left, right }
    }

    /// (rows, columns) where both sides of each axis are padded alike: what most frameworks take; `None` otherwise.
    pub fn as_symmetric(&self) -> Option<[usize; 2]> {
        (self.top == self.bottom && self.left == self.right).then_some([self.top, self.left])
    }

    /// True when there is none.
    pub fn is_zero(&self) -> bool {
        *self == Padding::default()
    }

    /// (before, after) along the rows' axis, then along the columns' axis.
    pub(super) fn sides(&self) -> [(usize, usize); 2] {
        [(self.top, self.bottom), (self.left, self.right)]
    }
}

/// The same on all four sides.
impl From<usize> for Padding {
    fn from(border: usize) -> Self {
        Padding::all(border)
    }
}

/// (rows, columns), the same on both sides of each axis.
impl From<[usize; 2]> for Padding {
    fn from(rows_columns: [usize; 2]) -> Self {
        Padding::symmetric(rows_columns)
    }
}

/// The padding of a convolution: given, or found from the input's size.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::Array4;
/// use xai::nn::{Conv2d, ConvPadding};
/// use xai::{NdArray, Tensor};
///
/// let weight = Tensor::<NdArray>::upload(Array4::ones((1, 1, 3, 3)).view().into_dyn(), &())?;
/// let conv = Conv2d::new(weight, None)?;
/// assert_eq!(conv.clone().padding([0, 1]).output_shape(&[1, 1, 9, 9])?, [1, 1, 7, 9]);
/// assert_eq!(conv.stride(2).padding(ConvPadding::Same).output_shape(&[1, 1, 9, 9])?, [1, 1, 5, 5]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvPadding {
    /// Zeros around the image.
    Explicit(Padding),
    /// As much as makes the output ⌈input / stride⌉ long: [`Padding::same`], resolved by
    /// [`Conv2d::geometry`](super::Conv2d::geometry).
    Same,
}

impl Default for ConvPadding {
    fn default() -> Self {
        ConvPadding::Explicit(Padding::default())
    }
}

impl<P: Into<Padding>> From<P> for ConvPadding {
    fn from(padding: P) -> Self {
        ConvPadding::Explicit(padding.into())
    }
}
