//! The operations as layers.

use crate::op::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, ConvTranspose2d, Embedding,
    Flatten, GroupNorm, LayerNorm, Linear, LogSoftmax, MaxPool2d, Pad2d, RmsNorm, Softmax, Upsample2d,
};
use crate::{Backend, Layer, Result, Var};

macro_rules! layers {
    ($($kind:ty),* $(,)?) => {$(
        impl<B: Backend> Layer<B> for $kind {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                Ok(x.op(self.clone()))
            }
        }
    )*};
}

layers!(
    Conv2d<B>,
    ConvTranspose2d<B>,
    Linear<B>,
    ChannelAffine<B>,
    LayerNorm<B>,
    RmsNorm<B>,
    GroupNorm<B>,
    Embedding<B>,
    MaxPool2d,
    AvgPool2d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    Activation,
    Softmax,
    LogSoftmax,
    Upsample2d,
    Pad2d,
    Flatten,
);
