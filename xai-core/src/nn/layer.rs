//! The operations as layers.

use super::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, GroupNorm, LayerNorm, Linear,
    LogSoftmax, MaxPool2d, NnBackend, Op, Pad2d, RmsNorm, Softmax, Upsample2d,
};
use crate::{Error, Layer, Pullback, Result, Tensor};

fn forward<B: NnBackend>(op: Op<'_, B>, x: &Tensor<B>) -> Result<Tensor<B>> {
    op.output_shape(&x.shape())?;
    B::forward(op, x)
}

fn vjp<B: NnBackend>(op: Op<'_, B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'static, B>)> {
    let output = op.output_shape(&x.shape())?;
    let name = op.name();
    let (y, pullback) = B::vjp(op, x)?;
    let pull = move |v: &Tensor<B>| {
        let got = v.shape();
        if got != output {
            return Err(Error::Shape { what: format!("cotangent of {name}"), expected: output.clone(), got });
        }
        pullback.pull(v)
    };
    Ok((y, Pullback::new(pull)))
}

macro_rules! layers {
    ($($layer:ident: $kind:ty),* $(,)?) => {$(
        impl<B: NnBackend> Layer<B> for $kind {
            fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
                forward(Op::$layer(self), x)
            }
            fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
                vjp(Op::$layer(self), x)
            }
            fn placement(&self) -> Option<B::Placement> {
                Op::<B>::$layer(self).placement()
            }
            fn is_affine(&self) -> bool {
                Op::<B>::$layer(self).is_affine()
            }
            fn as_op(&self, see: &mut dyn FnMut(Op<'_, B>)) {
                see(Op::$layer(self));
            }
            fn is_recorded(&self) -> bool {
                B::RECORDS_OPS
            }
        }
    )*};
}

layers!(
    Conv2d: Conv2d<B>,
    Linear: Linear<B>,
    ChannelAffine: ChannelAffine<B>,
    LayerNorm: LayerNorm<B>,
    RmsNorm: RmsNorm<B>,
    GroupNorm: GroupNorm<B>,
    MaxPool2d: MaxPool2d,
    AvgPool2d: AvgPool2d,
    AdaptiveAvgPool2d: AdaptiveAvgPool2d,
    AdaptiveMaxPool2d: AdaptiveMaxPool2d,
    Activation: Activation,
    Softmax: Softmax,
    LogSoftmax: LogSoftmax,
    Upsample2d: Upsample2d,
    Pad2d: Pad2d,
);
