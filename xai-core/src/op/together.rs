//! What comes of operations that are computed together.

use super::Op;
use crate::{Arithmetic, Error, Result, Tensor};

/// A result of operations that are computed together; an error comes with the place, among them, of the one it is of.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Scale};
/// use xai::{Backend, FusedResult, NdArray, Op, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[3.0, -1.0]].view().into_dyn(), &())?;
/// let ops: [Op<NdArray<f64>>; 2] = [Activation::Relu.into(), Scale { scale: 2.0, shift: 1.0 }.into()];
/// let y: FusedResult<Tensor<NdArray<f64>>> = NdArray::forward_fused(&[&ops[0], &ops[1]], &x);
/// let y = y.map_err(|(_, error)| error)?; // the place of the operation that failed, and why
/// assert_eq!(y.download()?, array![[7.0, 1.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub type FusedResult<T> = std::result::Result<T, (usize, Error)>;

/// f(x), or f(x) + x: operations that are computed together ([`Backend::fuses`](crate::Backend::fuses)), and whether
/// their input is added to what they give.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Backend, NdArray, Op, Residual, Tensor};
///
/// // relu(x) + x, and the double of that.
/// let relu: Op<NdArray<f64>> = Activation::Relu.into();
/// let parts = [1, 2].map(|_| Residual { ops: vec![&relu], plus_input: true });
/// let x = Tensor::<NdArray<f64>>::upload(array![[3.0, -1.0]].view().into_dyn(), &())?;
/// let y = NdArray::forward_residual(&parts, &x).map_err(|(_, error)| error)?;
/// assert_eq!(y.download()?, array![[12.0, -1.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Residual<'a, B: Arithmetic> {
    /// One behind the other.
    pub ops: Vec<&'a Op<B>>,
    /// Whether their input, which has the shape of their output, is added to that.
    pub plus_input: bool,
}

/// Of a part of a network that was recorded on one tape: the cotangents of its outputs to those of its inputs.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{NdArray, TapePullback, Tensor};
///
/// // Of y = 3 x: where nothing came to an output, nothing goes to its input.
/// let thrice: TapePullback<NdArray<f64>> =
///     Box::new(|v| v.iter().map(|v| v.as_ref().map(|v| v.scale(3.0)).transpose()).collect());
/// let v = Tensor::upload(array![[2.0]].view().into_dyn(), &())?;
/// let back = thrice(&[Some(v), None])?;
/// assert_eq!(back[0].as_ref().map(|x| x.download()).transpose()?, Some(array![[6.0]].into_dyn()));
/// assert!(back[1].is_none());
/// # Ok::<(), xai::Error>(())
/// ```
pub type TapePullback<B> = Box<dyn Fn(&[Option<Tensor<B>>]) -> Result<Vec<Option<Tensor<B>>>>>;
