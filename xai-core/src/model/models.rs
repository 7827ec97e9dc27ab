//! Layers that are whole models, because they know their backend.

use crate::layers::Sequential;
use crate::layers::function::{ForwardOnly, Function};
use crate::{Backend, Differentiable, ForwardOutput, Layer, Result, Var};

impl<B: Backend> Differentiable for Sequential<B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Layer::trace(self, Var::only(inputs)?)
    }
}

impl<B, F, P, O, G> Differentiable for Function<B, F, P>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    P: Fn(&B::Tensor, &B::Tensor) -> G,
    O: ForwardOutput<B>,
    G: ForwardOutput<B>,
{
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Layer::trace(self, Var::only(inputs)?)
    }
}

impl<B, F, O> Differentiable for ForwardOnly<B, F>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Layer::trace(self, Var::only(inputs)?)
    }
}
