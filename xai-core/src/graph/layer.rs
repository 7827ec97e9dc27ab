//! A layer: a piece of a network that writes itself down.

use std::sync::Arc;

use super::{Autograd, ForwardOutput, Opaque, Var};
use crate::{Backend, Result};

/// A piece of a network on the backend `B`: what the fields of a derived struct are.
///
/// It writes down what it computes, and that is all that it has to do: [`Var`] has the operations, and other layers are
/// named parts. The backend is a parameter, so that an adapter crate can implement it for the layer types of its
/// framework: `impl Layer<Candle> for candle_nn::Conv2d`. On a backend that differentiates by itself, closures
/// `Fn(&B::Tensor) -> Result<B::Tensor, E>` are layers, which nobody can look into.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::Conv2d;
/// use xai::{Backend, Layer, Result, Var};
///
/// /// The block of a ResNet.
/// struct Block<B: Backend> {
///     conv1: Conv2d<B>,
///     conv2: Conv2d<B>,
/// }
///
/// impl<B: Backend> Layer<B> for Block<B> {
///     fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
///         let y = x.layer("conv1", &self.conv1)?.relu();
///         Ok((y.layer("conv2", &self.conv2)? + x).relu())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer on `{B}`",
    label = "this type is no layer on `{B}`",
    note = "a layer is: a layer type of the framework, one of `xai::nn`, a closure on the framework's tensors, \
            a struct with `#[derive(Explainable)]`, an `Arc` of one, or a `Box<dyn Layer<{B}>>`; a module of your \
            own is one as `xai::candle::module(block)` or `xai::tch::module(block)`",
    note = "a field that is none of these can be made one by a function, `#[explainable(features, with = path)]`; a \
            field that takes no part in the forward pass needs no mark"
)]
pub trait Layer<B: Backend> {
    /// Writes down what the layer computes of x.
    ///
    /// # Errors
    /// The layer's own.
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>>;

    /// How deep layers are nested in it, itself counted: 1 for what owns no other layer. The layers of
    /// [`nn`](crate::nn) that own others take none that is deeper than 256, because a stack is finite.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    /// use xai::{Backend, Layer, NdArray, Result, Var};
    ///
    /// /// A layer twice, one behind the other.
    /// struct Twice<L>(L);
    /// impl<B: Backend, L: Layer<B>> Layer<B> for Twice<L> {
    ///     fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
    ///         x.layer("first", &self.0)?.layer("second", &self.0)
    ///     }
    ///     fn depth(&self) -> usize {
    ///         1 + self.0.depth()
    ///     }
    /// }
    /// assert_eq!(Layer::<NdArray>::depth(&Twice(Twice(Activation::Relu))), 3);
    /// ```
    fn depth(&self) -> usize {
        1
    }
}

impl<'m, B: Backend> Var<'m, B> {
    /// Through a layer with a name, whose output becomes a place of that name.
    ///
    /// # Errors
    /// The layer's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Flatten;
    /// use xai::{Graph, NdArray, Place};
    ///
    /// let flat = Flatten::default();
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3, 4]], |x| x[0].layer("flat", &flat))?;
    /// assert_eq!(graph.places(), [Place { name: "flat".into(), shape: Some(vec![2, 12]) }]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn layer<L: Layer<B> + ?Sized>(&self, name: impl ToString, layer: &'m L) -> Result<Self> {
        self.within(name, || layer.trace(self.clone()))
    }
}

// Not for any `Box<L>`: a boxed closure is a closure, which the blanket impl below has.
macro_rules! through_pointer {
    ($([$($generics:tt)*] $pointer:ty;)*) => {$(
        impl<$($generics)*> Layer<B> for $pointer {
            fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
                (**self).trace(x)
            }
            fn depth(&self) -> usize {
                (**self).depth()
            }
        }
    )*};
}

through_pointer! {
    [B: Backend] Box<dyn Layer<B> + '_>;
    [B: Backend] Box<dyn Layer<B> + Send + '_>;
    [B: Backend] Box<dyn Layer<B> + Send + Sync + '_>;
    ['l, B: Backend] &'l (dyn Layer<B> + 'l);
    [B: Backend, L: Layer<B> + ?Sized] Arc<L>;
}

// Not recommended: a type that is no layer shall be told so, not that it is no closure.
#[diagnostic::do_not_recommend]
impl<B, F, O> Layer<B> for F
where
    B: Autograd,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.opaque(Opaque::recorded(move |x: &[&B::Tensor]| self(x[0]).into_tensor())))
    }
}
