//! candle_nn's own layer types as layers of an explainable model.
//!
//! Weights are read, never recorded or changed. Layers whose weights candle_nn keeps to itself, and those made of
//! other code, run on candle's tape.

mod activation;
mod batch_norm;
mod conv;
mod conv_transpose;
mod embedding;
mod linear;
mod norm;
mod taped;

use candle_core::Tensor;
use xai_core::nn::Op;
use xai_core::{Layer, Pullback, Result};

pub(crate) use self::batch_norm::scale_and_shift;
use crate::nn::with_pullback;
use crate::rules::Pull;
use crate::{Candle, Host, Placement};

/// A layer of candle_nn's with a gradient of its own, right where candle's is not: see [`ops::layer`](crate::ops::layer).
///
/// Implemented here alone, for the layers whose weights candle_nn shows.
pub trait OwnGradient: sealed::Sealed {
    /// The output, and the pullback to the input.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc)]
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)>;

    /// One of its weights, if it has any.
    #[doc(hidden)]
    fn weight(&self) -> Option<&Tensor> {
        None
    }

    /// Shows it as an operation of the vocabulary, if it is one.
    #[doc(hidden)]
    fn show<E: Host>(&self, see: &mut dyn FnMut(Op<'_, Candle<E>>)) {
        let _ = see;
    }

    /// Whether it is affine in its input.
    #[doc(hidden)]
    fn is_affine(&self) -> bool {
        false
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! layers_by_rule {
    ($($layer:ty),* $(,)?) => {$(
        impl sealed::Sealed for $layer {}

        impl<E: Host> Layer<Candle<E>> for $layer {
            fn forward(&self, x: &xai_core::Tensor<Candle<E>>) -> Result<xai_core::Tensor<Candle<E>>> {
                self.rule(x.inner()).map(|(y, _)| xai_core::Tensor::new(y))
            }
            fn vjp(
                &self,
                x: &xai_core::Tensor<Candle<E>>,
            ) -> Result<(xai_core::Tensor<Candle<E>>, Pullback<'_, Candle<E>>)> {
                self.rule(x.inner()).map(with_pullback)
            }
            fn placement(&self) -> Option<Placement> {
                OwnGradient::weight(self).map(|w| (w.device(), w.dtype()).into())
            }
            fn is_affine(&self) -> bool {
                OwnGradient::is_affine(self)
            }
            fn as_op(&self, see: &mut dyn FnMut(Op<'_, Candle<E>>)) {
                OwnGradient::show(self, see);
            }
        }
    )*};
}

layers_by_rule!(
    candle_nn::Activation,
    candle_nn::BatchNorm,
    candle_nn::Conv1d,
    candle_nn::Conv2d,
    candle_nn::ConvTranspose1d,
    candle_nn::ConvTranspose2d,
    candle_nn::Dropout,
    candle_nn::LayerNorm,
    candle_nn::Linear,
    candle_nn::PReLU,
    candle_nn::RmsNorm,
);

/// Rules do not depend on the numbers outside: any will do.
type AnyOp<'a> = Op<'a, Candle>;

/// A candle tensor as a weight of the vocabulary's operations.
fn weight<E: Host>(t: &Tensor) -> xai_core::Tensor<Candle<E>> {
    xai_core::Tensor::new(t.detach())
}
