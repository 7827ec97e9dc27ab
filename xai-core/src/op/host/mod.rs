//! The operations on plain ndarray arrays: the truth that the frameworks are compared with.
//!
//! Plain loops over row-major slices; sums of norms, means and softmaxes are kept in `f64`, convolutions and linear
//! layers are matrix products in the element type. Every shape has been checked before.

mod activation;
mod affine;
mod array;
mod conv;
mod embedding;
mod extremes;
mod gather;
mod index_select;
mod linear;
mod norm;
mod pool;
mod resize;
mod select;
mod softmax;

use self::array::{Array, Pull};
pub(super) use self::pool::max_pool_segments;
use super::Op;
use crate::{Element, Error, NdArray, Pullback, Result, Tensor};

/// y = op(inputs), for what is not made of arithmetic.
pub(super) fn forward<F: Element>(op: &Op<NdArray<F>>, inputs: &[&Tensor<NdArray<F>>]) -> Result<Tensor<NdArray<F>>> {
    if let (Op::Where(_), &[condition, a, b]) = (op, inputs) {
        return select::forward([condition, a, b]);
    }
    if let (Op::Gather(op), &[x, ids]) = (op, inputs) {
        return gather::forward(*op, x, ids);
    }
    let x = only(op, inputs)?;
    let y = match op {
        Op::Conv2d(op) => conv::forward(op, x),
        Op::ConvTranspose2d(op) => conv::transposed(op, x).map(|(y, _)| y),
        Op::Linear(op) => linear::forward(op, x),
        Op::ChannelAffine(op) => affine::forward(op, x),
        Op::LayerNorm(op) => norm::layer(op, x).and_then(|norm| norm.output()),
        Op::RmsNorm(op) => norm::rms(op, x).and_then(|norm| norm.output()),
        Op::GroupNorm(op) => norm::group(op, x).and_then(|norm| norm.output()),
        Op::MaxPool2d(op) => pool::maxima(op, x),
        Op::AvgPool2d(op) => pool::mean(op, x).map(|(y, _)| y),
        Op::AdaptiveAvgPool2d(op) => pool::adaptive_mean(op, x).map(|(y, _)| y),
        Op::AdaptiveMaxPool2d(op) => pool::adaptive_maxima(op, x),
        Op::Activation(op) => activation::forward(*op, x),
        Op::Softmax(op) => softmax::forward(op, x),
        Op::LogSoftmax(op) => softmax::log_forward(op, x),
        Op::Upsample2d(op) => resize::upsample(op, x).map(|(y, _)| y),
        Op::Pad2d(op) => resize::pad(op, x).map(|(y, _)| y),
        Op::Reduce(op) => extremes::values(op, x),
        Op::IndexSelect(op) => index_select::index_select(op, x).map(|(y, _)| y),
        Op::Embedding(op) => embedding::forward(op, x),
        Op::Scale(_)
        | Op::Binary(_)
        | Op::Where(_)
        | Op::Gather(_)
        | Op::MatMul(_)
        | Op::Concatenate(_)
        | Op::Reshape(_)
        | Op::Flatten(_)
        | Op::Permute(_)
        | Op::Narrow(_) => Err(by_arithmetic(op)),
    }?;
    Ok(Tensor::new(y))
}

/// y = op(inputs) and its pullback, for what is not made of arithmetic.
pub(super) fn vjp<F: Element>(
    op: &Op<NdArray<F>>,
    inputs: &[&Tensor<NdArray<F>>],
    wanted: &[bool],
) -> Result<(Tensor<NdArray<F>>, Pullback<'static, NdArray<F>>)> {
    if let (Op::Where(_), &[condition, a, b]) = (op, inputs) {
        return select::vjp([condition, a, b], wanted);
    }
    if let (Op::Gather(op), &[x, ids]) = (op, inputs) {
        return gather::vjp(*op, [x, ids], wanted);
    }
    let x = only(op, inputs)?;
    if !wanted.contains(&true) {
        let inputs = inputs.len();
        return Ok((forward(op, &[&Tensor::new(x.clone())])?, Pullback::of_all(move |_| Ok(vec![None; inputs]))));
    }
    let (y, pull): (Array<F>, Pull<F>) = match op {
        Op::Conv2d(op) => conv::vjp(op, x),
        Op::ConvTranspose2d(op) => conv::transposed(op, x),
        Op::Linear(op) => linear::vjp(op, x),
        Op::ChannelAffine(op) => affine::vjp(op, x),
        Op::LayerNorm(op) => norm::layer(op, x).and_then(norm::Normalised::vjp),
        Op::RmsNorm(op) => norm::rms(op, x).and_then(norm::Normalised::vjp),
        Op::GroupNorm(op) => norm::group(op, x).and_then(norm::Normalised::vjp),
        Op::MaxPool2d(op) => pool::max(op, x),
        Op::AvgPool2d(op) => pool::mean(op, x),
        Op::AdaptiveAvgPool2d(op) => pool::adaptive_mean(op, x),
        Op::AdaptiveMaxPool2d(op) => pool::adaptive_max(op, x),
        Op::Activation(op) => activation::vjp(*op, x),
        Op::Softmax(op) => softmax::vjp(op, x),
        Op::LogSoftmax(op) => softmax::log_vjp(op, x),
        Op::Upsample2d(op) => resize::upsample(op, x),
        Op::Pad2d(op) => resize::pad(op, x),
        Op::Reduce(op) => extremes::reduce(op, x),
        Op::IndexSelect(op) => index_select::index_select(op, x),
        Op::Embedding(op) => {
            return Ok((Tensor::new(embedding::forward(op, x)?), Pullback::of_all(|_| Ok(vec![None]))));
        }
        Op::Scale(_)
        | Op::Binary(_)
        | Op::Where(_)
        | Op::Gather(_)
        | Op::MatMul(_)
        | Op::Concatenate(_)
        | Op::Reshape(_)
        | Op::Flatten(_)
        | Op::Permute(_)
        | Op::Narrow(_) => Err(by_arithmetic(op)),
    }?;
    Ok((Tensor::new(y), Pullback::new(move |v| pull(v.inner()).map(Tensor::new))))
}

fn by_arithmetic<F: Element>(op: &Op<NdArray<F>>) -> Error {
    Error::backend("ndarray", format!("{} is made of arithmetic, and takes other inputs", op.name()))
}

fn only<'t, F: Element>(op: &Op<NdArray<F>>, inputs: &[&'t Tensor<NdArray<F>>]) -> Result<&'t Array<F>> {
    match inputs {
        [x] => Ok(x.inner()),
        _ => Err(Error::InvalidParameter {
            name: "inputs",
            value: inputs.len().to_string(),
            reason: format!("{} takes 1", op.name()),
        }),
    }
}
