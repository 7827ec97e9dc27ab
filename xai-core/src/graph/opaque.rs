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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Error, Graph, NdArray, Opaque, Tensor};
    ///
    /// let code = Opaque::forward_only(|x: &[Tensor<NdArray<f64>>]| x[0].relu());
    /// let graph = Graph::trace(&[vec![1, 2]], |x| Ok(x[0].opaque(code)))?;
    /// let x = Tensor::upload(array![[3.0, -1.0]].view().into_dyn(), &())?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[3.0, 0.0]].into_dyn());
    /// assert!(matches!(graph.check(None, &[true]), Err(Error::NotDifferentiable { .. })));
    /// # Ok::<(), xai::Error>(())
    /// ```
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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Autograd, Opaque, Result, Var};
    ///
    /// /// A framework's own function, which keeps the shape of what it is given.
    /// fn elementwise<'m, B: Autograd>(
    ///     x: &Var<'m, B>,
    ///     function: impl Fn(&B::Tensor) -> Result<B::Tensor> + 'm,
    /// ) -> Var<'m, B> {
    ///     let code = Opaque::recorded(move |x: &[&B::Tensor]| function(x[0]));
    ///     x.opaque(code.shaped(|inputs| Ok(inputs[0].to_vec())))
    /// }
    /// ```
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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Backend, Opaque, Pullback, Result, Tensor};
    ///
    /// /// A framework's own code, with its gradient by hand for where no tape records it.
    /// fn by_hand<'m, B: Backend>(
    ///     code: impl Fn(&[Tensor<B>]) -> Result<Tensor<B>> + 'm,
    ///     vjp: impl Fn(&[Tensor<B>]) -> Result<(Tensor<B>, Pullback<'m, B>)> + 'm,
    /// ) -> Opaque<'m, B> {
    ///     Opaque::with_vjp(code, vjp).taped()
    /// }
    /// ```
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
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray, Opaque, Tensor};
    ///
    /// let sum = Opaque::forward_only(|x: &[Tensor<NdArray>]| x[0].sum(&[1]));
    /// let graph = Graph::trace(&[vec![2, 3]], |x| Ok(x[0].opaque(sum.clone())))?;
    /// assert_eq!(graph.output_shape(), None);
    /// let sum = sum.shaped(|inputs| Ok(vec![inputs[0][0], 1]));
    /// let graph = Graph::trace(&[vec![2, 3]], |x| Ok(x[0].opaque(sum)))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 1][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn shaped(mut self, shape: impl Fn(&[&[usize]]) -> Result<Vec<usize>> + 'm) -> Self {
        self.shape = Some(Rc::new(shape));
        self
    }

    /// The same step, whose inputs have to be brought to this place.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray, Opaque, Tensor};
    ///
    /// // Code does not tell where its weights are.
    /// let code = Opaque::forward_only(|x: &[Tensor<NdArray>]| x[0].relu()).placed(Some(()));
    /// let graph = Graph::trace(&[vec![1, 2]], |x| Ok(x[0].opaque(code)))?;
    /// assert_eq!(graph.placement(), Some(()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn placed(mut self, placement: Option<B::Placement>) -> Self {
        self.placement = placement;
        self
    }

    /// The same step, with what to do for want of a gradient.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray, Opaque, Tensor};
    ///
    /// let code = Opaque::forward_only(|x: &[Tensor<NdArray>]| x[0].relu());
    /// let code = code.without_gradient("explain what is in front of it");
    /// let graph = Graph::trace(&[vec![1, 2]], |x| Ok(x[0].opaque(code)))?;
    /// let error = graph.check(None, &[true]).unwrap_err();
    /// assert!(error.to_string().contains("explain what is in front of it"));
    /// # Ok::<(), xai::Error>(())
    /// ```
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
