//! Matrix products of two tensors.

use super::example::{Example, Numbers};
use super::operation::{Operation, takes};
use crate::tensor::product_shape;
use crate::{Arithmetic, Result, Weight};

/// Matrix products over the last two axes, (..., M, K) by (..., K, N) to (..., M, N); the axes before them are
/// broadcast.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::MatMul;
/// use xai::{Backend, NdArray, Tensor};
///
/// let tensor = |a: ndarray::Array2<f64>| Tensor::<NdArray<f64>>::upload(a.view().into_dyn(), &());
/// let (a, b) = (tensor(array![[1.0, 2.0]])?, tensor(array![[3.0, 0.0], [4.0, 1.0]])?);
/// assert_eq!(NdArray::forward(&MatMul.into(), &[&a, &b])?.download()?, array![[11.0, 2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MatMul;

impl<B: Arithmetic> Operation<B> for MatMul {
    type On<C: Arithmetic> = Self;
    const NAME: &'static str = "MatMul";
    fn output_of(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let [a, b] = takes::<2>("MatMul", inputs)?;
        product_shape(a, b)
    }
    fn is_affine(&self, varies: &[bool]) -> bool {
        varies.iter().filter(|&&varies| varies).count() < 2
    }
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        inputs
    }
    fn with_weights<C: Arithmetic>(&self, _: &mut dyn FnMut(&Weight<B>) -> Result<Weight<C>>) -> Result<Self::On<C>> {
        Ok(MatMul)
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        Ok(vec![
            Example::of_several("matrix product", MatMul, &[&[2, 3, 4], &[2, 4, 5]]),
            Example::of_several("matrix products of heads", MatMul, &[&[2, 3, 4, 5], &[2, 3, 5, 2]]),
            Example::of_several("matrix product with one matrix", MatMul, &[&[2, 3, 4], &[4, 5]]),
        ])
    }
}
