//! The operations that a backend implements for the layers.

use super::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, GroupNorm, LayerNorm, Linear,
    LogSoftmax, MaxPool2d, Pad2d, RmsNorm, Softmax, Upsample2d,
};
use crate::{Backend, Pullback, Result, Tensor};

/// A backend that has the operations that networks are made of, each with its pullback to the input.
pub trait NnBackend: Backend {
    /// y = op(x), without a tape. The input's shape has been checked against the operation.
    ///
    /// # Errors
    /// The framework's own.
    fn forward(op: Op<'_, Self>, x: &Tensor<Self>) -> Result<Tensor<Self>>;

    /// y = op(x), and the pullback to x; gradients of weights are never computed. The pullback shares what it needs of
    /// the operation and borrows nothing.
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
