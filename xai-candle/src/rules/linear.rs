//! The fully connected layer.

use candle_core::Tensor;
use xai_core::nn::Linear;

use super::{Pull, Ruled};
use crate::weights::{beside, beside_if_any};
use crate::{Candle, Host};

/// y = x · Wᵀ + b, dx = v · W.
pub(super) fn linear<E: Host>(op: &Linear<Candle<E>>, x: &Tensor, output: &[usize]) -> Ruled {
    let weight = beside(&op.weight, x)?;
    let (outputs, inputs) = weight.dims2()?;
    let rows = x.dims()[..x.rank() - 1].iter().product::<usize>();
    let mut y = x.reshape((rows, inputs))?.matmul(&weight.t()?)?;
    if let Some(bias) = beside_if_any(op.bias.as_ref(), x)? {
        y = y.broadcast_add(&bias)?;
    }
    let shape = x.shape().clone();
    let pull: Pull = Box::new(move |v| v.reshape((rows, outputs))?.matmul(&weight)?.reshape(&shape));
    Ok((y.reshape(output)?, pull))
}
