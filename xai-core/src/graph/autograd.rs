//! Frameworks that differentiate by themselves.

use ndarray::{ArcArray, Array, Dimension, IxDyn};

use crate::{Backend, BoxError, Element, Error, NdArray, Pullback, Result, Tensor};

/// A backend whose framework can differentiate the user's own forward code.
///
/// ```
/// # use xai_core as xai;
/// use xai::{Autograd, Net, Result, Tensor};
///
/// /// The length of the gradient of a framework's own code.
/// fn steepness<B: Autograd>(code: impl Fn(&[&B::Tensor]) -> Result<B::Tensor>, x: Tensor<B>) -> Result<Tensor<B>> {
///     let (y, pullback) = B::record(code, &[x])?;
///     let gradient = pullback.pull(&y.affine(0.0, 1.0)?)?;
///     gradient.mul(&gradient)?.sum(&[1])
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not differentiate forward code by itself",
    label = "no backend with automatic differentiation",
    note = "name the framework that the forward code is written in, or write it on `Var`, or give its gradient \
            with `Function::new(forward, vjp)`"
)]
pub trait Autograd: Backend {
    /// y = f(inputs) without a tape: gradients are neither recorded nor kept.
    ///
    /// # Errors
    /// The function's own.
    fn evaluate(f: impl Fn(&[&Self::Tensor]) -> Result<Self::Tensor>, x: &[Tensor<Self>]) -> Result<Tensor<Self>>;

    /// y = f(inputs) under the framework's tape, and the pullback along it, to the inputs only.
    ///
    /// The pullback says [`Error::Detached`] when no gradient reaches any of them: never zeros in silence.
    ///
    /// # Errors
    /// The function's own.
    fn record<'a>(
        f: impl Fn(&[&Self::Tensor]) -> Result<Self::Tensor> + 'a,
        x: &[Tensor<Self>],
    ) -> Result<(Tensor<Self>, Pullback<'a, Self>)>;
}

/// What forward code may return: the framework's tensor, or a `Result` of it with any error.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{ForwardOutput, NdArray};
///
/// let (plain, tried) = (array![[1.0, 2.0]], Ok::<_, std::io::Error>(array![[1.0, 2.0]]));
/// let plain = ForwardOutput::<NdArray<f64>>::into_tensor(plain)?;
/// assert_eq!(ForwardOutput::<NdArray<f64>>::into_tensor(tried)?, plain);
/// # Ok::<(), xai::Error>(())
/// ```
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

impl<F: Element, D: Dimension> ForwardOutput<NdArray<F>> for Array<F, D> {
    fn into_tensor(self) -> Result<ArcArray<F, IxDyn>> {
        Ok(self.into_dyn().into_shared())
    }
}

impl<F: Element, D: Dimension> ForwardOutput<NdArray<F>> for ArcArray<F, D> {
    fn into_tensor(self) -> Result<ArcArray<F, IxDyn>> {
        Ok(self.into_dyn())
    }
}

impl<F: Element, D: Dimension, E: Into<BoxError>> ForwardOutput<NdArray<F>> for std::result::Result<Array<F, D>, E> {
    fn into_tensor(self) -> Result<ArcArray<F, IxDyn>> {
        self.map(|array| array.into_dyn().into_shared()).map_err(|error| Error::backend("ndarray", error))
    }
}
