//! tch's own layers: operations of the vocabulary where there is one, else code that nobody can look into.
//!
//! An operation shares the layer's tensors, and never asks for their gradients. What the layer itself wishes for them
//! stays as it is.

mod conv;
mod norm;
mod settings;

use tch::Tensor as Torch;
use tch::nn::{self, Module, ModuleT};
use xai_core::nn::{Embedding, Linear};
use xai_core::{Layer, Opaque, Result, Tensor, Var, Weight};

use crate::failure::TchResult;
use crate::tape::{X, evaluate, is_training, record};
use crate::{HostFloat, LibTorch};

type Value<'m, E> = Var<'m, LibTorch<E>>;

/// A tensor of a layer's, shared.
fn weight<E: HostFloat>(t: &Torch) -> Weight<LibTorch<E>> {
    Tensor::new(t.shallow_clone()).into()
}

/// A layer's tensor to compute with: off the tape, unless somebody trains.
fn kept(t: &Torch) -> TchResult {
    if is_training() { Ok(t.shallow_clone()) } else { t.f_detach() }
}

/// A length as the core counts it.
fn length(n: i64) -> Option<usize> {
    usize::try_from(n).ok()
}

/// Code of tch's own, which leaves its input alone, so that it gets no copy of it.
fn opaque<'m, E: HostFloat>(code: impl Fn(&Torch) -> Torch + Copy + 'm) -> Opaque<'m, LibTorch<E>> {
    let run = move |x: &[&Torch]| Ok(code(x[0]));
    let vjp = move |x: &[X<E>]| record(run, x, &[true]);
    Opaque::with_vjp(move |x| evaluate(run, x), vjp).taped()
}

/// Batch norm and its like run in evaluation mode, whatever mode the user trains in.
fn in_evaluation<M: ModuleT>(layer: &M, x: &Torch) -> Torch {
    layer.forward_t(x, false)
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::Linear {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        Ok(x.op(Linear { weight: weight(&self.ws), bias: self.bs.as_ref().map(weight) }))
    }
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::Embedding {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        Ok(x.op(Embedding { table: weight(&self.ws) }))
    }
}

/// Layers with code of the user's in them.
macro_rules! layers_of_code {
    ($($layer:ty: |$this:ident, $x:ident, $training:pat_param| $forward:expr;)*) => {$(
        impl<E: HostFloat> Layer<LibTorch<E>> for $layer {
            fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
                let ($this, $training) = (self, x.is_training());
                Ok(x.opaque(Opaque::recorded(move |x| {
                    let $x = x[0];
                    Ok($forward)
                })))
            }
        }
    )*};
}

layers_of_code! {
    nn::Sequential: |layer, x, _| Module::forward(layer, x);
    nn::SequentialT: |layer, x, training| ModuleT::forward_t(layer, x, training);
    nn::Func<'_>: |layer, x, _| Module::forward(layer, x);
    nn::FuncT<'_>: |layer, x, training| ModuleT::forward_t(layer, x, training);
}
