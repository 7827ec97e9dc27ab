//! Pooling of volumes: over each slice, and then over the slices.

use super::lengths::at_least_one;
use super::{PaddingNd, Triple, slices};
use crate::op::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d, Padding};
use crate::{Backend, Layer, Result, Var};

/// Max pooling of volumes, PyTorch's `MaxPool3d`: (B, C, D, H, W) to (B, C, D', H', W') with
/// D' = ⌊(D + before + after - kernel) / stride⌋ + 1, and H' and W' alike.
///
/// Padding counts as -∞. Ties: the first in row-major order gets the whole gradient. Errors:
/// [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 5 axes or is smaller than the window;
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a window or stride of 0, and for a padding as large
/// as the window.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::MaxPool3d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(MaxPool3d::new(2));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 1, 4, 4, 4]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 2, 2, 2]);
///
/// let net = Net::<NdArray<f64>, _>::new(MaxPool3d::new(3).stride([1, 2, 2]).padding(1));
/// assert_eq!(net.graph(&[vec![1, 8, 4, 4, 4]])?.output_shape(), Some(&[1, 8, 4, 2, 2][..]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool3d {
    plane: MaxPool2d,
    /// Over the slices, as rows of an image.
    depth: MaxPool2d,
}

/// Average pooling of volumes, PyTorch's `AvgPool3d`: (B, C, D, H, W) to (B, C, D', H', W') with
/// D' = ⌊(D + before + after - kernel) / stride⌋ + 1, and H' and W' alike.
///
/// Padding counts as zeros. Errors: as [`MaxPool3d`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::AvgPool3d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AvgPool3d::new(2));
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 1, 4, 4, 4]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 2, 2, 2]);
///
/// // One voxel with a zero in front of it on each axis, 8 in all: they count in the mean or not.
/// let voxel = ArrayD::from_elem(vec![1, 1, 1, 1, 1], 8.0);
/// let pool = AvgPool3d::new(2).stride(1).padding([(1, 0); 3]);
/// for (counts, mean) in [(true, 1.0), (false, 8.0)] {
///     let net = Net::<NdArray<f64>, _>::new(pool.count_include_pad(counts));
///     assert_eq!(net.predict(voxel.view())?, ArrayD::from_elem(vec![1, 1, 1, 1, 1], mean));
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool3d {
    plane: AvgPool2d,
    /// Over the slices, as rows of an image.
    depth: AvgPool2d,
}

/// Average pooling of volumes to a given size, PyTorch's `AdaptiveAvgPool3d`: (B, C, D, H, W) to (B, C, d, h, w), where
/// window i of an axis spans ⌊i·D/d⌋ .. ⌈(i+1)·D/d⌉.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 5 axes,
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a size of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::AdaptiveAvgPool3d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveAvgPool3d::global());
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 1, 4, 4, 4]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 1, 1, 1]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveAvgPool3d {
    size: [usize; 3],
}

/// Max pooling of volumes to a given size, PyTorch's `AdaptiveMaxPool3d`, with the windows and the errors of
/// [`AdaptiveAvgPool3d`]; ties as in [`MaxPool3d`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::ArrayD;
/// use xai::nn::AdaptiveMaxPool3d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveMaxPool3d::global());
/// let y = net.predict(ArrayD::<f64>::zeros(vec![1, 1, 4, 4, 4]).view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 1, 1, 1, 1]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveMaxPool3d {
    size: [usize; 3],
}

impl AvgPool3d {
    /// Sets whether the padding counts in the mean, as it does by default.
    ///
    /// The mean of a window is the mean of its slices' means, as each slice has the same share of padding.
    #[must_use]
    pub fn count_include_pad(mut self, counts: bool) -> Self {
        (self.plane.count_include_pad, self.depth.count_include_pad) = (counts, counts);
        self
    }
}

macro_rules! windowed {
    ($($pool:ident($plane:ident) $doc:literal;)*) => {$(
        impl $pool {
            #[doc = $doc]
            pub fn new(kernel: impl Triple) -> Self {
                let [depth, rows, columns] = kernel.triple();
                $pool { plane: $plane::new([rows, columns]), depth: $plane::new([depth, 1]) }
            }

            /// Sets the stride: a number, or `[slices, rows, columns]`.
            #[must_use]
            pub fn stride(mut self, stride: impl Triple) -> Self {
                let [depth, rows, columns] = stride.triple();
                (self.depth.stride, self.plane.stride) = ([depth, 1], [rows, columns]);
                self
            }

            /// Sets the padding: a number, `[slices, rows, columns]`, or `(before, after)` of each of them; each less
            /// than the window.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<PaddingNd<3>>) -> Self {
                let [(front, back), (top, bottom), (left, right)] = padding.into().0;
                self.depth.padding = Padding { top: front, bottom: back, ..Padding::default() };
                self.plane.padding = Padding { top, bottom, left, right };
                self
            }
        }

        impl<B: Backend> Layer<B> for $pool {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                let whole = |depth: [usize; 2], [rows, columns]: [usize; 2]| [depth[0], rows, columns];
                at_least_one("kernel", &whole(self.depth.kernel, self.plane.kernel))?;
                at_least_one("stride", &whole(self.depth.stride, self.plane.stride))?;
                slices::through(stringify!($pool), &x, self.plane.into(), |_| self.depth.into())
            }
        }
    )*};
}

windowed! {
    MaxPool3d(MaxPool2d)
        "Max pooling, with the window as stride and no padding: a number, or `[slices, rows, columns]`.";
    AvgPool3d(AvgPool2d)
        "Average pooling, with the window as stride and no padding: a number, or `[slices, rows, columns]`.";
}

macro_rules! to_size {
    ($($pool:ident($plane:ident) $new:literal $global:literal;)*) => {$(
        impl $pool {
            #[doc = $new]
            pub fn new(size: impl Triple) -> Self {
                $pool { size: size.triple() }
            }

            #[doc = $global]
            pub fn global() -> Self {
                $pool { size: [1, 1, 1] }
            }
        }

        impl<B: Backend> Layer<B> for $pool {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                at_least_one("size", &self.size)?;
                let [depth, rows, columns] = self.size;
                let plane = $plane::new([rows, columns]);
                slices::through(stringify!($pool), &x, plane.into(), |pixels| $plane::new([depth, pixels]).into())
            }
        }
    )*};
}

to_size! {
    AdaptiveAvgPool3d(AdaptiveAvgPool2d)
        "Average pooling to a size: a number, or `[slices, rows, columns]`."
        "The mean of each channel, (B, C, 1, 1, 1).";
    AdaptiveMaxPool3d(AdaptiveMaxPool2d)
        "Max pooling to a size: a number, or `[slices, rows, columns]`."
        "The maximum of each channel, (B, C, 1, 1, 1).";
}
