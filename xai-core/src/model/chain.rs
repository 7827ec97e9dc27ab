//! Layers one after another.

use std::fmt;

use super::Link;
use crate::{Autograd, Backend, Differentiable, ForwardOutput, Layer, Pullback, Result, Segments, Tensor};

/// Named layers one after another, as a model and as a layer. What a derived struct expands to.
///
/// A layer is borrowed ([`layer`](Chain::layer)) or owned ([`owned`](Chain::owned)). No layer at all is the identity.
/// An error names the layer it came from. Layers that are made of layers themselves are run as those
/// ([`Layer::layers`]), so that a backend sees as long a run as there is ([`Backend::vjp_run`]).
pub struct Chain<'a, B: Backend> {
    links: Vec<Link<'a, B>>,
    placement: Option<B::Placement>,
}

impl<'a, B: Backend> Chain<'a, B> {
    /// A chain without layers.
    #[must_use]
    pub fn new() -> Self {
        Chain::of(Vec::new())
    }

    fn of(links: Vec<Link<'a, B>>) -> Self {
        Chain { links, placement: None }
    }

    /// With one more layer at the end, borrowed.
    #[must_use]
    pub fn layer<L: Layer<B>>(self, name: &'a str, layer: &'a L) -> Self {
        self.borrowed(vec![name], layer)
    }

    /// With one more layer at the end, borrowed, of any type and under any number of names.
    #[must_use]
    pub(crate) fn borrowed(mut self, names: Vec<&'a str>, layer: &'a (dyn Layer<B> + 'a)) -> Self {
        self.links.push(Link::borrowed(names, layer));
        self
    }

    /// With one more layer at the end, owned.
    #[must_use]
    pub fn owned<L: Layer<B> + 'a>(mut self, name: &'a str, layer: L) -> Self {
        self.links.push(Link::owned(vec![name], Box::new(layer)));
        self
    }

    /// With one more layer at the end: forward code on the framework's own tensors, differentiated by the framework.
    #[must_use]
    pub fn function<F, O>(self, name: &'a str, forward: F) -> Self
    where
        B: Autograd,
        F: Fn(&B::Tensor) -> O + 'a,
        O: ForwardOutput<B>,
    {
        self.owned(name, forward)
    }

    /// Where inputs have to be brought when none of the layers knows: the place of a larger network that this is a part
    /// of.
    #[must_use]
    pub(crate) fn placed(mut self, placement: Option<B::Placement>) -> Self {
        self.placement = placement;
        self
    }

    /// First the layers of this chain, then those of another.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.links.extend(later.links);
        self.placement = self.placement.or(later.placement);
        self
    }

    /// The same chain as a part of something that has a name: errors say so.
    #[must_use]
    pub fn within(self, name: &'a str) -> Self {
        let links = self.links.into_iter().map(|link| link.within(name)).collect();
        Chain { links, placement: self.placement }
    }

    /// The affine layers that the chain begins with, and the rest: f = rest ∘ affine, where the first part's pullback
    /// is the same everywhere. Either may be without layers, which is the identity.
    ///
    /// ```
    /// # use xai_core::{nn::Activation, nn::Flatten, nn::Sequential, Differentiable, Layer, NdArray};
    /// let net = Sequential::<NdArray>::new().push(Flatten::default()).push(Activation::Relu).push(Flatten::default());
    /// let (affine, rest) = Layer::layers(&net).unwrap().split_affine();
    /// assert_eq!((affine.len(), rest.len()), (1, 2));
    /// ```
    #[must_use]
    pub fn split_affine(self) -> (Self, Self) {
        let mut affine = self.into_flat();
        let end = affine.iter().position(|link| !link.layer().is_affine()).unwrap_or(affine.len());
        let rest = affine.split_off(end);
        (Chain::of(affine), Chain::of(rest))
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// True when there is no layer: the identity.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The same layers, borrowed from this chain.
    pub(crate) fn by_ref(&self) -> Chain<'_, B> {
        Chain { links: self.links.iter().map(Link::by_ref).collect(), placement: self.placement.clone() }
    }

    pub(crate) fn into_links(self) -> Vec<Link<'a, B>> {
        self.links
    }

    /// As [`into_vjp`](Layer::into_vjp), by the layers' mean Jacobians over each segment of a path.
    pub(crate) fn into_segment_vjp(
        self,
        segments: &Segments<B>,
        x: &Tensor<B>,
    ) -> Result<(Tensor<B>, Pullback<'a, B>)> {
        segments.through(self.into_flat(), x)
    }

    fn into_flat(self) -> Vec<Link<'a, B>> {
        self.links.into_iter().flat_map(Link::flat).collect()
    }
}

impl<B: Backend> Default for Chain<'_, B> {
    fn default() -> Self {
        Chain::new()
    }
}

impl<B: Backend> fmt::Debug for Chain<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.links).finish()
    }
}

impl<B: Backend> Layer<B> for Chain<'_, B> {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        B::forward_run(&self.by_ref().into_flat(), x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        B::vjp_run(self.by_ref().into_flat(), x)
    }
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        B::vjp_run((*self).into_flat(), x)
    }
    fn placement(&self) -> Option<B::Placement> {
        self.links.iter().find_map(|link| link.layer().placement()).or_else(|| self.placement.clone())
    }
    fn is_affine(&self) -> bool {
        self.links.iter().all(|link| link.layer().is_affine())
    }
    fn layers(&self) -> Option<Chain<'_, B>> {
        Some(self.by_ref())
    }
    fn is_recorded(&self) -> bool {
        self.links.iter().all(|link| link.layer().is_recorded())
    }
}

impl<B: Backend> Differentiable for Chain<'_, B> {
    type Backend = B;
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        Layer::forward(self, x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        Layer::vjp(self, x)
    }
    fn placement(&self) -> B::Placement {
        Layer::placement(self).unwrap_or_default()
    }
    fn layers(&self) -> Option<Chain<'_, B>> {
        Some(self.by_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Error, NdArray};
    use ndarray::array;

    type B = NdArray<f64>;

    /// x ↦ factor · x, which counts its passes and knows its place if it is told to.
    struct Scale {
        factor: f64,
        passes: Cell<usize>,
        placed: bool,
    }

    fn scale(factor: f64) -> Scale {
        Scale { factor, passes: Cell::new(0), placed: false }
    }

    impl Layer<B> for Scale {
        fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
            self.passes.set(self.passes.get() + 1);
            x.scale(self.factor)
        }
        fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
            Ok((Layer::forward(self, x)?, Pullback::new(|v| v.scale(self.factor))))
        }
        fn placement(&self) -> Option<()> {
            self.placed.then_some(())
        }
        fn is_affine(&self) -> bool {
            true
        }
    }

    /// x ↦ x², and an error where x has three columns.
    struct Square;

    impl Layer<B> for Square {
        fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
            Error::check_shape("input of Square", &[1, 2], &x.shape())?;
            x.mul(x)
        }
        fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
            let y = Layer::forward(self, x)?;
            let twice = x.scale(2.0)?;
            Ok((y, Pullback::new(move |v| v.mul(&twice))))
        }
    }

    fn input() -> Tensor<B> {
        Tensor::new(array![[1.0, -3.0]].into_dyn().into_shared())
    }

    #[test]
    fn an_owned_layer_gives_a_pullback_that_outlives_the_chain() {
        let three = scale(3.0);
        let chain = Chain::new().layer("three", &three).owned("square", Square).owned("two", scale(2.0));
        let (y, pull) = Layer::into_vjp(Box::new(chain), &input()).unwrap();
        assert_eq!(y.download().unwrap(), array![[18.0, 162.0]].into_dyn());
        let dx = pull.pull(&y).unwrap();
        // 2 · 2 · (3x) · 3 times the cotangent
        assert_eq!(dx.download().unwrap(), array![[36.0 * 18.0, -108.0 * 162.0]].into_dyn());
        assert_eq!(three.passes.get(), 1, "a borrowed layer runs once");
    }

    #[test]
    fn a_borrowed_vjp_gives_the_same() {
        let chain = Chain::new().owned("three", scale(3.0)).owned("square", Square);
        let (y, pull) = Layer::vjp(&chain, &input()).unwrap();
        assert_eq!(y.download().unwrap(), array![[9.0, 81.0]].into_dyn());
        assert_eq!(pull.pull(&input()).unwrap().download().unwrap(), array![[18.0, 162.0]].into_dyn());
    }

    #[test]
    fn no_layer_is_the_identity() {
        let chain: Chain<'_, B> = Chain::default();
        let (y, pull) = Layer::into_vjp(Box::new(chain), &input()).unwrap();
        assert_eq!(y.download().unwrap(), input().download().unwrap());
        assert_eq!(pull.pull(&y).unwrap().download().unwrap(), input().download().unwrap());
    }

    #[test]
    fn errors_name_the_layer() {
        let chain = Chain::new().owned("two", scale(2.0)).owned("square", Square);
        let wide = Tensor::new(array![[1.0, 2.0, 3.0]].into_dyn().into_shared());
        for result in [Layer::forward(&chain, &wide).err(), Layer::vjp(&chain, &wide).err()] {
            assert!(result.unwrap().to_string().starts_with("in layer `square`: "));
        }
    }

    #[test]
    fn place_and_affinity_are_those_of_the_layers() {
        let known = Scale { placed: true, ..scale(1.0) };
        let unknown: Chain<'_, B> = Chain::new().owned("a", scale(1.0)).owned("b", scale(2.0));
        assert_eq!(Layer::placement(&unknown), None);
        assert!(unknown.is_affine());
        let later = unknown.then(Chain::new().layer("known", &known).owned("square", Square));
        assert_eq!(Layer::placement(&later), Some(()));
        assert!(!later.is_affine());
        assert_eq!(format!("{later:?}"), r#"["a", "b", "known", "square"]"#);
    }
}
