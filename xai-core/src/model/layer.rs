//! A layer: a piece of a model.

use std::fmt;
use std::marker::PhantomData;

use super::segments::Bend;
use crate::nn::Op;
use crate::{Autograd, Backend, Chain, Differentiable, ForwardOutput, Pullback, Recorded, Result, Segments, Tensor};

/// A piece of a model on the backend `B`: what the fields of a derived struct are.
///
/// The same two methods as [`Differentiable`]. The backend is a parameter here, so that an adapter crate can implement
/// it for the layer types of its framework: `impl Layer<Candle> for candle_nn::Conv2d`. On a backend that
/// differentiates by itself, closures `Fn(&B::Tensor) -> Result<B::Tensor, E>` are layers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer on `{B}`",
    label = "this type is no layer on `{B}`",
    note = "a layer is: a layer type of the framework, one of `xai::nn`, a closure on the framework's tensors, \
            a struct with `#[derive(Explainable)]`, an `Arc` of one, or a `Box<dyn Layer<{B}>>`",
    note = "a field that is none of these can be made one by a function, `#[explainable(features, with = path)]`; a \
            field that takes no part in the forward pass needs no mark"
)]
pub trait Layer<B: Backend> {
    /// y = f(x), without a tape.
    ///
    /// # Errors
    /// The layer's own.
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>>;

    /// y = f(x), and the pullback v ↦ vᵀ · ∂y/∂x.
    ///
    /// # Errors
    /// The layer's own.
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)>;

    /// As [`vjp`](Layer::vjp), with a pullback that owns the layer instead of borrowing it: for a layer that lives no
    /// longer than the pass, as a view of something else.
    ///
    /// Provided: the pullback runs the layer again. Override it where a single pass is enough.
    ///
    /// # Errors
    /// The layer's own.
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        let y = self.forward(x)?;
        let x = x.clone();
        Ok((y, Pullback::new(move |v| self.vjp(&x)?.1.pull(v))))
    }

    /// As [`vjp`](Layer::vjp), with the layer's mean Jacobian over each segment of a path in place of the one at a
    /// point: see [`Segments`].
    ///
    /// Provided, and exact enough for any layer. Override it in a layer that holds others but cannot tell them by
    /// [`layers`](Layer::layers), as one with branches.
    ///
    /// # Errors
    /// The layer's own.
    fn segment_vjp(&self, segments: &Segments<B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        if let Some(layers) = self.layers() {
            return layers.into_segment_vjp(segments, x);
        }
        if self.is_affine() {
            return self.vjp(x);
        }
        match Bend::of(self) {
            Bend::Activation(f) => segments.activation(f, x, self.forward(x)?),
            Bend::MaxPool2d(pool) => segments.max_pool(&pool, x, |x| self.vjp(x)),
            Bend::Unknown => segments.both_ends(x, |x| self.vjp(x)),
        }
    }

    /// Where the layer's weights live, if it knows.
    fn placement(&self) -> Option<B::Placement> {
        None
    }

    /// True when the layer is known to be affine in its input, f(x) = A·x + b, so that its Jacobian is constant.
    fn is_affine(&self) -> bool {
        false
    }

    /// The layers that this one is made of, one after another, if it is nothing else: a chain of layers is run as one
    /// long chain, and what its layers have in common can be made use of.
    fn layers(&self) -> Option<Chain<'_, B>> {
        None
    }

    /// Shows the layer as an operation of the vocabulary, if it is one and nothing else, so that a backend can compute
    /// it together with its neighbours.
    fn as_op(&self, see: &mut dyn FnMut(Op<'_, B>)) {
        let _ = see;
    }

    /// True when the framework's own tape can record [`forward`](Layer::forward) and then differentiates the layer
    /// right: a run of such layers may share one tape.
    ///
    /// A layer with a gradient of its own, not the one of its forward code, leaves it at false.
    fn is_recorded(&self) -> bool {
        false
    }
}

macro_rules! forward_to_pointee {
    () => {
        fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
            (**self).forward(x)
        }
        fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
            (**self).vjp(x)
        }
        fn segment_vjp(&self, segments: &Segments<B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
            (**self).segment_vjp(segments, x)
        }
        fn placement(&self) -> Option<B::Placement> {
            (**self).placement()
        }
        fn is_affine(&self) -> bool {
            (**self).is_affine()
        }
        fn layers(&self) -> Option<Chain<'_, B>> {
            (**self).layers()
        }
        fn as_op(&self, see: &mut dyn FnMut(Op<'_, B>)) {
            (**self).as_op(see);
        }
        fn is_recorded(&self) -> bool {
            (**self).is_recorded()
        }
    };
}

// Not for any `Box<L>`: a boxed closure is a closure, which the blanket impl below has.
impl<B: Backend> Layer<B> for Box<dyn Layer<B> + '_> {
    forward_to_pointee!();
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        (*self).into_vjp(x)
    }
}

impl<B: Backend> Layer<B> for Box<dyn Layer<B> + Send + Sync + '_> {
    forward_to_pointee!();
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        (*self).into_vjp(x)
    }
}

impl<'l, B: Backend> Layer<B> for &'l (dyn Layer<B> + 'l) {
    forward_to_pointee!();
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        let layer: &'l dyn Layer<B> = *self;
        layer.vjp(x)
    }
}

impl<B: Backend, L: Layer<B> + ?Sized> Layer<B> for std::sync::Arc<L> {
    forward_to_pointee!();
}

// Not recommended: a type that is no layer shall be told so, not that it is no closure.
#[diagnostic::do_not_recommend]
impl<B, F, O> Layer<B> for F
where
    B: Autograd,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        Recorded::new(self).forward(x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        B::record(move |t| self(t).into_tensor(), x)
    }
    fn into_vjp<'p>(self: Box<Self>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'p, B>)>
    where
        Self: 'p,
    {
        B::record(move |t| self(t).into_tensor(), x)
    }
    fn is_recorded(&self) -> bool {
        true
    }
}

/// One layer, as a whole model: [`Differentiable`] for any [`Layer`].
pub struct LayerModel<B, L> {
    layer: L,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend, L: Layer<B>> LayerModel<B, L> {
    /// The layer as a model.
    pub fn new(layer: L) -> Self {
        LayerModel { layer, backend: PhantomData }
    }

    /// The layer.
    pub fn into_inner(self) -> L {
        self.layer
    }
}

impl<B, L: fmt::Debug> fmt::Debug for LayerModel<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LayerModel").field(&self.layer).finish()
    }
}

impl<B: Backend, L: Layer<B>> Differentiable for LayerModel<B, L> {
    type Backend = B;
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        self.layer.forward(x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.layer.vjp(x)
    }
    fn placement(&self) -> B::Placement {
        self.layer.placement().unwrap_or_default()
    }
    fn layers(&self) -> Option<Chain<'_, B>> {
        Some(Chain::new().borrowed(Vec::new(), &self.layer))
    }
}
