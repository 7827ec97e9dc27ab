//! Layers that run on candle's tape: those made of other code, and those whose weights candle_nn keeps to itself.

use candle_core::Tensor;
use candle_nn::{Module, ModuleT, RNN};
use xai_core::{Autograd, Layer, Pullback, Result};

use crate::backend::failed;
use crate::{Candle, Host};

/// Implements `Layer` by running the given code: without a tape, or on one.
macro_rules! layer_on_tape {
    ($layer:ty, |$this:ident, $x:ident| $run:expr) => {
        impl<E: Host> Layer<Candle<E>> for $layer {
            fn forward(&self, x: &xai_core::Tensor<Candle<E>>) -> Result<xai_core::Tensor<Candle<E>>> {
                let $this = self;
                Candle::evaluate(|$x: &Tensor| $run.map_err(failed), x)
            }
            fn vjp(
                &self,
                x: &xai_core::Tensor<Candle<E>>,
            ) -> Result<(xai_core::Tensor<Candle<E>>, Pullback<'_, Candle<E>>)> {
                let $this = self;
                Candle::record(move |$x: &Tensor| $run.map_err(failed), x)
            }
        }
    };
}

layer_on_tape!(candle_nn::Sequential, |layer, x| Module::forward(layer, x));
layer_on_tape!(candle_nn::Func<'_>, |layer, x| Module::forward(layer, x));
layer_on_tape!(candle_nn::FuncT<'_>, |layer, x| ModuleT::forward_t(layer, x, false));
layer_on_tape!(candle_nn::GroupNorm, |layer, x| Module::forward(layer, x));
// (batch, length, features) to the hidden state after each step, (batch, length, hidden).
layer_on_tape!(candle_nn::LSTM, |layer, x| layer.seq(x).and_then(|states| layer.states_to_tensor(&states)));
layer_on_tape!(candle_nn::GRU, |layer, x| layer.seq(x).and_then(|states| layer.states_to_tensor(&states)));
