//! The layers on plain ndarray arrays: the truth that the frameworks are compared with.
//!
//! Plain loops over row-major slices; sums of norms, means and softmaxes are kept in `f64`, convolutions and linear
//! layers are matrix products in the element type. The layers have checked every shape before.

mod activation;
mod affine;
mod conv;
mod linear;
mod norm;
mod pool;
mod resize;
mod softmax;

pub(crate) use self::pool::max_pool_segments;

use std::borrow::Cow;

use ndarray::{ArcArray, ArrayD, IxDyn};

use super::{NnBackend, Op};
use crate::{Element, Error, NdArray, Pullback, Result, Tensor};

type Array<F> = ArcArray<F, IxDyn>;

/// What v ↦ vᵀ · ∂y/∂x is here.
type Pull<F> = Box<dyn Fn(&Array<F>) -> Result<Array<F>>>;

impl<F: Element> NnBackend for NdArray<F> {
    fn forward(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<Tensor<Self>> {
        let x = x.inner();
        let y = match op {
            Op::Conv2d(op) => conv::forward(op, x),
            Op::Linear(op) => linear::forward(op, x),
            Op::ChannelAffine(op) => affine::forward(op, x),
            Op::LayerNorm(op) => norm::layer(op, x).and_then(|norm| norm.output()),
            Op::RmsNorm(op) => norm::rms(op, x).and_then(|norm| norm.output()),
            Op::GroupNorm(op) => norm::group(op, x).and_then(|norm| norm.output()),
            Op::MaxPool2d(op) => pool::max(op, x).map(|(y, _)| y),
            Op::AvgPool2d(op) => pool::mean(op, x).map(|(y, _)| y),
            Op::AdaptiveAvgPool2d(op) => pool::adaptive_mean(op, x).map(|(y, _)| y),
            Op::AdaptiveMaxPool2d(op) => pool::adaptive_max(op, x).map(|(y, _)| y),
            Op::Activation(op) => activation::forward(*op, x),
            Op::Softmax(op) => softmax::forward(op, x),
            Op::LogSoftmax(op) => softmax::log_forward(op, x),
            Op::Upsample2d(op) => resize::upsample(op, x).map(|(y, _)| y),
            Op::Pad2d(op) => resize::pad(op, x).map(|(y, _)| y),
        }?;
        Ok(Tensor::new(y))
    }

    fn vjp(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<(Tensor<Self>, Pullback<'static, Self>)> {
        let x = x.inner();
        let (y, pull): (Array<F>, Pull<F>) = match op {
            Op::Conv2d(op) => conv::vjp(op, x),
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
        }?;
        Ok((Tensor::new(y), Pullback::new(move |v| pull(v.inner()).map(Tensor::new))))
    }
}

/// The numbers in row-major order.
fn flat<F: Element>(t: &Array<F>) -> Cow<'_, [F]> {
    t.as_slice().map_or_else(|| Cow::Owned(t.iter().copied().collect()), Cow::Borrowed)
}

/// An array of row-major numbers.
fn shaped<F: Element>(shape: &[usize], values: Vec<F>) -> Result<Array<F>> {
    ArrayD::from_shape_vec(IxDyn(shape), values).map(ArrayD::into_shared).map_err(failed)
}

/// The lengths (B, C, H, W) of an image that the layer has checked.
fn image(shape: &[usize]) -> Result<[usize; 4]> {
    super::shape::image("a layer", shape)
}

fn failed(error: ndarray::ShapeError) -> Error {
    Error::backend("ndarray", error)
}
