//! Entries of an axis, chosen by an input's whole numbers.

use super::example::{Example, Numbers};
use super::operation::{Operation, takes};
use super::shape;
use crate::{Arithmetic, Error, Result, Weight};

/// Entries of an axis, chosen for each sample by whole numbers that are an input as well:
/// `y[b, .., i, ..] = x[b, .., ids[b, i], ..]`.
///
/// Inputs: x (B, .., N, ..) with N on the axis, and the ids of each sample, (B, ...). The axes of a sample's ids stand
/// in the output where the axis was: ids (B, I) give (B, .., I, ..), and ids (B) take the axis away, as the output at
/// the end of each sentence is taken. It is affine in x where the ids do not vary: on the way back, x gets the sum over
/// its copies, and zeros where it was left out. Nothing goes back to the ids, which are a choice: give them as
/// [`Ids`](crate::Ids).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Gather;
/// use xai::{Backend, NdArray, Tensor};
///
/// let tensor = |a: ndarray::ArrayD<f64>| Tensor::<NdArray<f64>>::upload(a.view(), &());
/// // Three words of one sentence, two numbers each, and where the sentence ends.
/// let words = tensor(array![[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]].into_dyn())?;
/// let ends = tensor(array![1.0].into_dyn())?;
/// let last = NdArray::forward(&Gather { axis: 1 }.into(), &[&words, &ends])?;
/// assert_eq!(last.download()?, array![[3.0, 4.0]].into_dyn());
/// assert_eq!(Gather { axis: 1 }.output_shape(&[1, 3, 2], &[1])?, [1, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather {
    /// The axis, from 1 on: entries are not taken from other samples.
    pub axis: usize,
}

impl Gather {
    /// The output's shape, with everything checked but the ids themselves.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for the axis of the batch, and one that x does not have; [`Error::InvalidShape`] for
    /// an x without an element, and ids that are not those of as many samples.
    pub fn output_shape(&self, x: &[usize], ids: &[usize]) -> Result<Vec<usize>> {
        if self.axis == 0 || self.axis >= x.len() {
            return Err(Error::InvalidParameter {
                name: "axis",
                value: self.axis.to_string(),
                reason: format!("Gather takes entries within each sample of {x:?}: it must be within 1..{}", x.len()),
            });
        }
        if ids.is_empty() || ids[0] != x[0] {
            return Err(Error::InvalidShape {
                what: "ids of Gather".into(),
                got: ids.to_vec(),
                reason: format!("they begin with the batch, as x of the shape {x:?} does"),
            });
        }
        let output = [&x[..self.axis], &ids[1..], &x[self.axis + 1..]].concat();
        shape::countable("Gather", x, output)
    }

    /// The places that these ids name on an axis of so many entries.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] that says which is no place.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Gather;
    ///
    /// let gather = Gather { axis: 1 };
    /// assert_eq!(gather.places(3, [2.0, 0.0])?, [2, 0]);
    /// assert!(gather.places(3, [3.0]).is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn places(&self, length: usize, ids: impl IntoIterator<Item = f64>) -> Result<Vec<usize>> {
        let what = format!("axis {}, which has the length {length},", self.axis);
        ids.into_iter().map(|id| shape::whole(id, length, &what)).collect()
    }
}

impl<B: Arithmetic> Operation<B> for Gather {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "Gather";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [x, ids] = takes::<2>("Gather", inputs)?;
        self.output_shape(x, ids)
    }
    fn is_affine(&self, varies: &[bool]) -> bool {
        varies.get(1) == Some(&false)
    }
    fn is_differentiable(&self, input: usize) -> bool {
        input == 0
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(*self)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(Vec::new())
    }
}
