//! Arithmetic of two tensors.

use super::example::{Example, Numbers};
use super::operation::{Operation, takes};
use crate::tensor::broadcast_shape;
use crate::{Arithmetic, Result, Weight};

/// Arithmetic of two tensors, element by element, broadcast as in NumPy.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Binary;
/// use xai::{Backend, NdArray, Tensor};
///
/// let tensor = |a: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
/// // A row and a column: two rows of two.
/// let y = NdArray::forward(&Binary::Div.into(), &[&tensor(array![[6.0, 8.0]])?, &tensor(array![[2.0], [4.0]])?])?;
/// assert_eq!(y.download()?, array![[3.0, 4.0], [1.5, 2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a - b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
}

impl<B: Arithmetic> Operation<B> for Binary {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "Binary";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [a, b] = takes::<2>("Binary", inputs)?;
        broadcast_shape(a, b)
    }
    fn is_affine(&self, varies: &[bool]) -> bool {
        match self {
            Binary::Add | Binary::Sub => true,
            Binary::Mul => varies.iter().filter(|&&varies| varies).count() < 2,
            Binary::Div => varies.get(1) == Some(&false),
        }
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        *self != Binary::Sub && inputs
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(*self)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        let of = |binary: Binary| {
            [
                Example::of_several(format!("{binary:?}"), binary, &[&[2, 3, 4], &[2, 3, 4]]),
                Example::of_several(format!("{binary:?} of a channel"), binary, &[&[2, 3, 4], &[2, 3, 1]]),
                Example::of_several(format!("{binary:?} of fewer axes"), binary, &[&[2, 1, 4], &[3, 1]]),
            ]
        };
        Ok([Binary::Add, Binary::Sub, Binary::Mul, Binary::Div].into_iter().flat_map(of).collect())
    }
}
