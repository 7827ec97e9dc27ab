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
///
/// A framework of one's own, whose arithmetic ([`Arithmetic`](crate::Arithmetic)) is ndarray's, and left out here:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// # use ndarray::{ArrayD, ArrayViewD};
/// use xai::{Autograd, Backend, Pullback, Result, Tensor};
/// # use xai::{Arithmetic, NdArray};
///
/// # type N = NdArray<f64>;
/// type Numbers = ArcArray<f64, IxDyn>;
///
/// /// It differentiates code that works element by element, by f(x + ½) - f(x - ½): exact up to x².
/// #[derive(Debug, Clone)]
/// struct Steps;
/// # impl Arithmetic for Steps {
/// #     type Elem = f64;
/// #     type Tensor = Numbers;
/// #     type Shared = Numbers;
/// #     type Placement = ();
/// #     const NAME: &'static str = "steps";
/// #     fn upload(values: ArrayViewD<'_, f64>, at: &()) -> Result<Numbers> { N::upload(values, at) }
/// #     fn download(t: &Numbers) -> Result<ArrayD<f64>> { N::download(t) }
/// #     fn placement(_: &Numbers) {}
/// #     fn shape(t: &Numbers) -> Vec<usize> { N::shape(t) }
/// #     fn share(t: &Numbers) -> Numbers { N::share(t) }
/// #     fn into_shared(t: Numbers) -> Numbers { t }
/// #     fn of_shared(t: &Numbers) -> Numbers { t.clone() }
/// #     fn add(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::add(a, b) }
/// #     fn sub(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::sub(a, b) }
/// #     fn mul(a: &Numbers, b: &Numbers) -> Result<Numbers> { N::mul(a, b) }
/// #     fn affine(t: &Numbers, scale: f64, shift: f64) -> Result<Numbers> { N::affine(t, scale, shift) }
/// #     fn relu(t: &Numbers) -> Result<Numbers> { N::relu(t) }
/// #     fn sum(t: &Numbers, axes: &[usize]) -> Result<Numbers> { N::sum(t, axes) }
/// #     fn max(t: &Numbers, axes: &[usize]) -> Result<Numbers> { N::max(t, axes) }
/// #     fn reshape(t: &Numbers, shape: &[usize]) -> Result<Numbers> { N::reshape(t, shape) }
/// #     fn narrow(t: &Numbers, axis: usize, at: usize, len: usize) -> Result<Numbers> { N::narrow(t, axis, at, len) }
/// #     fn concat(parts: &[&Numbers], axis: usize) -> Result<Numbers> { N::concat(parts, axis) }
/// #     fn broadcast_to(t: &Numbers, shape: &[usize]) -> Result<Numbers> { N::broadcast_to(t, shape) }
/// # }
/// impl Backend for Steps {}
/// impl Autograd for Steps {
///     fn evaluate(f: impl Fn(&[&Numbers]) -> Result<Numbers>, x: &[Tensor<Self>]) -> Result<Tensor<Self>> {
///         f(&x.iter().map(Tensor::inner).collect::<Vec<_>>()).map(Tensor::new)
///     }
///     fn record<'a>(
///         f: impl Fn(&[&Numbers]) -> Result<Numbers> + 'a,
///         x: &[Tensor<Self>],
///     ) -> Result<(Tensor<Self>, Pullback<'a, Self>)> {
///         let moved = |step: f64| Self::evaluate(&f, &[x[0].affine(1.0, step)?]);
///         let slope = moved(0.5)?.sub(&moved(-0.5)?)?;
///         Ok((Self::evaluate(&f, x)?, Pullback::new(move |v| v.mul(&slope))))
///     }
/// }
///
/// fn square(x: &[&Numbers]) -> Result<Numbers> {
///     Ok((x[0] * x[0]).into_shared())
/// }
/// let x = [Tensor::<Steps>::upload(array![[3.0]].view().into_dyn(), &())?];
/// let (y, pullback) = Steps::record(square, &x)?;
/// assert_eq!(y.download()?, Steps::evaluate(square, &x)?.download()?);
/// // v · 2x, for v = 3.
/// assert_eq!(pullback.pull(&x[0])?.download()?, array![[18.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
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
