//! Layers and models from plain functions, with the gradient written by hand.

use std::fmt;
use std::marker::PhantomData;

use crate::{Backend, Error, ForwardOutput, Layer, Opaque, Pullback, Result, Tensor, Var};

/// A model from two functions: forward, x ↦ f(x), and its vector-Jacobian product, (x, v) ↦ vᵀ · ∂f/∂x.
///
/// Both work on the backend's own tensors (`ArcArray<F, IxDyn>` for [`NdArray`](crate::NdArray)) and return one, or a
/// `Result` of one with any error. No framework is needed:
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Analyzer, Function, Gradient, MaxActivation, NdArray};
///
/// // f(x) = (2·x₁ + x₂)², one output per sample
/// type T = ArcArray<f64, IxDyn>;
/// let inner = |x: &T| x.map_axis(ndarray::Axis(1), |r| 2.0 * r[0] + r[1]).insert_axis(ndarray::Axis(1));
/// let model = Function::<NdArray<f64>, _, _>::new(
///     move |x: &T| inner(x).mapv(|s| s * s).into_shared(),
///     move |x: &T, v: &T| {
///         let ds = v * &inner(x).mapv(|s| 2.0 * s);
///         (&ds * &array![[2.0, 1.0]]).into_shared()
///     },
/// );
/// let why = Gradient.analyze(&model, &array![[3.0, 3.0]], &MaxActivation)?;
/// assert_eq!(why.values, array![[36.0, 18.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone)]
pub struct Function<B, F, P> {
    forward: F,
    vjp: P,
    backend: PhantomData<fn() -> B>,
}

impl<B, F, P, O, G> Function<B, F, P>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    P: Fn(&B::Tensor, &B::Tensor) -> G,
    O: ForwardOutput<B>,
    G: ForwardOutput<B>,
{
    /// The model of a forward function and its vector-Jacobian product, called with the input and the cotangent.
    pub fn new(forward: F, vjp: P) -> Self {
        Function { forward, vjp, backend: PhantomData }
    }
}

impl<B: Backend, F, P> fmt::Debug for Function<B, F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("backend", &B::NAME).finish_non_exhaustive()
    }
}

impl<B, F, P, O, G> Layer<B> for Function<B, F, P>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    P: Fn(&B::Tensor, &B::Tensor) -> G,
    O: ForwardOutput<B>,
    G: ForwardOutput<B>,
{
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let forward = |x: &[Tensor<B>]| (self.forward)(x[0].inner()).into_tensor().map(Tensor::new);
        let vjp = move |x: &[Tensor<B>]| {
            let (y, x) = (forward(x)?, x[0].clone());
            let pull = move |v: &Tensor<B>| {
                let dx = Tensor::new((self.vjp)(x.inner(), v.inner()).into_tensor()?);
                Error::check_shape("result of the function's vjp", &x.shape(), &dx.shape())?;
                Ok(dx)
            };
            Ok((y, Pullback::new(pull)))
        };
        Ok(x.opaque(Opaque::with_vjp(forward, vjp)))
    }
}

/// A function without a gradient: good for the feature part of a [`Split`](crate::Split), which Grad-CAM only runs
/// forward, and for a model that is explained by forward passes. What needs its gradient is refused before any pass.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Analyzer, Error, FeatureAblation, ForwardOnly, Gradient, NdArray, Net};
///
/// let net = Net::new(ForwardOnly::<NdArray<f64>, _>::new(|x: &ArcArray<f64, IxDyn>| x.mapv(f64::abs)));
/// let x = array![[-3.0, 1.0]];
/// assert_eq!(FeatureAblation::new().analyze(&net, &x, 0)?.values, array![[3.0, 0.0]]);
/// assert!(matches!(Gradient.analyze(&net, &x, 0), Err(Error::NotDifferentiable { .. })));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone)]
pub struct ForwardOnly<B, F> {
    forward: F,
    backend: PhantomData<fn() -> B>,
}

impl<B, F, O> ForwardOnly<B, F>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    /// The function as a model that refuses to be differentiated.
    pub fn new(forward: F) -> Self {
        ForwardOnly { forward, backend: PhantomData }
    }
}

impl<B: Backend, F> fmt::Debug for ForwardOnly<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardOnly").field("backend", &B::NAME).finish_non_exhaustive()
    }
}

impl<B, F, O> Layer<B> for ForwardOnly<B, F>
where
    B: Backend,
    F: Fn(&B::Tensor) -> O,
    O: ForwardOutput<B>,
{
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let code = Opaque::forward_only(|x: &[Tensor<B>]| (self.forward)(x[0].inner()).into_tensor().map(Tensor::new));
        Ok(x.opaque(code))
    }
}
