//! Sums of the entries before each one.

use super::example::{Example, Numbers};
use super::host::array::{Array, Pull};
use super::host::on_host::OnHost;
use super::operation::plain_operation;
use super::shape;
use crate::{Element, Result};

/// Sums along an axis, of each entry and all before it: y[.., i, ..] = Σ x[.., j, ..] over j ≤ i. PyTorch's `cumsum`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::CumSum;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(CumSum::new(-1));
/// let y = net.predict(array![[1.0, 2.0, 4.0]].view().into_dyn())?;
/// assert_eq!(y, array![[1.0, 3.0, 7.0]].into_dyn());
///
/// let net = Net::<NdArray<f64>, _>::new(CumSum::new(-1).exclusive(true).reverse(true));
/// let y = net.predict(array![[1.0, 2.0, 4.0]].view().into_dyn())?;
/// assert_eq!(y, array![[6.0, 4.0, 0.0]].into_dyn());
/// assert_eq!(CumSum::new(-1).output_shape(&[1, 3])?, [1, 3]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CumSum {
    /// The axis; negative counts from the end.
    pub axis: isize,
    /// Whether an entry itself is left out: j < i.
    pub exclusive: bool,
    /// Whether the entries behind each one are added up: j ≥ i.
    pub reverse: bool,
}

impl CumSum {
    /// Sums along an axis, of each entry and all before it.
    pub fn new(axis: isize) -> Self {
        CumSum { axis, exclusive: false, reverse: false }
    }

    /// Sets whether an entry itself is left out.
    #[must_use]
    pub fn exclusive(mut self, exclusive: bool) -> Self {
        self.exclusive = exclusive;
        self
    }

    /// Sets whether the entries behind each one are added up, not those before it.
    #[must_use]
    pub fn reverse(mut self, reverse: bool) -> Self {
        self.reverse = reverse;
        self
    }

    /// The output's shape, with everything checked: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) when the input has no such axis.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::axis(self.axis, input.len())?;
        shape::countable("CumSum", input, input.to_vec())
    }
}

plain_operation!(CumSum {
    fn is_affine(&self, _: &[bool]) -> bool {
        true
    }
    fn mixes_rows(&self, rank: Option<usize>) -> bool {
        shape::is_batch_axis(self.axis, rank)
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let all = [CumSum::new(1), CumSum::new(-1).exclusive(true), CumSum::new(2).reverse(true)];
        Ok(all.into_iter().map(|op| Example::new(format!("{op:?}"), op, &[2, 3, 5])).collect())
    }
});

/// In `f64`.
impl<F: Element> OnHost<F> for CumSum {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        let mut y = x.to_owned();
        for mut lane in y.lanes_mut(ndarray::Axis(shape::axis(self.axis, x.ndim())?)) {
            if self.reverse {
                lane.invert_axis(ndarray::Axis(0));
            }
            let mut sum = 0.0;
            for entry in &mut lane {
                let (before, number) = (sum, entry.as_f64());
                sum += number;
                *entry = F::of(if self.exclusive { before } else { sum });
            }
        }
        Ok(y.into_shared())
    }

    /// What goes back is the same sum the other way round.
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let back = self.reverse(!self.reverse);
        Ok((self.output(x)?, Box::new(move |v| back.output(v))))
    }
}
