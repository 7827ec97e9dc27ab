//! A model from two parts.

use crate::{BoxModel, Differentiable, Error, LayerSplit, Pullback, Result, Tensor};

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
}

impl<F, A> Differentiable for Split<F, A>
where
    F: Differentiable,
    A: Differentiable<Backend = F::Backend>,
{
    type Backend = F::Backend;
    fn forward(&self, x: &Tensor<F::Backend>) -> Result<Tensor<F::Backend>> {
        let maps = self.features.forward(x).map_err(in_features)?;
        self.adaptation.forward(&maps).map_err(in_adaptation)
    }
    fn vjp(&self, x: &Tensor<F::Backend>) -> Result<(Tensor<F::Backend>, Pullback<'_, F::Backend>)> {
        let (maps, to_input) = self.features.vjp(x).map_err(in_features)?;
        let (y, to_maps) = self.adaptation.vjp(&maps).map_err(in_adaptation)?;
        let pull = move |v: &Tensor<F::Backend>| {
            let dmaps = to_maps.pull(v).map_err(in_adaptation)?;
            to_input.pull(&dmaps).map_err(in_features)
        };
        Ok((y, Pullback::new(pull)))
    }
    fn placement(&self) -> <F::Backend as crate::Backend>::Placement {
        self.features.placement()
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

fn in_features(error: Error) -> Error {
    error.in_layer("features")
}

fn in_adaptation(error: Error) -> Error {
    error.in_layer("adaptation")
}
