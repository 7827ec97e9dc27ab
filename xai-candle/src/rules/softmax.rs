//! Softmax and its logarithm.

use candle_core::{Result, Tensor};

use super::{Pull, Ruled};

/// y = eˣ / Σ eˣ, dx = y · (v - Σ v·y).
pub(super) fn softmax(axis: usize, x: &Tensor) -> Ruled {
    let powers = below_maximum(x, axis)?.exp()?;
    let y = powers.broadcast_div(&powers.sum_keepdim(axis)?)?;
    let share = y.clone();
    let pull: Pull = Box::new(move |v| {
        let mean = (v * &share)?.sum_keepdim(axis)?;
        v.broadcast_sub(&mean)? * &share
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
