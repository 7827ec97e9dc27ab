//! Steps that nobody can look into.

use std::fmt;
use std::rc::Rc;

use super::Autograd;
use crate::{Backend, Error, Pullback, Result, Tensor};

type Forward<'m, B> = Rc<dyn Fn(&[Tensor<B>]) -> Result<Tensor<B>> + 'm>;
type Vjp<'m, B> = Rc<dyn Fn(&[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> + 'm>;
type Shape<'m> = Rc<dyn Fn(&[&[usize]]) -> Result<Vec<usize>> + 'm>;

/// A step that nobody can look into: the framework's own code, a gradient by hand, or a forward pass alone.
///
/// What it can do is what it is made of: without a gradient, whatever needs one is refused before any pass.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Analyzer, Differentiable, Gradient, NdArray, Opaque, Pullback, Result, Tensor, Var};
///
/// /// x², with its gradient by hand.
/// struct Square;
/// impl Differentiable for Square {
///     type Backend = NdArray<f64>;
///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
///         let code = Opaque::with_vjp(
///             |x: &[Tensor<NdArray<f64>>]| x[0].mul(&x[0]),
///             |x: &[Tensor<NdArray<f64>>]| {
///                 let slope = x[0].affine(2.0, 0.0)?;
///                 Ok((x[0].mul(&x[0])?, Pullback::new(move |v| v.mul(&slope))))
///             },
///         );
///         Ok(x[0].opaque(code))
///     }
/// }
/// assert_eq!(Gradient.analyze(&Square, &array![[3.0]], 0)?.values, array![[6.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Opaque<'m, B: Backend> {
    pub(crate) forward: Forward<'m, B>,
    pub(crate) vjp: Option<Vjp<'m, B>>,
    /// Whether the framework's tape can record the forward pass together with its neighbours.
    pub(crate) recorded: bool,
    pub(crate) affine: bool,
    shape: Option<Shape<'m>>,
    pub(crate) placement: Option<B::Placement>,
    without_gradient: Option<String>,
    /// Of how many rows it works at the same time.
    pub(crate) at_once: usize,
}

impl<'m, B: Backend> Opaque<'m, B> {
    /// A forward pass alone: the batch axis first in its inputs and its output.
    pub fn forward_only(forward: impl Fn(&[Tensor<B>]) -> Result<Tensor<B>> + 'm) -> Self {
        Opaque {
            forward: Rc::new(forward),
            vjp: None,
            recorded: false,
            affine: false,
            shape: None,
            placement: None,
            without_gradient: None,
            at_once: 1,
        }
    }

    /// A forward pass, and one that also gives the pullback to each input.
    pub fn with_vjp(
        forward: impl Fn(&[Tensor<B>]) -> Result<Tensor<B>> + 'm,
        vjp: impl Fn(&[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> + 'm,
    ) -> Self {
        Opaque { vjp: Some(Rc::new(vjp)), ..Opaque::forward_only(forward) }
    }

    /// Forward code on the framework's own tensors, which the framework differentiates.
    pub fn recorded(code: impl Fn(&[&B::Tensor]) -> Result<B::Tensor> + 'm) -> Self
    where
        B: Autograd,
    {
        let code = Rc::new(code);
        let again = Rc::clone(&code);
        let vjp = move |x: &[Tensor<B>]| {
            let code = Rc::clone(&again);
            B::record(move |x: &[&B::Tensor]| code(x), x)
        };
        Opaque::with_vjp(move |x| B::evaluate(|x: &[&B::Tensor]| code(x), x), vjp).taped()
    }

    /// The same step, whose forward pass the framework's tape can record together with its neighbours: it computes by
    /// the framework's own operations, on the tensors that it is given.
    #[must_use]
    pub fn taped(mut self) -> Self {
        self.recorded = true;
        self
    }

    /// The same step, known to be affine in its inputs.
    #[must_use]
    pub fn affine(mut self) -> Self {
        self.affine = true;
        self
    }

    /// The same step, whose output's shape is known for its inputs' shapes.
    #[must_use]
    pub fn shaped(mut self, shape: impl Fn(&[&[usize]]) -> Result<Vec<usize>> + 'm) -> Self {
        self.shape = Some(Rc::new(shape));
        self
    }

    /// The same step, whose inputs have to be brought to this place.
    #[must_use]
    pub fn placed(mut self, placement: Option<B::Placement>) -> Self {
        self.placement = placement;
        self
    }

    /// The same step, with what to do for want of a gradient.
    #[must_use]
    pub fn without_gradient(mut self, advice: impl Into<String>) -> Self {
        self.without_gradient = Some(advice.into());
        self
    }

    /// The same step, which works on so many rows at the same time.
    #[must_use]
    pub(crate) fn at_once(mut self, rows: usize) -> Self {
        self.at_once = rows;
        self
    }

    pub(crate) fn output_shape(&self, inputs: &[&[usize]]) -> Result<Option<Vec<usize>>> {
        self.shape.as_ref().map(|shape| shape(inputs)).transpose()
    }

    /// Why there is no gradient, and what to do.
    pub(crate) fn without(&self) -> Error {
        let reason = self.without_gradient.clone().unwrap_or_else(|| {
            "it only runs forward: give its vector-Jacobian product with `Function::new(forward, vjp)`, or explain the \
             model by forward passes"
                .into()
        });
        Error::NotDifferentiable { what: "a step of the model".into(), reason }
    }
}

impl<B: Backend> Clone for Opaque<'_, B> {
    fn clone(&self) -> Self {
        Opaque {
            forward: Rc::clone(&self.forward),
            vjp: self.vjp.clone(),
            recorded: self.recorded,
            affine: self.affine,
            shape: self.shape.clone(),
            placement: self.placement.clone(),
            without_gradient: self.without_gradient.clone(),
            at_once: self.at_once,
        }
    }
}

impl<B: Backend> fmt::Debug for Opaque<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differentiable = self.vjp.is_some();
        f.debug_struct("Opaque").field("differentiable", &differentiable).field("affine", &self.affine).finish()
    }
}
