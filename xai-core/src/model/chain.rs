//! Layers one after another.

use std::fmt;

use crate::{Backend, Differentiable, Layer, Pullback, Result, Tensor};

/// Borrowed layers one after another, as a model. What a derived struct expands to.
pub struct Chain<'a, B: Backend>(Vec<(&'a str, &'a dyn Layer<B>)>);

impl<'a, B: Backend> Chain<'a, B> {
    /// Named layers, first to last. No layer at all is the identity.
    pub fn new(layers: Vec<(&'a str, &'a dyn Layer<B>)>) -> Self {
        Chain(layers)
    }

    /// As [`Layer::vjp`], for layers that outlive the chain itself.
    ///
    /// # Errors
    /// The layers' own, with the layer's name.
    pub fn vjp_of(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'a, B>)> {
        let mut y = x.clone();
        let mut pulls = Vec::with_capacity(self.0.len());
        for &(name, layer) in &self.0 {
            let (next, pull) = layer.vjp(&y).map_err(|e| e.in_layer(name))?;
            pulls.push((name, pull));
            y = next;
        }
        let pull_all = move |v: &Tensor<B>| {
            pulls.iter().rev().try_fold(v.clone(), |v, (name, p)| p.pull(&v).map_err(|e| e.in_layer(*name)))
        };
        Ok((y, Pullback::new(pull_all)))
    }
}

impl<B: Backend> fmt::Debug for Chain<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl<B: Backend> Differentiable for Chain<'_, B> {
    type Backend = B;
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        self.0.iter().try_fold(x.clone(), |x, (name, layer)| layer.forward(&x).map_err(|e| e.in_layer(*name)))
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.vjp_of(x)
    }
    fn placement(&self) -> B::Placement {
        self.0.iter().find_map(|(_, layer)| layer.placement()).unwrap_or_default()
    }
}
