//! Frameworks that differentiate by themselves.

use std::fmt;
use std::marker::PhantomData;

use crate::{Backend, BoxError, Differentiable, Error, Pullback, Result, Tensor};

/// A backend whose framework can differentiate the user's own forward code.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not differentiate forward code by itself",
    label = "no backend with automatic differentiation",
    note = "name the framework that the forward code is written in, or make the model of layers, or give its gradient \
            with `Function::new(forward, vjp)`"
)]
pub trait Autograd: Backend {
    /// y = f(x) without a tape: gradients are neither recorded nor kept.
    ///
    /// # Errors
    /// The function's own.
    fn evaluate(f: impl Fn(&Self::Tensor) -> Result<Self::Tensor>, x: &Tensor<Self>) -> Result<Tensor<Self>>;

    /// y = f(x) under the framework's tape, and the pullback along it, to x only.
    ///
    /// The pullback says [`Error::Detached`] when no gradient reaches x: never zeros in silence.
    ///
    /// # Errors
    /// The function's own.
    fn record<'a>(
        f: impl Fn(&Self::Tensor) -> Result<Self::Tensor> + 'a,
        x: &Tensor<Self>,
    ) -> Result<(Tensor<Self>, Pullback<'a, Self>)>;
}

/// What forward code may return: the framework's tensor, or a `Result` of it with any error.
#[diagnostic::on_unimplemented(
    message = "forward code on `{B}` cannot return `{Self}`",
    label = "not the framework's tensor",
    note = "return the framework's tensor, or a `Result` of it"
)]
pub trait ForwardOutput<B: Backend> {
    /// The tensor, or the error as this library's.
    ///
    /// # Errors
    /// The forward code's own, as [`Error::Backend`].
    fn into_tensor(self) -> Result<B::Tensor>;
}

impl<B: Backend, E: Into<BoxError>> ForwardOutput<B> for std::result::Result<B::Tensor, E> {
    fn into_tensor(self) -> Result<B::Tensor> {
        self.map_err(|source| Error::backend(B::NAME, source))
    }
}

/// The user's own forward code on the framework's tensors as a model, differentiated by the framework.
///
/// ```text
/// let model = Recorded::<Candle, _>::new(|x: &candle_core::Tensor| net.forward(x));
/// ```
pub struct Recorded<B, F> {
    forward: F,
    backend: PhantomData<fn() -> B>,
}

impl<B, F, O> Recorded<B, F>
where
    B: Autograd,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    /// The function as a model.
    pub fn new(forward: F) -> Self {
        Recorded { forward, backend: PhantomData }
    }
}

impl<B: Backend, F> fmt::Debug for Recorded<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("backend", &B::NAME).finish_non_exhaustive()
    }
}

impl<B, F, O> Differentiable for Recorded<B, F>
where
    B: Autograd,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    type Backend = B;
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        B::evaluate(|t| (self.forward)(t).into_tensor(), x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        B::record(|t| (self.forward)(t).into_tensor(), x)
    }
}
