//! Every operation of the vocabulary on candle tensors, with its own pullback to the input.
//!
//! candle's tape is not used here: what comes in is detached, and gradients of weights are never computed.

mod activation;
mod bounded;
mod channel_affine;
mod choose;
mod conv2d;
mod embedding;
mod execution_path;
mod extremes;
mod linear;
mod norm;
mod number_type;
mod pad;
mod pool;
mod pull;
mod ratio;
mod resample;
mod shift;
mod softmax;
#[cfg(test)]
mod tests;

use candle_core::Tensor;
use xai_core::nn::{Reduce, Reduction};
use xai_core::{Op, Result};

pub(crate) use self::activation::secant_pull;
pub(crate) use self::bounded::tensor_bounded;
pub(crate) use self::choose::select;
pub(crate) use self::conv2d::{Convolution, convolved, geometry};
pub(crate) use self::embedding::embedding;
pub(crate) use self::execution_path::ExecutionPath;
pub(crate) use self::number_type::in_number_type;
pub(crate) use self::pool::max_pool_segments;
pub(crate) use self::pull::{Pull, Ruled, with_pullback};
pub(crate) use self::ratio::{alpha_beta_pull, ratio_pull};
use crate::{Candle, Host};

/// Whether the operation has a [`rule`] here. The others are what is provided for every backend: made of arithmetic, or
/// computed on the host.
pub(crate) fn has<E: Host>(op: &Op<Candle<E>>) -> bool {
    matches!(
        op,
        Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Linear(_)
            | Op::ChannelAffine(_)
            | Op::LayerNorm(_)
            | Op::RmsNorm(_)
            | Op::GroupNorm(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::AdaptiveAvgPool2d(_)
            | Op::AdaptiveMaxPool2d(_)
            | Op::Activation(_)
            | Op::Softmax(_)
            | Op::LogSoftmax(_)
            | Op::Upsample2d(_)
            | Op::Pad2d(_)
            | Op::IndexSelect(_)
            | Op::Reduce(Reduce { of: Reduction::Max | Reduction::Min, .. })
    )
}

/// Whether on the CPU nobody holds the output of the operation's rule but who is given it: neither the pullback nor, as
/// where there is nothing to do, the input. Of candle's own operations, on other devices, a pullback may hold it.
pub(crate) fn gives_its_own<E: Host>(op: &Op<Candle<E>>) -> bool {
    matches!(
        op,
        Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Linear(_)
            | Op::ChannelAffine(_)
            | Op::LayerNorm(_)
            | Op::RmsNorm(_)
            | Op::GroupNorm(_)
            | Op::Activation(_)
    )
}

/// y = op(x), for an operation that has a rule.
pub(crate) fn forward<E: Host>(op: &Op<Candle<E>>, x: &Tensor) -> Result<Tensor> {
    forward_by(ExecutionPath::on(x.device()), op, x)
}

fn forward_by<E: Host>(way: ExecutionPath, op: &Op<Candle<E>>, x: &Tensor) -> Result<Tensor> {
    let output = op.output_shape(&[x.dims()])?;
    let (y, _) = in_number_type(x, sums_safely(op), |x| {
        let y = match op {
            Op::MaxPool2d(op) => pool::maxima(way, op, x, &output),
            Op::AdaptiveMaxPool2d(op) => pool::adaptive_maxima(op.size, x),
            Op::Reduce(op) => extremes::values(way, op, x, &output),
            // Of what only the pullback needs, nothing is computed before it is called.
            op => return rule(way, op, x, &output),
        }?;
        let none: Pull = Box::new(|_| candle_core::bail!("this pass was forward alone"));
        Ok((y, none))
    })?;
    Ok(y)
}

/// y = op(x) and the pullback to x, for an operation that has a rule.
pub(crate) fn vjp<E: Host>(op: &Op<Candle<E>>, x: &Tensor) -> Result<(Tensor, Pull)> {
    vjp_by(ExecutionPath::on(x.device()), op, x)
}

fn vjp_by<E: Host>(way: ExecutionPath, op: &Op<Candle<E>>, x: &Tensor) -> Result<(Tensor, Pull)> {
    let output = op.output_shape(&[x.dims()])?;
    in_number_type(x, sums_safely(op), |x| rule(way, op, x, &output))
}

/// Sums of many terms are not safe in a half type; a device's own convolutions and products add up in f32.
fn sums_safely<E: Host>(op: &Op<Candle<E>>) -> bool {
    matches!(
        op,
        Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Linear(_) | Op::MaxPool2d(_) | Op::Pad2d(_) | Op::Reduce(_)
    )
}

fn rule<E: Host>(way: ExecutionPath, op: &Op<Candle<E>>, x: &Tensor, output: &[usize]) -> Ruled {
    match op {
        Op::Conv2d(op) => conv2d::conv2d(way, op, x),
        Op::ConvTranspose2d(op) => conv2d::conv_transpose2d(way, op, x),
        Op::Linear(op) => linear::linear(way, op, x, output),
        Op::ChannelAffine(op) => channel_affine::channel_affine(way, op, x),
        Op::LayerNorm(op) => norm::layer_norm(way, op, x),
        Op::RmsNorm(op) => norm::rms_norm(way, op, x),
        Op::GroupNorm(op) => norm::group_norm(way, op, x),
        Op::MaxPool2d(op) => pool::max_pool2d(way, op, x, output),
        Op::AvgPool2d(op) => pool::avg_pool2d(way, op, x, output),
        Op::AdaptiveAvgPool2d(op) => resample::adaptive_avg_pool2d(op.size, x),
        Op::AdaptiveMaxPool2d(op) => pool::adaptive_max_pool2d(op.size, x),
        Op::Activation(op) => activation::activation(way, *op, x),
        Op::Softmax(op) => softmax::softmax(way, op.axis_of(x.rank()).map_err(candle_core::Error::wrap)?, x),
        Op::LogSoftmax(op) => softmax::log_softmax(op.axis_of(x.rank()).map_err(candle_core::Error::wrap)?, x),
        Op::Upsample2d(op) => resample::upsample2d(op, x),
        Op::Pad2d(op) => pad::pad2d(op, x),
        Op::Reduce(op) => extremes::extremes(way, op, x, output),
        Op::IndexSelect(op) => choose::index_select(op, x),
        op => candle_core::bail!("{} has no rule of its own on candle", op.name()),
    }
}
