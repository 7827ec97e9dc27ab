//! A choice between two tensors, element by element.

use super::example::{Example, Numbers};
use super::operation::{Operation, takes};
use crate::tensor::broadcast_shape;
use crate::{Arithmetic, Result, Weight};

/// One of two tensors, element by element: y = a where the condition is not 0, else b.
///
/// Inputs: condition, a, b, broadcast as in NumPy; the output has the shape of all three together, and a's number type.
/// A NaN is not 0. It is a choice, not a sum of products: what is infinite or NaN where it is not chosen is in neither
/// the output nor what is pulled back. No gradient goes to the condition (zeros): it is affine where the condition
/// does not vary.
///
/// An operation in front of it gets zeros back where it is not chosen, and multiplies them by its own slope: where that
/// is infinite, as that of √x at 0, choose its argument as well.
///
/// `output_of` fails with [`Error::Shape`](crate::Error::Shape) when the shapes do not broadcast.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Where;
/// use xai::{Backend, NdArray, Tensor};
///
/// let tensor = |a: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
/// let condition = tensor(array![[1.0, 0.0]])?;
/// let (a, b) = (tensor(array![[2.0, f64::NAN]])?, tensor(array![[f64::INFINITY, 3.0]])?);
/// let y = NdArray::forward(&Where.into(), &[&condition, &a, &b])?;
/// assert_eq!(y.download()?, array![[2.0, 3.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Where;

impl<B: Arithmetic> Operation<B> for Where {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "Where";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [condition, a, b] = takes::<3>("Where", inputs)?;
        broadcast_shape(&broadcast_shape(condition, a)?, b)
    }
    fn is_affine(&self, varies: &[bool]) -> bool {
        varies.first() == Some(&false)
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(Where)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![
            Example::of_several("choice", Where, &[&[2, 3, 4], &[2, 3, 4], &[2, 3, 4]]),
            Example::of_several("choice by a column", Where, &[&[2, 3, 1], &[2, 1, 4], &[2, 1, 1]]),
        ])
    }
}
