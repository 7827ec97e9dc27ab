//! Softmax and its logarithm.

use candle_core::{D, Error, Result, Tensor};

use super::{ExecutionPath, Pull, Ruled};
use crate::Host;
use crate::host::{Numbers, with_number_type};
use crate::kernels::rows;

/// y = eˣ / Σ eˣ, dx = y · (v - Σ v·y).
pub(super) fn softmax(way: ExecutionPath, axis: usize, x: &Tensor) -> Ruled {
    // Along another axis the numbers do not lie in rows.
    if way == ExecutionPath::Kernels && axis + 1 == x.rank() {
        return with_number_type!(x.dtype(), T => by_rows::<T>(x));
    }
    let powers = below_maximum(x, axis)?.exp()?;
    let y = powers.broadcast_div(&powers.sum_keepdim(axis)?)?;
    let share = y.clone();
    let pull: Pull = Box::new(move |v| {
        let mean = (v * &share)?.sum_keepdim(axis)?;
        v.broadcast_sub(&mean)? * &share
    });
    Ok((y, pull))
}

fn by_rows<T: Host>(x: &Tensor) -> Ruled {
    let (x, length) = (x.contiguous()?, x.dim(D::Minus1)?);
    let y = rows::softmax(Numbers::of(&x)?.slice::<T>()?, length).map_err(Error::wrap)?;
    let y = Tensor::from_vec(y, x.shape(), x.device())?;
    let share = y.clone();
    let pull: Pull = Box::new(move |v| {
        let v = v.contiguous()?;
        let dx = rows::softmax_vjp(Numbers::of(&share)?.slice::<T>()?, Numbers::of(&v)?.slice()?, length);
        Tensor::from_vec(dx.map_err(Error::wrap)?, v.shape(), v.device())
    });
    Ok((y, pull))
}

/// y = x - ln Σ eˣ, dx = v - eʸ · Σ v.
pub(super) fn log_softmax(axis: usize, x: &Tensor) -> Ruled {
    let below = below_maximum(x, axis)?;
    let y = below.broadcast_sub(&below.exp()?.sum_keepdim(axis)?.log()?)?;
    let logarithm = y.clone();
    let pull: Pull = Box::new(move |v| v - logarithm.exp()?.broadcast_mul(&v.sum_keepdim(axis)?)?);
    Ok((y, pull))
}

fn below_maximum(x: &Tensor, axis: usize) -> Result<Tensor> {
    x.broadcast_sub(&x.max_keepdim(axis)?)
}
