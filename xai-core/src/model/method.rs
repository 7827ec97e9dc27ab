//! Methods that a derived struct names as its parts.

use crate::{Autograd, Backend, ForwardOutput, Opaque, Result, Var};

/// A method that `#[explainable(features = "Self::backbone")]` may name: forward code on values,
/// `fn(&self, Var<'m, B>) -> Result<Var<'m, B>>`, which can be looked into, or on the framework's own tensors,
/// `fn(&self, &B::Tensor) -> Result<B::Tensor, E>`.
///
/// `Code` tells the two apart, and is found by the compiler.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Backend, Differentiable, Method, NdArray, Result, Var};
///
/// struct Model;
/// impl Model {
///     fn backbone<'m, B: Backend>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
///         Ok(x.relu())
///     }
/// }
/// fn is_one<'m, S, B: Backend, Code>(_: impl Method<'m, S, B, Code>) {}
/// is_one::<Model, NdArray, _>(Model::backbone);
///
/// // What the derive makes of it.
/// impl Differentiable for Model {
///     type Backend = NdArray;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray>]) -> Result<Var<'m, NdArray>> {
///         Method::<Self, NdArray, _>::trace(Self::backbone, self, Var::only(x)?)
///     }
/// }
/// assert_eq!(Model.predict(array![[3.0, -1.0]].view().into_dyn())?, array![[3.0, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no forward code of `{S}` on `{B}`",
    label = "not the forward code of a part of the model",
    note = "the method takes `&self` and either a `Var<'m, {B}>` (then write \
            `fn part<'m>(&'m self, x: Var<'m, {B}>) -> Result<Var<'m, {B}>>`), \
            or the framework's tensor by reference, on a backend that differentiates by itself"
)]
pub trait Method<'m, S, B: Backend, Code> {
    /// Writes down what the method computes of x.
    ///
    /// # Errors
    /// The method's own.
    fn trace(self, model: &'m S, x: Var<'m, B>) -> Result<Var<'m, B>>;
}

/// Forward code on values.
#[derive(Debug)]
pub struct OnVar;

/// Forward code on the framework's tensors.
#[derive(Debug)]
pub struct OnTensor<O>(std::marker::PhantomData<O>);

impl<'m, S, B, F> Method<'m, S, B, OnVar> for F
where
    S: 'm,
    B: Backend,
    F: Fn(&'m S, Var<'m, B>) -> Result<Var<'m, B>>,
{
    fn trace(self, model: &'m S, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self(model, x)
    }
}

impl<'m, S, B, F, O> Method<'m, S, B, OnTensor<O>> for F
where
    S: 'm,
    B: Autograd,
    F: Fn(&'m S, &B::Tensor) -> O + 'm,
    O: ForwardOutput<B>,
{
    fn trace(self, model: &'m S, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x.opaque(Opaque::recorded(move |x: &[&B::Tensor]| self(model, x[0]).into_tensor())))
    }
}
