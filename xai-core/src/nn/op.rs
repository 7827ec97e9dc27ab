//! The operations that a backend implements for the layers.

use super::shape;
use super::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, GroupNorm, LayerNorm, Linear,
    LogSoftmax, MaxPool2d, Pad2d, RmsNorm, Softmax, Upsample2d,
};
use crate::{Backend, Pullback, Result, Tensor};

/// A backend that has the operations that networks are made of, each with its pullback to the input.
///
/// Its tensors can be sent to another thread, and so can every network made of the layers.
pub trait NnBackend: Backend<Tensor: Send> {
    /// True when the framework's own tape can record [`forward`](NnBackend::forward) and then differentiates every
    /// operation right: see [`Layer::is_recorded`](crate::Layer::is_recorded).
    const RECORDS_OPS: bool = false;

    /// y = op(x), without a tape. The input's shape has been checked with [`Op::output_shape`].
    ///
    /// # Errors
    /// The framework's own.
    fn forward(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<Tensor<Self>>;

    /// y = op(x), and the pullback to x; gradients of weights are never computed. The pullback shares what it needs of
    /// the operation and borrows nothing. The input's shape has been checked with [`Op::output_shape`], and so is the
    /// cotangent's before the pullback is called.
    ///
    /// # Errors
    /// The framework's own.
    fn vjp(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<(Tensor<Self>, Pullback<'static, Self>)>;
}

/// One operation of the vocabulary, with its weights.
#[derive(Debug)]
#[non_exhaustive]
pub enum Op<'a, B: Backend> {
    /// Two-dimensional convolution.
    Conv2d(&'a Conv2d<B>),
    /// Fully connected layer over the last axis.
    Linear(&'a Linear<B>),
    /// A scale and a shift for each channel: batch norm in evaluation mode.
    ChannelAffine(&'a ChannelAffine<B>),
    /// Layer norm over the last axes.
    LayerNorm(&'a LayerNorm<B>),
    /// RMS norm over the last axis.
    RmsNorm(&'a RmsNorm<B>),
    /// Group norm over the channels.
    GroupNorm(&'a GroupNorm<B>),
    /// Max pooling.
    MaxPool2d(&'a MaxPool2d),
    /// Average pooling.
    AvgPool2d(&'a AvgPool2d),
    /// Average pooling to a given size.
    AdaptiveAvgPool2d(&'a AdaptiveAvgPool2d),
    /// Max pooling to a given size.
    AdaptiveMaxPool2d(&'a AdaptiveMaxPool2d),
    /// An elementwise activation.
    Activation(&'a Activation),
    /// Softmax along an axis.
    Softmax(&'a Softmax),
    /// Logarithm of the softmax along an axis.
    LogSoftmax(&'a LogSoftmax),
    /// Up-sampling to another size.
    Upsample2d(&'a Upsample2d),
    /// Zeros (or another value) around an image.
    Pad2d(&'a Pad2d),
}

impl<B: Backend> Clone for Op<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Op<'_, B> {}

impl<B: Backend> Op<'_, B> {
    /// The operation's name, for messages: its struct's.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Conv2d(_) => "Conv2d",
            Op::Linear(_) => "Linear",
            Op::ChannelAffine(_) => "ChannelAffine",
            Op::LayerNorm(_) => "LayerNorm",
            Op::RmsNorm(_) => "RmsNorm",
            Op::GroupNorm(_) => "GroupNorm",
            Op::MaxPool2d(_) => "MaxPool2d",
            Op::AvgPool2d(_) => "AvgPool2d",
            Op::AdaptiveAvgPool2d(_) => "AdaptiveAvgPool2d",
            Op::AdaptiveMaxPool2d(_) => "AdaptiveMaxPool2d",
            Op::Activation(_) => "Activation",
            Op::Softmax(_) => "Softmax",
            Op::LogSoftmax(_) => "LogSoftmax",
            Op::Upsample2d(_) => "Upsample2d",
            Op::Pad2d(_) => "Pad2d",
        }
    }

    /// The output's shape for an input's, with everything checked: the input against the weights, and every parameter.
    /// The layers call it before a backend is asked.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape), [`Error::Shape`](crate::Error::Shape) and
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter), as each operation's own `output_shape` says.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        match self {
            Op::Conv2d(op) => op.output_shape(input),
            Op::Linear(op) => op.output_shape(input),
            Op::ChannelAffine(op) => op.output_shape(input),
            Op::LayerNorm(op) => op.output_shape(input),
            Op::RmsNorm(op) => op.output_shape(input),
            Op::GroupNorm(op) => op.output_shape(input),
            Op::MaxPool2d(op) => op.output_shape(input),
            Op::AvgPool2d(op) => op.output_shape(input),
            Op::AdaptiveAvgPool2d(op) => op.output_shape(input),
            Op::AdaptiveMaxPool2d(op) => op.output_shape(input),
            Op::Activation(_) => shape::countable("Activation", input, input.to_vec()),
            Op::Softmax(op) => op.output_shape(input),
            Op::LogSoftmax(op) => op.output_shape(input),
            Op::Upsample2d(op) => op.output_shape(input),
            Op::Pad2d(op) => op.output_shape(input),
        }
    }

    /// The activation, if it is one.
    pub fn as_activation(&self) -> Option<Activation> {
        match self {
            Op::Activation(f) => Some(**f),
            _ => None,
        }
    }

    /// True when the operation is affine in its input, so that its pullback is the same everywhere.
    pub fn is_affine(&self) -> bool {
        match self {
            Op::Conv2d(_)
            | Op::Linear(_)
            | Op::ChannelAffine(_)
            | Op::AvgPool2d(_)
            | Op::AdaptiveAvgPool2d(_)
            | Op::Upsample2d(_)
            | Op::Pad2d(_) => true,
            Op::LayerNorm(_)
            | Op::RmsNorm(_)
            | Op::GroupNorm(_)
            | Op::MaxPool2d(_)
            | Op::AdaptiveMaxPool2d(_)
            | Op::Activation(_)
            | Op::Softmax(_)
            | Op::LogSoftmax(_) => false,
        }
    }

    /// Where the operation's weights live, if it has any.
    pub fn placement(&self) -> Option<B::Placement> {
        let weight = match self {
            Op::Conv2d(op) => Some(&op.weight),
            Op::Linear(op) => Some(&op.weight),
            Op::ChannelAffine(op) => Some(&op.scale),
            Op::LayerNorm(op) => op.weight.as_ref().or(op.bias.as_ref()),
            Op::RmsNorm(op) => op.weight.as_ref(),
            Op::GroupNorm(op) => op.weight.as_ref().or(op.bias.as_ref()),
            _ => None,
        };
        weight.map(Tensor::placement)
    }
}
