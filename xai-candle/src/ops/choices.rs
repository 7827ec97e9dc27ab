//! Maxima and placed numbers, whose gradient candle gives to the wrong ones.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::{Reduce, Reduction};

use super::apply;

/// The greatest along an axis, which keeps the length 1; of equal ones the first gets the whole gradient, where
/// candle's `max_keepdim` gives it to each of them.
///
/// # Errors
/// When there is no such axis, and candle's own.
pub fn max_keepdim(x: &Tensor, axis: usize) -> Result<Tensor> {
    apply(Reduce { of: Reduction::Max, axes: vec![axis] }, x)
}

/// As [`max_keepdim`], the smallest.
///
/// # Errors
/// As [`max_keepdim`].
pub fn min_keepdim(x: &Tensor, axis: usize) -> Result<Tensor> {
    apply(Reduce { of: Reduction::Min, axes: vec![axis] }, x)
}

/// x with the numbers of `source` at the places that `indexes` gives along an axis, as `Tensor::scatter`: no gradient
/// goes back to what was overwritten, where candle's lets it all through. On the way to `source` the gradient is
/// candle's own; of several numbers for one place, the last one stays and all get its gradient, as in PyTorch.
///
/// # Errors
/// candle's own.
pub fn scatter(x: &Tensor, indexes: &Tensor, source: &Tensor, axis: usize) -> Result<Tensor> {
    // The numbers are placed among constants, to which no gradient goes.
    let zeros = x.detach().zeros_like()?;
    let written = zeros.scatter(indexes, &source.detach().ones_like()?, axis)?.to_dtype(DType::U8)?;
    written.where_cond(&zeros.scatter(indexes, source, axis)?, x)
}
