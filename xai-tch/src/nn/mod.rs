//! The operations of the layer vocabulary, by libtorch's own; the pullbacks by its differentiation.

mod activation;
mod layer;
mod pool;
mod pool_segments;
mod resize;
mod secant;

use std::fmt::Debug;

use tch::{Kind, TchError, Tensor as Torch};
use xai_core::nn::{NnBackend, Op};
use xai_core::{Backend, Error, Pullback, Result, Tensor};

pub(crate) use self::layer::{channel_affine, conv2d};
use crate::backend::int;
use crate::failure::{NAME, failed};
use crate::tape::{Input, evaluate, record};
use crate::{HostFloat, LibTorch};

pub(crate) use self::pool_segments::max_pool_segments;
pub(crate) use self::secant::secant_pull;

type TchResult = std::result::Result<Torch, TchError>;

impl<E: HostFloat> NnBackend for LibTorch<E> {
    const RECORDS_OPS: bool = true;

    fn forward(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<Tensor<Self>> {
        evaluate(Input::Shared, |x| apply(op, x), x)
    }

    fn vjp(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        record(Input::Shared, |x| apply(op, x), x)
    }
}

fn apply<E: HostFloat>(op: Op<'_, LibTorch<E>>, x: &Torch) -> Result<Torch> {
    match op {
        Op::Conv2d(op) => conv2d(op, op.geometry(&LibTorch::<E>::shape(x))?.padding, x),
        Op::Linear(op) => layer::linear(op, x),
        Op::ChannelAffine(op) => channel_affine(op, x),
        Op::LayerNorm(op) => layer::layer_norm(op, x),
        Op::RmsNorm(op) => layer::rms_norm(op, x),
        Op::GroupNorm(op) => layer::group_norm(op, x),
        Op::MaxPool2d(op) => pool::max(op, x),
        Op::AvgPool2d(op) => pool::avg(op, x),
        Op::AdaptiveAvgPool2d(op) => x.f_adaptive_avg_pool2d(op.size.map(int)),
        Op::AdaptiveMaxPool2d(op) => x.f_adaptive_max_pool2d(op.size.map(int)).map(|(values, _)| values),
        Op::Activation(op) => return activation::activation(*op, x),
        Op::Softmax(op) => x.f_softmax(activation::axis(op.axis), None),
        Op::LogSoftmax(op) => x.f_log_softmax(activation::axis(op.axis), None),
        Op::Upsample2d(op) => return resize::upsample(*op, x),
        Op::Pad2d(op) => resize::pad(x, op.padding, op.value),
        unknown => return Err(not_known(&unknown)),
    }
    .map_err(failed)
}

/// Single precision for half types, which are too coarse for shares of a segment.
fn wide(kind: Kind) -> Kind {
    if matches!(kind, Kind::Half | Kind::BFloat16) { Kind::Float } else { kind }
}

/// The vocabulary may grow; the compiler cannot ask for what is not there yet.
fn not_known(what: &impl Debug) -> Error {
    Error::backend(NAME, format!("{what:?} is newer than this adapter: use the same version of xai-core and xai-tch"))
}
