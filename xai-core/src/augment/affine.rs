//! The affine layers that a network begins with, which an averaged gradient passes once.

use crate::{Analyzer, Chain, Differentiable, Pullback, Result, Tensor};

/// A model cut behind the affine layers that it begins with: f = rest ∘ start, start(x) = J·x + b.
///
/// The gradient at a copy xᵢ of the input is Jᵀ·gᵢ with gᵢ the gradient of the rest at start(xᵢ), so that the mean of
/// gradients is Jᵀ · (mean of the gᵢ): one pullback for all copies. On a straight path start(xᵢ) is on the straight path
/// between the ends' values, so that the layers themselves run at the ends alone. Exact up to rounding.
pub(crate) struct AffineStart<'a, M: Differentiable + ?Sized> {
    start: Chain<'a, M::Backend>,
    /// What comes behind.
    pub(crate) rest: Chain<'a, M::Backend>,
}

impl<'a, M: Differentiable + ?Sized> AffineStart<'a, M> {
    /// Nothing when the values of the analyzer do not commute with the layers, or the model does not begin with a layer
    /// that is known to be affine.
    pub(crate) fn of<A: Analyzer<M>>(analyzer: &A, model: &'a M) -> Option<Self> {
        let layers = analyzer.is_gradient().then(|| model.layers()).flatten()?;
        let (start, rest) = layers.split_affine();
        (!start.is_empty()).then_some(AffineStart { start, rest })
    }

    /// start(x).
    pub(crate) fn forward(&self, x: &Tensor<M::Backend>) -> Result<Tensor<M::Backend>> {
        Differentiable::forward(&self.start, x)
    }

    /// start(x), and the pullback, the same for all copies.
    pub(crate) fn vjp(&self, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'_, M::Backend>)> {
        Differentiable::vjp(&self.start, x)
    }
}

/// Pulls a mean back, which was added up in a wider number type than the model's.
pub(crate) fn pull_mean<B: crate::Backend>(
    pullback: &Pullback<'_, B>,
    mean: &Tensor<B>,
    like: &Tensor<B>,
) -> Result<Tensor<B>> {
    pullback.pull(&mean.in_type_of(like)?)?.widen()
}
