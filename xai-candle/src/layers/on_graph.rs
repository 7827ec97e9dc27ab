//! Layers written on a value of a graph.

use std::rc::Rc;

use candle_core::Tensor;
use xai_core::nn::{Binary, Op};
use xai_core::{Backend, Opaque, Result, Var};

use super::{Rule, Value};
use crate::rules::with_pullback;
use crate::weights::constant;
use crate::{Candle, Host};

/// A node of a graph for each operation.
impl<'m, E: Host> Value<'m> for Var<'m, Candle<E>> {
    type Host = E;

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
        if let Ok(shape) = self.shape() {
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

    fn by_rule(self, rule: impl Rule + 'm) -> Result<Self> {
        let place = (rule.weight().device(), rule.weight().dtype()).into();
        Ok(self.opaque(of_rule(Rc::new(rule)).placed(Some(place))))
    }
}

fn of_rule<'m, E: Host, R: Rule + 'm>(rule: Rc<R>) -> Opaque<'m, Candle<E>> {
    let (forward, shape) = (Rc::clone(&rule), Rc::clone(&rule));
    let code = Opaque::with_vjp(
        move |x: &[xai_core::Tensor<Candle<E>>]| Ok(xai_core::Tensor::new(forward.run(x[0].inner())?.0)),
        move |x: &[xai_core::Tensor<Candle<E>>]| rule.run(x[0].inner()).map(with_pullback),
    );
    let code = code.shaped(move |inputs| shape.output_shape(inputs[0]));
    if R::AFFINE { code.affine() } else { code }
}
