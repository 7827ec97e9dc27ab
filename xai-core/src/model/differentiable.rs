//! The two traits of a model.

use crate::{Backend, Chain, Pullback, Result, Tensor};

/// A model: it runs forward, and pulls a gradient back to its input.
///
/// Derive it with `#[derive(Explainable)]`, build one from functions with [`Function`](crate::Function) and
/// [`Split`](crate::Split), or implement it. The batch axis is first in input and output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model that can be explained",
    label = "no `Differentiable` model",
    note = "put `#[derive(Explainable)]` on the model's struct, or wrap its layer in `LayerModel::new(..)`, \
            or its functions in `Function::new(forward, vjp)`"
)]
pub trait Differentiable {
    /// The framework that the model runs on.
    type Backend: Backend;

    /// y = f(x), without a tape.
    ///
    /// # Errors
    /// The model's own.
    fn forward(&self, x: &Tensor<Self::Backend>) -> Result<Tensor<Self::Backend>>;

    /// y = f(x), and the pullback v ↦ vᵀ · ∂y/∂x.
    ///
    /// # Errors
    /// The model's own.
    fn vjp(&self, x: &Tensor<Self::Backend>) -> Result<(Tensor<Self::Backend>, Pullback<'_, Self::Backend>)>;

    /// Where inputs have to be brought: the model's device and number type.
    fn placement(&self) -> <Self::Backend as Backend>::Placement {
        Default::default()
    }

    /// The model's layers, one after another, if it is made of layers and nothing else: what lets wrappers run the
    /// affine layers at its beginning once, instead of for each augmented copy.
    fn layers(&self) -> Option<Chain<'_, Self::Backend>> {
        None
    }

    /// The same model, with its inputs brought to another place: `model.at(device)`.
    ///
    /// It moves the inputs, not the model's weights: for models whose own [`placement`](Differentiable::placement)
    /// does not know, as one made of functions.
    fn at(self, placement: impl Into<<Self::Backend as Backend>::Placement>) -> Placed<Self>
    where
        Self: Sized,
    {
        Placed { placement: placement.into(), model: self }
    }
}

/// A model of two parts, features then adaptation: output = adaptation(features(x)).
///
/// Both parts are models themselves, so that any analyzer also runs at the layer between them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say where its feature layers end",
    label = "no `LayerSplit` model",
    note = "mark fields with `#[explainable(features)]` and `#[explainable(adaptation)]` under \
            `#[derive(Explainable)]`, or use `Split::new(features, adaptation)`"
)]
pub trait LayerSplit: Differentiable {
    /// Input to feature maps of shape (B, K, spatial axes...).
    fn features(&self) -> BoxModel<'_, Self::Backend>;

    /// Feature maps to output.
    fn adaptation(&self) -> BoxModel<'_, Self::Backend>;
}

/// Any model on the backend `B`.
pub type BoxModel<'a, B> = Box<dyn Differentiable<Backend = B> + 'a>;

macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<M: Differentiable + ?Sized> Differentiable for $pointer {
            type Backend = M::Backend;
            fn forward(&self, x: &Tensor<M::Backend>) -> Result<Tensor<M::Backend>> {
                (**self).forward(x)
            }
            fn vjp(&self, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'_, M::Backend>)> {
                (**self).vjp(x)
            }
            fn placement(&self) -> <M::Backend as Backend>::Placement {
                (**self).placement()
            }
            fn layers(&self) -> Option<Chain<'_, M::Backend>> {
                (**self).layers()
            }
        }

        impl<M: LayerSplit + ?Sized> LayerSplit for $pointer {
            fn features(&self) -> BoxModel<'_, M::Backend> {
                (**self).features()
            }
            fn adaptation(&self) -> BoxModel<'_, M::Backend> {
                (**self).adaptation()
            }
        }
    )*};
}
forward_to_pointee!(&M, Box<M>, std::sync::Arc<M>);

/// A model with another place for its inputs: see [`Differentiable::at`].
#[derive(Debug, Clone)]
pub struct Placed<M: Differentiable> {
    placement: <M::Backend as Backend>::Placement,
    model: M,
}

impl<M: Differentiable> Placed<M> {
    /// The model itself.
    pub fn into_inner(self) -> M {
        self.model
    }
}

impl<M: Differentiable> Differentiable for Placed<M> {
    type Backend = M::Backend;
    fn forward(&self, x: &Tensor<M::Backend>) -> Result<Tensor<M::Backend>> {
        self.model.forward(x)
    }
    fn vjp(&self, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'_, M::Backend>)> {
        self.model.vjp(x)
    }
    fn placement(&self) -> <M::Backend as Backend>::Placement {
        self.placement.clone()
    }
    fn layers(&self) -> Option<Chain<'_, M::Backend>> {
        self.model.layers()
    }
}

impl<M: LayerSplit> LayerSplit for Placed<M> {
    fn features(&self) -> BoxModel<'_, M::Backend> {
        Box::new(self.model.features().at(self.placement.clone()))
    }
    fn adaptation(&self) -> BoxModel<'_, M::Backend> {
        Box::new(self.model.adaptation().at(self.placement.clone()))
    }
}
