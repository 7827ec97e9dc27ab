//! Pooling of sequences.

use super::lengths::at_least_one;
use super::{PaddingNd, one_row};
use crate::op::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d};
use crate::{Backend, Layer, Result, Var};

/// Max pooling of sequences, PyTorch's `MaxPool1d`: (B, C, L) to (B, C, L') with
/// L' = ⌊(L + before + after - kernel) / stride⌋ + 1.
///
/// Padding counts as -∞. Ties: the first gets the whole gradient. Errors:
/// [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 3 axes or is shorter than the window;
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a window or stride of 0, and for a padding as large
/// as the window.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::MaxPool1d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(MaxPool1d::new(2));
/// let y = net.predict(array![[[1.0, 2.0, 3.0, 0.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[2.0, 3.0]]].into_dyn());
///
/// // Windows around each entry.
/// let net = Net::<NdArray<f64>, _>::new(MaxPool1d::new(3).stride(1).padding(1));
/// let y = net.predict(array![[[1.0, 2.0, 3.0, 0.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[2.0, 3.0, 3.0, 3.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool1d(MaxPool2d);

/// Average pooling of sequences, PyTorch's `AvgPool1d`: (B, C, L) to (B, C, L') with
/// L' = ⌊(L + before + after - kernel) / stride⌋ + 1.
///
/// Padding counts as zeros. Errors: as [`MaxPool1d`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AvgPool1d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AvgPool1d::new(2));
/// let y = net.predict(array![[[1.0, 2.0, 3.0, 0.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[1.5, 1.5]]].into_dyn());
///
/// // Each entry and the one before it; in front of the first there is a zero, which counts or not.
/// let pool = AvgPool1d::new(2).stride(1).padding((1, 0));
/// for (counts, first) in [(true, 0.5), (false, 1.0)] {
///     let net = Net::<NdArray<f64>, _>::new(pool.count_include_pad(counts));
///     let y = net.predict(array![[[1.0, 2.0, 3.0]]].view().into_dyn())?;
///     assert_eq!(y, array![[[first, 1.5, 2.5]]].into_dyn());
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool1d(AvgPool2d);

/// Average pooling of sequences to a given length, PyTorch's `AdaptiveAvgPool1d`: (B, C, L) to (B, C, l), where window
/// i spans ⌊i·L/l⌋ .. ⌈(i+1)·L/l⌉.
///
/// Errors: [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has not 3 axes,
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a length of 0.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AdaptiveAvgPool1d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveAvgPool1d::global());
/// let y = net.predict(array![[[1.0, 3.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[2.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveAvgPool1d(AdaptiveAvgPool2d);

/// Max pooling of sequences to a given length, PyTorch's `AdaptiveMaxPool1d`, with the windows and the errors of
/// [`AdaptiveAvgPool1d`].
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AdaptiveMaxPool1d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AdaptiveMaxPool1d::global());
/// let y = net.predict(array![[[1.0, 3.0]]].view().into_dyn())?;
/// assert_eq!(y, array![[[3.0]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdaptiveMaxPool1d(AdaptiveMaxPool2d);

impl AvgPool1d {
    /// Sets whether the padding counts in the mean, as it does by default.
    #[must_use]
    pub fn count_include_pad(mut self, counts: bool) -> Self {
        self.0.count_include_pad = counts;
        self
    }
}

macro_rules! windowed {
    ($($pool:ident($plane:ident) $doc:literal;)*) => {$(
        impl $pool {
            #[doc = $doc]
            pub fn new(kernel: usize) -> Self {
                $pool($plane::new([1, kernel]))
            }

            /// Sets the stride.
            #[must_use]
            pub fn stride(mut self, stride: usize) -> Self {
                self.0.stride = [1, stride];
                self
            }

            /// Sets the padding: a number, or `(before, after)`; each less than the window.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<PaddingNd<1>>) -> Self {
                self.0.padding = one_row::padding(padding.into());
                self
            }
        }

        impl<B: Backend> Layer<B> for $pool {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                at_least_one("kernel", &self.0.kernel[1..])?;
                at_least_one("stride", &self.0.stride[1..])?;
                one_row::through(stringify!($pool), &x, self.0)
            }
        }
    )*};
}

windowed! {
    MaxPool1d(MaxPool2d) "Max pooling, with the window as stride and no padding.";
    AvgPool1d(AvgPool2d) "Average pooling, with the window as stride and no padding.";
}

macro_rules! to_size {
    ($($pool:ident($plane:ident) $new:literal $global:literal;)*) => {$(
        impl $pool {
            #[doc = $new]
            pub fn new(length: usize) -> Self {
                $pool($plane::new([1, length]))
            }

            #[doc = $global]
            pub fn global() -> Self {
                $pool($plane::global())
            }
        }

        impl<B: Backend> Layer<B> for $pool {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                at_least_one("length", &self.0.size[1..])?;
                one_row::through(stringify!($pool), &x, self.0)
            }
        }
    )*};
}

to_size! {
    AdaptiveAvgPool1d(AdaptiveAvgPool2d) "Average pooling to a length." "The mean of each channel, (B, C, 1).";
    AdaptiveMaxPool1d(AdaptiveMaxPool2d) "Max pooling to a length." "The maximum of each channel, (B, C, 1).";
}
