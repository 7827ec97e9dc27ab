//! The operations of the vocabulary, by libtorch's own; the pullbacks by its differentiation.

mod activation;
mod choose;
pub(crate) mod layer;
mod pool;
mod pool_segments;
mod ratio;
mod reduce;
mod resize;
mod secant;
pub(crate) mod unwritten;

use tch::Tensor as Torch;
use xai_core::nn::{Activation, Binary, MaxPool2d, Reduce, Reduction, provided_forward, provided_vjp};
use xai_core::{Backend, Error, FusedResult, Op, Pullback, Residual, Result, TapePullback, Tensor};

use crate::backend::int;
use crate::failure::{failed, takes_others};
use crate::tape::{self, WithPullback, evaluate, record};
use crate::{HostFloat, LibTorch, fused};

impl<E: HostFloat> Backend for LibTorch<E> {
    const FEWEST_COPIES: usize = 4;
    const HAS_TAPE: bool = true;

    fn is_training() -> bool {
        tape::is_training()
    }

    fn forward(op: &Op<Self>, inputs: &[&Tensor<Self>]) -> Result<Tensor<Self>> {
        match computes(op) {
            true => evaluate(|x| apply(op, x), inputs),
            false if tape::is_training() && !is_arithmetic(op) => Err(Error::NotDifferentiable {
                what: op.name().into(),
                reason: "it is computed on the host, off libtorch's tape: nothing in front of it can be trained".into(),
            }),
            false => provided_forward(op, inputs),
        }
    }

    fn vjp(op: &Op<Self>, inputs: &[&Tensor<Self>], wanted: &[bool]) -> Result<WithPullback<E>> {
        if let (Op::Conv2d(conv), [x], [true]) = (op, inputs, wanted)
            && let Some(taped) = layer::conv2d_vjp(conv, x)?
        {
            return Ok(taped);
        }
        match op {
            Op::Embedding(_) => Ok((Self::forward(op, inputs)?, Pullback::of_all(|_| Ok(vec![None])))),
            _ if computes(op) => record(|x| apply(op, x), inputs, wanted),
            // What arithmetic does to a cotangent is known, and takes no tape.
            _ => provided_vjp(op, inputs, wanted).map(|(y, pullback)| (y, in_types_of(inputs, pullback))),
        }
    }

    fn fuses(ops: &[&Op<Self>], _: &Tensor<Self>) -> usize {
        if tape::is_training() { 0 } else { fused::count(ops) }
    }

    fn forward_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        fused::forward(&[Residual { ops: ops.to_vec(), plus_input: false }], x)
    }

    fn forward_residual(parts: &[Residual<'_, Self>], x: &Tensor<Self>) -> FusedResult<Tensor<Self>> {
        fused::forward(parts, x)
    }

    fn vjp_fused(ops: &[&Op<Self>], x: &Tensor<Self>) -> FusedResult<WithPullback<E>> {
        fused::vjp(ops, x)
    }

    fn without_tape(ops: &[&Op<Self>]) -> usize {
        match ops {
            [Op::Conv2d(conv), ..] if layer::has_a_way_back(conv) => fused::first(ops),
            [Op::Conv2d(_), ..] => 0,
            [op, ..] => usize::from(!computes(op) && is_arithmetic(op)),
            [] => 0,
        }
    }

    fn records(op: &Op<Self>) -> bool {
        computes(op) || is_arithmetic(op)
    }

    fn on_tape(
        part: &dyn Fn(&[Tensor<Self>]) -> Result<Vec<Tensor<Self>>>,
        inputs: &[Tensor<Self>],
        wanted: &[bool],
    ) -> Result<(Vec<Tensor<Self>>, TapePullback<Self>)> {
        tape::on_tape(part, inputs, wanted)
    }

    fn check_recorded(inputs: &[&Tensor<Self>], y: &Tensor<Self>) -> Result<()> {
        tape::check_recorded(inputs, y)
    }

    fn secant_pull(f: Activation, a: &Torch, b: &Torch, v: &Torch) -> Result<Torch> {
        tch::no_grad(|| secant::secant_pull::<E>(f, a, b, v))
    }

    fn ratio_pull(v: &Torch, a: &Torch, b: &Torch, eps: f64) -> Result<Torch> {
        tch::no_grad(|| ratio::ratio_pull(v, a, b, eps)).map_err(failed)
    }

    fn max_pool_segments(op: &MaxPool2d, x: &Tensor<Self>, nodes: usize) -> Result<WithPullback<E>> {
        pool_segments::max_pool_segments(op, x, nodes)
    }
}

/// Cotangents in the types of the inputs, as a tape gives them: arithmetic of two types is done in the wider one.
fn in_types_of<E: HostFloat>(
    inputs: &[&Tensor<LibTorch<E>>],
    pullback: Pullback<'static, LibTorch<E>>,
) -> Pullback<'static, LibTorch<E>> {
    let kinds: Vec<_> = inputs.iter().map(|input| input.inner().f_kind().ok()).collect();
    if kinds.windows(2).all(|pair| pair[0] == pair[1]) {
        return pullback;
    }
    Pullback::of_all(move |v| {
        let parts = pullback.pull_all(v)?.into_iter().zip(&kinds);
        let cast = |(part, kind): (Option<Tensor<LibTorch<E>>>, &Option<tch::Kind>)| match (part, kind) {
            (Some(part), Some(kind)) => {
                part.inner().f_to_kind(*kind).map(|part| Some(Tensor::new(part))).map_err(failed)
            }
            (part, _) => Ok(part),
        };
        parts.map(cast).collect()
    })
}

/// What libtorch computes here; [`apply`] has how. The others are what is provided for every backend: made of
/// arithmetic, or computed on the host.
fn computes<E: HostFloat>(op: &Op<LibTorch<E>>) -> bool {
    match op {
        Op::Activation(f) => activation::activation(*f).is_some(),
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
        | Op::Softmax(_)
        | Op::LogSoftmax(_)
        | Op::Upsample2d(_)
        | Op::Pad2d(_)
        | Op::Reduce(Reduce { of: Reduction::Max | Reduction::Min, .. })
        | Op::CumSum(_)
        | Op::IndexSelect(_)
        | Op::Embedding(_)
        | Op::Where(_)
        | Op::Gather(_)
        | Op::Binary(Binary::Div) => true,
        _ => false,
    }
}

/// What the core makes of a backend's arithmetic, which a tape records: of these, libtorch has nothing better.
fn is_arithmetic<E: HostFloat>(op: &Op<LibTorch<E>>) -> bool {
    matches!(
        op,
        Op::Binary(_)
            | Op::Reduce(_)
            | Op::MatMul(_)
            | Op::Scale(_)
            | Op::Concatenate(_)
            | Op::Reshape(_)
            | Op::Flatten(_)
            | Op::Permute(_)
            | Op::Narrow(_)
    )
}

fn apply<E: HostFloat>(op: &Op<LibTorch<E>>, inputs: &[&Torch]) -> Result<Torch> {
    if let (Op::Binary(Binary::Div), [a, b]) = (op, inputs) {
        return a.f_div(b).map_err(failed);
    }
    if let (Op::Where(_), [condition, a, b]) = (op, inputs) {
        return choose::select(condition, a, b).map_err(failed);
    }
    if let (Op::Gather(op), [x, ids]) = (op, inputs) {
        return choose::gather(*op, x, ids);
    }
    let [x] = inputs else { return Err(takes_others(op.name())) };
    match op {
        Op::Conv2d(op) => return layer::conv2d(op, x),
        Op::ConvTranspose2d(op) => return layer::conv_transpose2d(op, x),
        Op::Linear(op) => layer::linear(op, x),
        Op::ChannelAffine(op) => layer::channel_affine(op, x),
        Op::LayerNorm(op) => layer::layer_norm(op, x),
        Op::RmsNorm(op) => layer::rms_norm(op, x),
        Op::GroupNorm(op) => layer::group_norm(op, x),
        Op::MaxPool2d(op) => pool::max(op, x),
        Op::AvgPool2d(op) => pool::avg(op, x),
        Op::AdaptiveAvgPool2d(op) => x.f_adaptive_avg_pool2d(op.size.map(int)),
        Op::AdaptiveMaxPool2d(op) => x.f_adaptive_max_pool2d(op.size.map(int)).map(|(values, _)| values),
        Op::Activation(op) => match activation::activation(*op) {
            Some(function) => function(x),
            None => return Err(takes_others(&format!("{op:?}"))),
        },
        Op::Softmax(op) => activation::softmax(x, op.axis),
        Op::LogSoftmax(op) => activation::log_softmax(x, op.axis),
        Op::Upsample2d(op) => resize::upsample(*op, x),
        Op::Pad2d(op) => resize::pad(x, op.padding, op.value),
        Op::Reduce(op) => reduce::extreme(op, x),
        Op::CumSum(op) => reduce::cum_sum(*op, x),
        Op::IndexSelect(op) => choose::entries(x, op.axis, &op.places),
        Op::Embedding(op) => return layer::embedding(op, x),
        _ => return Err(takes_others(op.name())),
    }
    .map_err(failed)
}
