//! The fully connected layer.

use candle_core::{Result, Tensor};
use xai_core::nn::Linear;

use super::{Pull, Ruled};
use crate::weights::{beside, beside_if_any};
use crate::{Candle, Host};

/// y = x · Wᵀ + b, dx = v · W.
pub(super) fn linear<E: Host>(op: &Linear<Candle<E>>, x: &Tensor, output: &[usize]) -> Ruled {
    let weight = beside(&op.weight, x)?;
    let (outputs, inputs) = weight.dims2()?;
    let rows = x.dims()[..x.rank() - 1].iter().product::<usize>();
    let mut y = product(&x.reshape((rows, inputs))?, &weight)?;
    if let Some(bias) = beside_if_any(op.bias.as_ref(), x)? {
        y = y.broadcast_add(&bias)?;
    }
    let shape = x.shape().clone();
    let pull: Pull = Box::new(move |v| v.reshape((rows, outputs))?.matmul(&weight)?.reshape(&shape));
    Ok((y.reshape(output)?, pull))
}

/// x · Wᵀ. candle's product packs the matrix whose rows it needs as columns: where W is the larger one and has long
/// rows, that takes longer than the product itself, and (W · xᵀ)ᵀ packs x instead.
fn product(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let ((rows, inputs), outputs) = (x.dims2()?, weight.dim(0)?);
    if x.device().is_cpu() && rows > 1 && rows < outputs && outputs <= inputs {
        return weight.matmul(&x.t()?)?.t()?.contiguous();
    }
    x.matmul(&weight.t()?)
}
