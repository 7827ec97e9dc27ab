//! Pooling to a given size.

use super::Pair;
use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::window::resized;
use crate::Result;

/// Average pooling to a given size (h, w): window i spans ⌊i·H/h⌋ .. ⌈(i+1)·H/h⌉. Size (1, 1) is global pooling.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AdaptiveAvgPool2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveAvgPool2d::global());
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y, array![[[[2.5]]]].into_dyn());
/// assert_eq!(AdaptiveAvgPool2d::new([1, 2]).output_shape(&[1, 8, 7, 7])?, [1, 8, 1, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveAvgPool2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
}

impl AdaptiveAvgPool2d {
    /// Average pooling to a size: a number, or `[rows, columns]`.
    pub fn new(size: impl Pair) -> Self {
        AdaptiveAvgPool2d { size: size.pair() }
    }

    /// Global average pooling: the mean of each channel, (B, C, 1, 1). A [`Flatten`](super::Flatten) makes it (B, C).
    pub fn global() -> Self {
        AdaptiveAvgPool2d { size: [1, 1] }
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) when the input is no image,
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a size of 0.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        resized("AdaptiveAvgPool2d", input, self.size)
    }
}

/// Max pooling to a given size, with the windows of [`AdaptiveAvgPool2d`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AdaptiveMaxPool2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveMaxPool2d::global());
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y, array![[[[4.0]]]].into_dyn());
/// assert_eq!(AdaptiveMaxPool2d::new(3).output_shape(&[1, 8, 7, 7])?, [1, 8, 3, 3]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveMaxPool2d {
    /// The output's size, (rows, columns).
    pub size: [usize; 2],
}

impl AdaptiveMaxPool2d {
    /// Max pooling to a size: a number, or `[rows, columns]`.
    pub fn new(size: impl Pair) -> Self {
        AdaptiveMaxPool2d { size: size.pair() }
    }

    /// Global max pooling: the maximum of each channel, (B, C, 1, 1).
    pub fn global() -> Self {
        AdaptiveMaxPool2d { size: [1, 1] }
    }

    /// The output's shape for an input (B, C, H, W), with everything checked.
    ///
    /// # Errors
    /// As [`AdaptiveAvgPool2d::output_shape`].
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        resized("AdaptiveMaxPool2d", input, self.size)
    }
}

/// Sizes of outputs, and of images.
const SIZES: [([usize; 2], [usize; 2]); 4] = [([1, 1], [5, 7]), ([2, 3], [5, 7]), ([4, 4], [4, 4]), ([3, 5], [7, 4])];

plain_operation!(AdaptiveAvgPool2d {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let of = |(size, [h, w]): ([usize; 2], [usize; 2])| {
            let name = format!("adaptive average pooling {:?} to {size:?}", [h, w]);
            Example::new(name, AdaptiveAvgPool2d::new(size), &[2, 2, h, w])
        };
        Ok(SIZES.map(of).into())
    }
});

plain_operation!(AdaptiveMaxPool2d {
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let of = |(size, [h, w]): ([usize; 2], [usize; 2])| {
            let name = format!("adaptive max pooling {:?} to {size:?}", [h, w]);
            Example::new(name, AdaptiveMaxPool2d::new(size), &[2, 2, h, w])
        };
        Ok(SIZES.map(of).into())
    }
});
