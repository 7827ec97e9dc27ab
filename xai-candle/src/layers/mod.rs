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

use crate::nn::with_pullback;
use crate::rules::Pull;
use crate::{Candle, Host, Placement};

/// A layer with a pullback of its own.
trait Rule {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)>;

    /// One of its weights, if it has any.
    fn weight(&self) -> Option<&Tensor> {
        None
    }

    fn is_affine(&self) -> bool {
        false
    }
}

macro_rules! layers_by_rule {
    ($($layer:ty),* $(,)?) => {$(
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
                Rule::weight(self).map(|w| (w.device(), w.dtype()).into())
            }
            fn is_affine(&self) -> bool {
                Rule::is_affine(self)
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
fn weight(t: &Tensor) -> xai_core::Tensor<Candle> {
    xai_core::Tensor::new(t.detach())
}
