//! A model from two parts.

use crate::{BoxModel, Chain, Differentiable, Layer, LayerSplit, Pullback, Result, Tensor};

/// Two models one after another: output = adaptation(features(x)).
///
/// This is how Grad-CAM gets a bare pair of functions, with no framework and no derive:
/// `Split::new(ForwardOnly::new(features), Function::new(adaptation, adaptation_vjp))`.
#[derive(Debug, Clone)]
pub struct Split<F, A> {
    features: F,
    adaptation: A,
}

impl<F, A> Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    /// The model of both parts.
    pub fn new(features: F, adaptation: A) -> Self {
        Split { features, adaptation }
    }

    fn chain(&self) -> Chain<'_, F::Backend> {
        layers_of(&self.features, "features").then(layers_of(&self.adaptation, "adaptation"))
    }
}

impl<F, A> Differentiable for Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    type Backend = F::Backend;
    fn forward(&self, x: &Tensor<F::Backend>) -> Result<Tensor<F::Backend>> {
        Layer::forward(&self.chain(), x)
    }
    fn vjp(&self, x: &Tensor<F::Backend>) -> Result<(Tensor<F::Backend>, Pullback<'_, F::Backend>)> {
        Box::new(self.chain()).into_vjp(x)
    }
    fn placement(&self) -> <F::Backend as crate::Backend>::Placement {
        self.features.placement()
    }
    fn layers(&self) -> Option<Chain<'_, F::Backend>> {
        Some(self.chain())
    }
}

impl<F, A> LayerSplit for Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    fn features(&self) -> BoxModel<'_, F::Backend> {
        Box::new(&self.features)
    }
    fn adaptation(&self) -> BoxModel<'_, F::Backend> {
        Box::new(&self.adaptation)
    }
}

/// A model as one layer, whatever it is made of.
struct Whole<'a, M>(&'a M);

impl<M: Differentiable> Layer<M::Backend> for Whole<'_, M> {
    fn forward(&self, x: &Tensor<M::Backend>) -> Result<Tensor<M::Backend>> {
        self.0.forward(x)
    }
    fn vjp(&self, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'_, M::Backend>)> {
        self.0.vjp(x)
    }
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'p, M::Backend>)>
    where
        Self: 'p,
    {
        self.0.vjp(x)
    }
}

/// The layers of a part, or the part as one.
fn layers_of<'a, M: Differentiable>(part: &'a M, name: &'a str) -> Chain<'a, M::Backend> {
    match part.layers() {
        Some(layers) => layers.within(name),
        None => Chain::new().owned(name, Whole(part)),
    }
}
