//! Layers written on a value of a graph.

use std::rc::Rc;

use candle_core::Tensor;
use xai_core::nn::Binary;
use xai_core::{Backend, Op, Opaque, Result, Var};

use super::Value;
use crate::explaining::is_training;
use crate::weights::constant;
use crate::{Candle, Host};

/// A node of a graph for each operation.
impl<'m, E: Host> Value<'m> for Var<'m, Candle<E>> {
    type Host = E;

    fn is_on_tape(&self) -> bool {
        is_training()
    }

    fn only_evaluated(&self, layer: &str) -> Result<()> {
        Var::only_evaluated(self, layer)
    }

    fn shape(&self) -> Option<Vec<usize>> {
        Var::shape(self).ok()
    }

    fn through(self, op: impl Into<Op<Candle<E>>>) -> Result<Self> {
        Ok(self.op(op))
    }

    fn with(self, op: Binary, other: &Self) -> Result<Self> {
        Ok(self.op_with(op, &[other]))
    }

    fn beside(&self, tensor: &Tensor) -> Self {
        self.constant(constant(tensor))
    }

    fn moved(&self, op: impl Fn(&[usize]) -> Result<Op<Candle<E>>> + 'm) -> Result<Self> {
        if let Some(shape) = Value::shape(self) {
            return Ok(self.op(op(&shape)?));
        }
        // Behind code that nobody can look into the shape is known when it runs.
        let op = Rc::new(move |x: &xai_core::Tensor<Candle<E>>| op(&x.shape()));
        let forward = Rc::clone(&op);
        let code = Opaque::with_vjp(
            move |x: &[xai_core::Tensor<Candle<E>>]| Candle::forward(&forward(&x[0])?, &[&x[0]]),
            move |x: &[xai_core::Tensor<Candle<E>>]| Candle::vjp(&op(&x[0])?, &[&x[0]], &[true]),
        );
        Ok(self.opaque(code.affine()))
    }
}
