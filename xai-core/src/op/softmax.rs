//! Softmax and its logarithm.

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::shape;
use crate::Result;

/// Softmax along an axis; a negative axis counts from the end.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Softmax;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Softmax::new(-1));
/// let y = net.predict(array![[0.0, 0.0]].view().into_dyn())?;
/// assert_eq!(y, array![[0.5, 0.5]].into_dyn());
/// assert_eq!(Softmax::new(-1).axis_of(3)?, 2);
/// assert_eq!(Softmax::new(-1).output_shape(&[2, 3, 4])?, [2, 3, 4]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// The axis; negative counts from the end.
    pub axis: isize,
}

impl Softmax {
    /// Softmax along an axis.
    pub fn new(axis: isize) -> Self {
        Softmax { axis }
    }

    /// The axis, counted from the front, of an input of so many axes.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the input has no such axis.
    pub fn axis_of(&self, rank: usize) -> Result<usize> {
        shape::axis(self.axis, rank)
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// As [`axis_of`](Softmax::axis_of).
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.axis_of(input.len())?;
        shape::countable("Softmax", input, input.to_vec())
    }
}

/// Logarithm of the softmax along an axis; a negative axis counts from the end.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::LogSoftmax;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(LogSoftmax::new(-1));
/// let y = net.predict(array![[0.0, 0.0]].view().into_dyn())?;
/// assert!((y[[0, 1]] + 2f64.ln()).abs() < 1e-12);
///
/// // Over the classes of each pixel.
/// let classes = LogSoftmax::new(-3);
/// assert_eq!((classes.axis_of(4)?, classes.output_shape(&[1, 21, 8, 8])?), (1, vec![1, 21, 8, 8]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis; negative counts from the end.
    pub axis: isize,
}

impl LogSoftmax {
    /// Logarithm of the softmax along an axis.
    pub fn new(axis: isize) -> Self {
        LogSoftmax { axis }
    }

    /// The axis, counted from the front, of an input of so many axes.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the input has no such axis.
    pub fn axis_of(&self, rank: usize) -> Result<usize> {
        shape::axis(self.axis, rank)
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// As [`axis_of`](LogSoftmax::axis_of).
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.axis_of(input.len())?;
        shape::countable("LogSoftmax", input, input.to_vec())
    }
}

plain_operation!(Softmax {
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        shape::is_batch_axis(self.axis, rank)
    }
    fn is_not_negative(&self, _: bool) -> bool {
        true
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let along = |axis| Example::new(format!("softmax, axis {axis}"), Softmax::new(axis), &[2, 3, 4]);
        Ok([1, -1].map(along).into())
    }
});

plain_operation!(LogSoftmax {
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        shape::is_batch_axis(self.axis, rank)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let along = |axis| Example::new(format!("log softmax, axis {axis}"), LogSoftmax::new(axis), &[2, 3, 4]);
        Ok([1, -1].map(along).into())
    }
});
