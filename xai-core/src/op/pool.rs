//! Pooling.

use super::Pair;
use super::operation::plain_operation;
use super::window::{Window, positive};
use super::{Padding, shape};
use crate::{Error, Result};

/// Max pooling; padding counts as -∞. Ties: the first in row-major order gets the whole gradient.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::MaxPool2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(MaxPool2d::new(2));
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y, array![[[[4.0]]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    /// The window, (rows, columns).
    pub kernel: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// What surrounds the image; on each side less than the window.
    pub padding: Padding,
}

impl MaxPool2d {
    /// Max pooling, with the window as stride and no padding: a number, or `[rows, columns]`.
    pub fn new(kernel: impl Pair) -> Self {
        let kernel = kernel.pair();
        MaxPool2d { kernel, stride: kernel, padding: Padding::default() }
    }

    /// Sets the stride: a number, or `[rows, columns]`.
    #[must_use]
    pub fn stride(mut self, stride: impl Pair) -> Self {
        self.stride = stride.pair();
        self
    }

    /// Sets the padding: a number, `[rows, columns]`, or a [`Padding`] of four sides.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// The output's shape for an input (B, C, H, W), with everything checked. Rows and columns that no window
    /// reaches any more are left out.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when the input is no image or smaller than the window; [`Error::InvalidParameter`] for a
    /// window or stride of 0, and for a padding as large as the window.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        pooled("MaxPool2d", input, self.kernel, self.stride, self.padding)
    }
}

impl MaxPool2d {
    /// For an input of rows that follow paths, `nodes` rows for each: the output's shape with a row for each segment
    /// between neighbours, with everything checked. See
    /// [`Backend::max_pool_segments`](crate::Backend::max_pool_segments).
    ///
    /// # Errors
    /// As [`output_shape`](MaxPool2d::output_shape); [`Error::InvalidParameter`] for fewer than two nodes, or rows that
    /// are not so many for each path.
    pub fn segments_shape(&self, input: &[usize], nodes: usize) -> Result<Vec<usize>> {
        let mut output = self.output_shape(input)?;
        match output.first_mut() {
            Some(rows) if nodes > 1 && rows.is_multiple_of(nodes) => *rows -= *rows / nodes,
            _ => {
                return Err(Error::InvalidParameter {
                    name: "nodes",
                    value: nodes.to_string(),
                    reason: format!("it must be at least 2, and divide the rows of the input {input:?}"),
                });
            }
        }
        Ok(output)
    }
}

/// Average pooling.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::AvgPool2d;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AvgPool2d::new(2));
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y, array![[[[2.5]]]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvgPool2d {
    /// The window, (rows, columns).
    pub kernel: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// Zeros around the image; on each side fewer than the window.
    pub padding: Padding,
    /// Whether the padding counts in the mean.
    pub count_include_pad: bool,
}

impl AvgPool2d {
    /// Average pooling, with the window as stride and no padding: a number, or `[rows, columns]`.
    pub fn new(kernel: impl Pair) -> Self {
        let kernel = kernel.pair();
        AvgPool2d { kernel, stride: kernel, padding: Padding::default(), count_include_pad: true }
    }

    /// Sets the stride: a number, or `[rows, columns]`.
    #[must_use]
    pub fn stride(mut self, stride: impl Pair) -> Self {
        self.stride = stride.pair();
        self
    }

    /// Sets the padding: a number, `[rows, columns]`, or a [`Padding`] of four sides.
    #[must_use]
    pub fn padding(mut self, padding: impl Into<Padding>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Sets whether the padding counts in the mean, as it does by default.
    #[must_use]
    pub fn count_include_pad(mut self, counts: bool) -> Self {
        self.count_include_pad = counts;
        self
    }

    /// The output's shape for an input (B, C, H, W), with everything checked. Rows and columns that no window
    /// reaches any more are left out.
    ///
    /// # Errors
    /// As [`MaxPool2d::output_shape`].
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        pooled("AvgPool2d", input, self.kernel, self.stride, self.padding)
    }
}

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
    /// [`Error::InvalidShape`] when the input is no image, [`Error::InvalidParameter`] for a size of 0.
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

fn pooled(op: &str, input: &[usize], kernel: [usize; 2], stride: [usize; 2], padding: Padding) -> Result<Vec<usize>> {
    let image = shape::image(op, input)?;
    let window = Window { kernel, stride, dilation: [1, 1], padding };
    window.check()?;
    // A window that lies in the padding altogether has neither a maximum nor a mean.
    if padding.sides().iter().zip(kernel).any(|(&(before, after), kernel)| before.max(after) >= kernel) {
        return Err(Error::InvalidParameter {
            name: "padding",
            value: format!("{padding:?}"),
            reason: format!("it must be smaller than the window {kernel:?} on each side"),
        });
    }
    let [rows, columns] = window.places(op, image)?;
    shape::countable(op, input, vec![image[0], image[1], rows, columns])
}

/// The shape of an image of another size, checked.
pub(super) fn resized(op: &str, input: &[usize], size: [usize; 2]) -> Result<Vec<usize>> {
    let [batch, channels, ..] = shape::image(op, input)?;
    positive("size", size)?;
    shape::countable(op, input, vec![batch, channels, size[0], size[1]])
}

plain_operation!(MaxPool2d, affine: false);

plain_operation!(AvgPool2d, affine: true);

plain_operation!(AdaptiveAvgPool2d, affine: true);

plain_operation!(AdaptiveMaxPool2d, affine: false);
