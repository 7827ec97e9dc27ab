//! Layers that run on candle's tape: those made of other code, and those whose weights candle_nn keeps to itself.

use candle_core::Tensor;
use candle_nn::{Module, ModuleT, RNN};
use xai_core::{Layer, Opaque, Result, Var};

use crate::error::failed;
use crate::{Candle, Host};

/// Implements `Layer` by code that candle's tape records.
macro_rules! layer_on_tape {
    ($layer:ty, |$this:ident, $x:ident, $training:pat_param| $run:expr $(, $keeps:ident)?) => {
        impl<E: Host> Layer<Candle<E>> for $layer {
            fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> Result<Var<'m, Candle<E>>> {
                let ($this, $training) = (self, x.is_training());
                let code = Opaque::recorded(move |x: &[&Tensor]| {
                    let $x = x[0];
                    $run.map_err(failed)
                });
                Ok(x.opaque(code$(.shaped($keeps))?))
            }
        }
    };
}

layer_on_tape!(candle_nn::Sequential, |layer, x, _| Module::forward(layer, x));
layer_on_tape!(candle_nn::Func<'_>, |layer, x, _| Module::forward(layer, x));
layer_on_tape!(candle_nn::FuncT<'_>, |layer, x, training| ModuleT::forward_t(layer, x, training));
layer_on_tape!(candle_nn::GroupNorm, |layer, x, _| Module::forward(layer, x), same);
// (batch, length, features) to the hidden state after each step, (batch, length, hidden).
layer_on_tape!(candle_nn::LSTM, |layer, x, _| layer.seq(x).and_then(|states| layer.states_to_tensor(&states)));
layer_on_tape!(candle_nn::GRU, |layer, x, _| layer.seq(x).and_then(|states| layer.states_to_tensor(&states)));

fn same(inputs: &[&[usize]]) -> Result<Vec<usize>> {
    Ok(inputs[0].to_vec())
}
