//! Pooling.

use super::Pair;
use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::window::Window;
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
///
/// // A ResNet's.
/// let pool = MaxPool2d::new(3).stride(2).padding(1);
/// assert_eq!(pool.output_shape(&[1, 64, 112, 112])?, [1, 64, 56, 56]);
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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::MaxPool2d;
    ///
    /// // Two paths of three nodes have two segments each.
    /// assert_eq!(MaxPool2d::new(2).segments_shape(&[6, 8, 4, 4], 3)?, [4, 8, 2, 2]);
    /// # Ok::<(), xai::Error>(())
    /// ```
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
/// use xai::nn::{AvgPool2d, Padding};
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(AvgPool2d::new(2));
/// let y = net.predict(array![[[[1.0, 2.0], [3.0, 4.0]]]].view().into_dyn())?;
/// assert_eq!(y, array![[[[2.5]]]].into_dyn());
///
/// // With a zero above, and one on the left: 8 / 4, or the mean of what is not padding.
/// let pool = AvgPool2d::new(2).stride(1).padding(Padding { top: 1, left: 1, ..Padding::default() });
/// assert_eq!(pool.output_shape(&[1, 1, 1, 1])?, [1, 1, 1, 1]);
/// for (counts, mean) in [(true, 2.0), (false, 8.0)] {
///     let net = Net::<NdArray<f64>, _>::new(pool.count_include_pad(counts));
///     assert_eq!(net.predict(array![[[[8.0]]]].view().into_dyn())?, array![[[[mean]]]].into_dyn());
/// }
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

/// Windows, strides, paddings, and sizes of images.
type Geometry = ([usize; 2], [usize; 2], Padding, [usize; 2]);

const GEOMETRIES: [Geometry; 5] = [
    ([2, 2], [2, 2], Padding { top: 0, bottom: 0, left: 0, right: 0 }, [6, 8]),
    ([2, 2], [2, 2], Padding { top: 0, bottom: 0, left: 0, right: 0 }, [7, 5]),
    ([3, 3], [2, 2], Padding { top: 1, bottom: 1, left: 1, right: 1 }, [9, 8]),
    ([3, 2], [1, 2], Padding { top: 1, bottom: 0, left: 1, right: 1 }, [6, 7]),
    ([2, 3], [3, 1], Padding { top: 0, bottom: 0, left: 0, right: 0 }, [8, 5]),
];

plain_operation!(MaxPool2d {
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let of = |(kernel, stride, padding, [h, w]): Geometry| {
            let pool = MaxPool2d::new(kernel).stride(stride).padding(padding);
            Example::new(format!("max pooling {kernel:?}/{stride:?} of {:?}", [h, w]), pool, &[2, 3, h, w])
        };
        Ok(GEOMETRIES.map(of).into())
    }
});

plain_operation!(AvgPool2d {
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
        let of = |(kernel, stride, padding, [h, w]): Geometry| {
            let pool = AvgPool2d::new(kernel).stride(stride).padding(padding);
            let name = format!("average pooling {kernel:?}/{stride:?} of {:?}", [h, w]);
            [true, false].map(|counts| Example::new(name.clone(), pool.count_include_pad(counts), &[2, 3, h, w]))
        };
        Ok(GEOMETRIES.into_iter().flat_map(of).collect())
    }
});
