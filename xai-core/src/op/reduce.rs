//! Sums, means and extremes over axes.

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use crate::{Error, Result};

/// What [`Reduce`] makes of the numbers along its axes.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Reduce, Reduction};
/// use xai::{Backend, NdArray, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 3.0, 2.0]].view().into_dyn(), &())?;
/// for (of, y) in [(Reduction::Sum, 6.0), (Reduction::Mean, 2.0), (Reduction::Max, 3.0), (Reduction::Min, 1.0)] {
///     let reduced = NdArray::forward(&Reduce { of, axes: vec![1] }.into(), &[&x])?;
///     assert_eq!(reduced.download()?, array![[y]].into_dyn());
/// }
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The greatest; the first of equal ones gets the whole gradient.
    Max,
    /// The smallest; the first of equal ones gets the whole gradient.
    Min,
}

/// Sum, mean, maximum or minimum over axes, which keep the length 1.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Reduce, Reduction};
/// use xai::{Backend, NdArray, Tensor};
///
/// let of_all_pixels = Reduce { of: Reduction::Max, axes: vec![2, 3] };
/// assert_eq!(of_all_pixels.output_shape(&[8, 3, 7, 7])?, [8, 3, 1, 1]);
///
/// // On the way back, the first of equal ones gets all.
/// let tensor = |a: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
/// let highest = Reduce { of: Reduction::Max, axes: vec![1] };
/// let (_, pullback) = NdArray::vjp(&highest.into(), &[&tensor(array![[1.0, 3.0, 3.0]])?], &[true])?;
/// assert_eq!(pullback.pull(&tensor(array![[5.0]])?)?.download()?, array![[0.0, 5.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduce {
    /// What is made of the numbers.
    pub of: Reduction,
    /// Over which axes.
    pub axes: Vec<usize>,
}

impl Reduce {
    /// The output's shape for an input's: the axes have the length 1.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] when there is no such axis, or it is empty.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let mut output = input.to_vec();
        for (i, &axis) in self.axes.iter().enumerate() {
            if self.axes[..i].contains(&axis) {
                let reason = format!("axis {axis} is named twice");
                return Err(Error::InvalidShape { what: "input of Reduce".into(), got: input.to_vec(), reason });
            }
            match output.get_mut(axis) {
                Some(length) if *length > 0 => *length = 1,
                _ => {
                    let reason = format!("axis {axis} cannot be reduced: there is none, or it is empty");
                    return Err(Error::InvalidShape { what: "input of Reduce".into(), got: input.to_vec(), reason });
                }
            }
        }
        Ok(output)
    }
}

plain_operation!(Reduce {
    fn is_affine(&self, _: &[bool]) -> bool {
        matches!(self.of, Reduction::Sum | Reduction::Mean)
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        self.axes.contains(&0)
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let of = |of: Reduction| {
            [
                Example::new(format!("{of:?} over an axis"), Reduce { of, axes: vec![1] }, &[2, 3, 4]),
                Example::new(format!("{of:?} over two axes"), Reduce { of, axes: vec![1, 3] }, &[2, 3, 4, 2]),
            ]
        };
        Ok([Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min].into_iter().flat_map(of).collect())
    }
});
