//! The layers of candle_nn's that have a gradient of this crate's own.

use std::iter;

use candle_core::{Module, ModuleT, Tensor};
use xai_core::{Layer, Result, Var};

use super::Value;
use crate::{Candle, Host};

/// A layer of candle_nn's with a gradient of its own, right where candle's is not: see
/// [`ops::layer`](crate::ops::layer).
///
/// Implemented here alone, for the layers whose weights candle_nn shows.
pub trait OwnGradient: sealed::Sealed {
    /// What the layer computes of x, written once for graphs and for candle's tape.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc)]
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V>;
}

mod sealed {
    use candle_core::{Result, Tensor};

    pub trait Sealed {
        /// The weights that may be trained.
        fn weights(&self) -> Vec<&Tensor>;
        /// By candle's own operations, in a form that has a gradient to the weights.
        fn by_candle(&self, x: &Tensor) -> Result<Tensor>;
    }
}

macro_rules! layers {
    ($($layer:ty: |$it:ident, $x:ident| $weights:expr, $by_candle:expr;)*) => {$(
        impl sealed::Sealed for $layer {
            fn weights(&self) -> Vec<&Tensor> {
                let $it = self;
                $weights
            }
            fn by_candle(&self, $x: &Tensor) -> candle_core::Result<Tensor> {
                let $it = self;
                $by_candle
            }
        }

        impl<E: Host> Layer<Candle<E>> for $layer {
            fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
                self.through(x)
            }
        }
    )*};
}

fn with<'a>(weight: &'a Tensor, bias: Option<&'a Tensor>) -> Vec<&'a Tensor> {
    iter::once(weight).chain(bias).collect()
}

layers! {
    candle_nn::Activation: |_it, x| Vec::new(), _it.forward(x);
    candle_nn::BatchNorm: |it, x|
        it.weight_and_bias().into_iter().flat_map(|(weight, bias)| [weight, bias]).collect(), it.forward_t(x, false);
    candle_nn::Conv1d: |it, x| with(it.weight(), it.bias()), it.forward(x);
    candle_nn::Conv2d: |it, x| with(it.weight(), it.bias()), it.forward(x);
    candle_nn::ConvTranspose1d: |it, x| with(it.weight(), it.bias()), it.forward(x);
    candle_nn::ConvTranspose2d: |it, x| with(it.weight(), it.bias()), it.forward(x);
    candle_nn::Dropout: |_it, x| Vec::new(), Ok(x.clone());
    candle_nn::LayerNorm: |it, x| with(it.weight(), it.bias()), {
        // Without a bias candle takes its slow form, which has a gradient.
        let scaled = if it.remove_mean() {
            candle_nn::LayerNorm::new_no_bias(it.weight().clone(), it.eps())
        } else {
            candle_nn::LayerNorm::rms_norm(it.weight().clone(), it.eps())
        };
        let y = scaled.forward(x)?;
        it.bias().map_or(Ok(y.clone()), |bias| y.broadcast_add(bias))
    };
    candle_nn::Linear: |it, x| with(it.weight(), it.bias()), it.forward(x);
    candle_nn::PReLU: |it, x| vec![it.weight()], it.forward(x);
    candle_nn::RmsNorm: |it, x| vec![it.weight()], it.forward_diff(x);
}
