//! The fully connected layer.

use candle_core::{Error, Result, Tensor};
use xai_core::nn::Linear;

use super::{ExecutionPath, Pull, Ruled};
use crate::host::{Numbers, with_number_type};
use crate::kernels::linear as kernels;
use crate::weights::{beside, beside_if_any};
use crate::{Candle, Host};

/// y = x · Wᵀ + b, dx = v · W.
pub(super) fn linear<E: Host>(way: ExecutionPath, op: &Linear<Candle<E>>, x: &Tensor, output: &[usize]) -> Ruled {
    let weight = beside(&op.weight, x)?;
    let bias = beside_if_any(op.bias.as_ref(), x)?;
    let (outputs, inputs) = weight.dims2()?;
    let rows = x.dims()[..x.rank() - 1].iter().product::<usize>();
    let flat = x.reshape((rows, inputs))?;
    let y = match way {
        ExecutionPath::Kernels => with_number_type!(x.dtype(), T => on_host::<T>(&flat, &weight, bias.as_ref()))?,
        ExecutionPath::TensorOps => {
            let y = flat.matmul(&weight.t()?)?;
            bias.map_or(Ok(y.clone()), |bias| y.broadcast_add(&bias))?
        }
    };
    let shape = x.shape().clone();
    let pull: Pull = Box::new(move |v| v.reshape((rows, outputs))?.matmul(&weight)?.reshape(&shape));
    Ok((y.reshape(output)?, pull))
}

/// x · Wᵀ + b, for contiguous x (rows, inputs).
fn on_host<T: Host>(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let ((rows, inputs), outputs) = (x.dims2()?, weight.dim(0)?);
    let (x_numbers, weight) = (Numbers::of(x)?, Numbers::of(weight)?);
    let bias = bias.map(Numbers::of).transpose()?;
    let bias = bias.as_ref().map(Numbers::slice::<T>).transpose()?;
    let y = kernels::linear(x_numbers.slice::<T>()?, weight.slice::<T>()?, bias, [rows, inputs, outputs]);
    Tensor::from_vec(y.map_err(Error::wrap)?, (rows, outputs), x.device())
}
