//! Layers one after another.

use std::fmt;

use crate::{Autograd, Backend, Differentiable, ForwardOutput, Layer, Pullback, Result, Tensor};

/// Named layers one after another, as a model and as a layer. What a derived struct expands to.
///
/// A layer is borrowed ([`layer`](Chain::layer)) or owned ([`owned`](Chain::owned)). No layer at all is the identity.
/// An error names the layer it came from.
pub struct Chain<'a, B: Backend> {
    links: Vec<(&'a str, Box<dyn Layer<B> + 'a>)>,
    placement: Option<B::Placement>,
}

impl<'a, B: Backend> Chain<'a, B> {
    /// A chain without layers.
    #[must_use]
    pub fn new() -> Self {
        Chain { links: Vec::new(), placement: None }
    }

    /// With one more layer at the end, borrowed.
    #[must_use]
    pub fn layer<L: Layer<B>>(self, name: &'a str, layer: &'a L) -> Self {
        self.owned(name, layer as &'a dyn Layer<B>)
    }

    /// With one more layer at the end, owned.
    #[must_use]
    pub fn owned<L: Layer<B> + 'a>(mut self, name: &'a str, layer: L) -> Self {
        self.links.push((name, Box::new(layer)));
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
}

impl<B: Backend> Default for Chain<'_, B> {
    fn default() -> Self {
        Chain::new()
    }
}

impl<B: Backend> fmt::Debug for Chain<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|(name, _)| name)).finish()
    }
}

/// Runs the links in order and strings their pullbacks together.
fn vjp_through<'p, B: Backend, L>(
    links: impl Iterator<Item = (&'p str, L)>,
    vjp: impl Fn(L, &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>,
    x: &Tensor<B>,
) -> Result<(Tensor<B>, Pullback<'p, B>)> {
    let mut y = x.clone();
    let mut pulls = Vec::new();
    for (name, layer) in links {
        let (next, pull) = vjp(layer, &y).map_err(|e| e.in_layer(name))?;
        pulls.push((name, pull));
        y = next;
    }
    let pull_all = move |v: &Tensor<B>| {
        pulls.iter().rev().try_fold(v.clone(), |v, (name, pull)| pull.pull(&v).map_err(|e| e.in_layer(*name)))
    };
    Ok((y, Pullback::new(pull_all)))
}

impl<B: Backend> Layer<B> for Chain<'_, B> {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        self.links.iter().try_fold(x.clone(), |x, (name, layer)| layer.forward(&x).map_err(|e| e.in_layer(*name)))
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        vjp_through(self.links.iter().map(|(name, layer)| (*name, layer)), |layer, x| layer.vjp(x), x)
    }
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        vjp_through(self.links.into_iter(), |layer, x| layer.into_vjp(x), x)
    }
    fn placement(&self) -> Option<B::Placement> {
        self.links.iter().find_map(|(_, layer)| layer.placement()).or_else(|| self.placement.clone())
    }
    fn is_affine(&self) -> bool {
        self.links.iter().all(|(_, layer)| layer.is_affine())
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
