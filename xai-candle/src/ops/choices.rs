//! Maxima and placed numbers, whose gradient candle gives to the wrong ones.

use candle_core::{Error, Result, Tensor};
use xai_core::nn::{Reduce, Reduction};

use super::{apply, ruled};
use crate::rules::Pull;

/// The greatest along an axis, which keeps the length 1; of equal ones the first gets the whole gradient, where
/// candle's `max_keepdim` gives it to each of them.
///
/// # Errors
/// When there is no such axis, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use xai::candle::ops;
///
/// let x = Var::from_tensor(&Tensor::new(&[[1f32, 4.0, 4.0]], &Device::Cpu)?)?;
/// let highest = ops::max_keepdim(&x, 1)?;
/// assert_eq!(highest.to_vec2::<f32>()?, [[4.0]]);
/// assert_eq!(highest.backward()?.get(&x).unwrap().to_vec2::<f32>()?, [[0.0, 1.0, 0.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn max_keepdim(x: &Tensor, axis: usize) -> Result<Tensor> {
    apply(Reduce { of: Reduction::Max, axes: vec![axis] }, x)
}

/// As [`max_keepdim`], the smallest.
///
/// # Errors
/// As [`max_keepdim`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[3f32, 1.0, 2.0]], &Device::Cpu)?;
/// assert_eq!(ops::min_keepdim(&x, 1)?.to_vec2::<f32>()?, [[1.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn min_keepdim(x: &Tensor, axis: usize) -> Result<Tensor> {
    apply(Reduce { of: Reduction::Min, axes: vec![axis] }, x)
}

/// x with the numbers of `source` at the places that `indexes` gives along an axis, as `Tensor::scatter`; both get
/// their gradient, where candle's lets all of it through to what was overwritten. Of several numbers for one place the
/// last one stays, and all get its gradient, as in PyTorch.
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use xai::candle::ops;
///
/// let x = Var::from_tensor(&Tensor::new(&[[1f32, 2.0, 3.0]], &Device::Cpu)?)?;
/// let (second, nine) = (Tensor::new(&[[1u32]], &Device::Cpu)?, Tensor::new(&[[9f32]], &Device::Cpu)?);
/// let y = ops::scatter(&x, &second, &nine, 1)?;
/// assert_eq!(y.to_vec2::<f32>()?, [[1.0, 9.0, 3.0]]);
/// assert_eq!(y.sum_all()?.backward()?.get(&x).unwrap().to_vec2::<f32>()?, [[1.0, 0.0, 1.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn scatter(x: &Tensor, indexes: &Tensor, source: &Tensor, axis: usize) -> Result<Tensor> {
    let zeros = x.detach().zeros_like()?;
    let kept = zeros.ones_like()?.scatter(indexes, &source.detach().zeros_like()?, axis)?.ne(0f64)?;
    let put = zeros.scatter(indexes, &source.detach(), axis)?;
    kept.where_cond(&x.contiguous()?, &with_source("scatter", put, indexes, source, axis)?)
}

/// What was put from the source, on the source's tape: each number's cotangent is where it was put.
pub(crate) fn with_source(
    name: &'static str,
    put: Tensor,
    indexes: &Tensor,
    source: &Tensor,
    dim: usize,
) -> Result<Tensor> {
    let places = indexes.detach();
    let pull: Pull = Box::new(move |v| v.contiguous()?.gather(&places, dim));
    ruled(name, source, (put, pull)).map_err(Error::wrap)
}
