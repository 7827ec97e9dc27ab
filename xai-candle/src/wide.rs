//! Operations without a rule here, by what is provided for every backend: some on the host, in numbers that are wide
//! enough there.

use candle_core::{DType, WithDType};
use xai_core::nn::{provided_forward, provided_vjp};
use xai_core::{Op, Pullback, Result, Tensor};

use crate::{Candle, Host};

/// Whether the tensors hold more than the host's numbers do, which would round them.
fn is_wider<E: Host>(inputs: &[&Tensor<Candle<E>>]) -> bool {
    <E as WithDType>::DTYPE != DType::F64 && inputs.iter().any(|input| input.inner().dtype() == DType::F64)
}

/// The same tensor, which the host sees in other numbers.
fn seen<E: Host, F: Host>(tensor: &Tensor<Candle<E>>) -> Tensor<Candle<F>> {
    Tensor::new(tensor.inner().clone())
}

fn widened<E: Host>(op: &Op<Candle<E>>) -> Result<Op<Candle<f64>>> {
    op.with_weights(|weight| Ok(seen::<E, f64>(&weight.tensor()).into()))
}

/// y = op(inputs).
pub(crate) fn forward<E: Host>(op: &Op<Candle<E>>, inputs: &[&Tensor<Candle<E>>]) -> Result<Tensor<Candle<E>>> {
    if !is_wider(inputs) {
        return provided_forward(op, inputs);
    }
    let inputs: Vec<Tensor<Candle<f64>>> = inputs.iter().map(|input| seen(input)).collect();
    Ok(seen(&provided_forward(&widened(op)?, &inputs.iter().collect::<Vec<_>>())?))
}

/// y = op(inputs), and the pullback.
pub(crate) fn vjp<E: Host>(
    op: &Op<Candle<E>>,
    inputs: &[&Tensor<Candle<E>>],
    wanted: &[bool],
) -> Result<(Tensor<Candle<E>>, Pullback<'static, Candle<E>>)> {
    if !is_wider(inputs) {
        return provided_vjp(op, inputs, wanted);
    }
    let inputs: Vec<Tensor<Candle<f64>>> = inputs.iter().map(|input| seen(input)).collect();
    let (y, pullback) = provided_vjp(&widened(op)?, &inputs.iter().collect::<Vec<_>>(), wanted)?;
    let back = move |v: &Tensor<Candle<E>>| {
        let parts = pullback.pull_all(&seen(v))?;
        Ok(parts.into_iter().map(|part| part.map(|part| seen(&part))).collect())
    };
    Ok((seen(&y), Pullback::of_all(back)))
}
