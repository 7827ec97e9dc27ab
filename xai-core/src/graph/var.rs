//! A value of a graph while it is written down: [`Var`].

use std::fmt;
use std::rc::Rc;

use super::tracer::Tracer;
use super::{Graph, Opaque, Step, Value};
use crate::{Backend, Error, Op, Result, Weight};

/// A value of a network while the network is written down: forward code runs on it.
///
/// What is written with it is ordinary code, which names layers and computes: `let y = x.layer("conv1", &self.conv1)?;
/// y.relu() + x`. Nothing is computed before the whole network is there, and what it is made of can be seen: that is
/// what every method works on that looks inside. A mistake (shapes that do not fit) is said when the network is
/// complete, with the names of the layer that it is in.
///
/// `+`, `-`, `*` and `/` take values, references to them, and numbers on either side: `1.0 - &x`. A number over a value
/// is the number times its reciprocal.
///
/// Cloning gives another handle on the same value.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{Analyzer, Backend, Gradient, Layer, NdArray, Net, Result, Var};
///
/// /// x² + 2x, on any backend.
/// struct Curve;
/// impl<B: Backend> Layer<B> for Curve {
///     fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
///         Ok(&x * &x + x * 2.0)
///     }
/// }
/// let why = Gradient.analyze(&Net::<NdArray<f64>, _>::new(Curve), &array![[3.0]], 0)?;
/// assert_eq!(why.values, array![[8.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Var<'m, B: Backend> {
    pub(super) tracer: Rc<Tracer<'m, B>>,
    value: Value,
}

pub(super) fn of_another_graph() -> Error {
    Error::InvalidParameter {
        name: "value",
        value: "a `Var`".into(),
        reason: "it belongs to another graph: compute with those that this forward code was given".into(),
    }
}

impl<'m, B: Backend> Var<'m, B> {
    pub(super) fn new(tracer: &Rc<Tracer<'m, B>>, value: Value) -> Self {
        Var { tracer: Rc::clone(tracer), value }
    }

    pub(super) fn value(&self) -> Value {
        self.value
    }

    pub(super) fn is_of(&self, tracer: &Rc<Tracer<'m, B>>) -> bool {
        Rc::ptr_eq(&self.tracer, tracer)
    }

    fn push(&self, step: Step<'m, B>, inputs: &[&Self]) -> Self {
        if inputs.iter().any(|input| !input.is_of(&self.tracer)) {
            self.tracer.fail(of_another_graph());
            return self.clone();
        }
        let inputs = inputs.iter().map(|input| input.value).collect();
        Var { tracer: Rc::clone(&self.tracer), value: self.tracer.push(step, inputs) }
    }

    /// The only input of a model that takes one.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are more or fewer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, Gradient, NdArray, Result, Var};
    ///
    /// struct Model;
    /// impl Differentiable for Model {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, inputs: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(Var::only(inputs)?.tanh())
    ///     }
    /// }
    /// assert_eq!(Gradient.analyze(&Model, &array![[0.0]], 0)?.values, array![[1.0]]);
    /// let two = (&array![[0.0]], &array![[0.0]]);
    /// assert!(Gradient.analyze(&Model, two, 0).is_err());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn only(inputs: &[Self]) -> Result<Self> {
        match inputs {
            [x] => Ok(x.clone()),
            _ => Err(Error::InvalidParameter {
                name: "inputs",
                value: inputs.len().to_string(),
                reason: "the model takes 1".into(),
            }),
        }
    }

    /// The shape, batch axis first.
    ///
    /// # Errors
    /// [`Error::Opaque`] when the value comes from code that nobody can look into, so that its shape is known only when
    /// it runs.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// // Each channel by itself, whatever the batch and the size of the image.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3, 4, 5]], |x| match x[0].shape()?[..] {
    ///     [batch, channels, rows, columns] => Ok(x[0].reshape(&[batch * channels, 1, rows, columns])),
    ///     _ => Ok(x[0].clone()),
    /// })?;
    /// assert_eq!(graph.output_shape(), Some(&[6, 1, 4, 5][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn shape(&self) -> Result<Vec<usize>> {
        self.tracer.shape(self.value).ok_or_else(|| match self.tracer.has_failed() {
            true => Error::backend(B::NAME, "the network could not be written down"),
            false => Error::Opaque {
                what: "the shape of a value".into(),
                reason:
                    "it comes from code that nobody can look into: write that code on `Var`, or say the shape with \
                         `Opaque::shaped`"
                        .into(),
            },
        })
    }

    /// Through an operation of one input.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::{AdaptiveAvgPool2d, Flatten};
    /// use xai::{Graph, NdArray};
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 8, 7, 7]], |x| {
    ///     Ok(x[0].op(AdaptiveAvgPool2d::global()).op(Flatten::default()))
    /// })?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 8][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn op(&self, op: impl Into<Op<B>>) -> Self {
        self.push(Step::Op(op.into()), &[self])
    }

    /// Through an operation of several inputs: this value first, then the others.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Binary;
    /// use xai::{Graph, NdArray};
    ///
    /// // The same as `&x[0] - &x[1]`.
    /// let graph = Graph::<NdArray>::trace(&[vec![2, 3], vec![1, 3]], |x| Ok(x[0].op_with(Binary::Sub, &[&x[1]])))?;
    /// assert_eq!(graph.output_shape(), Some(&[2, 3][..]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn op_with(&self, op: impl Into<Op<B>>, others: &[&Self]) -> Self {
        let inputs: Vec<&Self> = std::iter::once(self).chain(others.iter().copied()).collect();
        self.push(Step::Op(op.into()), &inputs)
    }

    /// Through code that nobody can look into: [`Opaque`] has an example.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Opaque, Tensor};
    ///
    /// // Rounded to whole numbers, which no operation does.
    /// let x = Tensor::<NdArray<f64>>::upload(array![[0.4, 2.6]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[x.shape()], |x| {
    ///     let round = |x: &[Tensor<NdArray<f64>>]| Tensor::upload(x[0].download()?.mapv(f64::round).view(), &());
    ///     Ok(x[0].opaque(Opaque::forward_only(round)))
    /// })?;
    /// assert_eq!(graph.forward(&[x])?.download()?, array![[0.0, 3.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn opaque(&self, code: Opaque<'m, B>) -> Self {
        self.opaque_with(code, &[])
    }

    /// Through code of several inputs that nobody can look into: this value first, then the others.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{arr2, array};
    /// use xai::{Graph, NdArray, Opaque, Tensor};
    ///
    /// let tensor = |row: [f64; 2]| Tensor::<NdArray<f64>>::upload(arr2(&[row]).view().into_dyn(), &());
    /// let graph = Graph::trace(&[vec![1, 2], vec![1, 2]], |x| {
    ///     let quotient = Opaque::forward_only(|x: &[Tensor<NdArray<f64>>]| x[0].div(&x[1]));
    ///     Ok(x[0].opaque_with(quotient, &[&x[1]]))
    /// })?;
    /// let y = graph.forward(&[tensor([6.0, 1.0])?, tensor([2.0, 4.0])?])?;
    /// assert_eq!(y.download()?, array![[3.0, 0.25]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn opaque_with(&self, code: Opaque<'m, B>, others: &[&Self]) -> Self {
        let inputs: Vec<&Self> = std::iter::once(self).chain(others.iter().copied()).collect();
        self.push(Step::Opaque(code), &inputs)
    }

    /// A tensor of the network's own, beside this value: a position embedding, a class token.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let class = Tensor::<NdArray<f64>>::upload(array![[[7.0]]].view().into_dyn(), &())?;
    /// let tokens = Tensor::<NdArray<f64>>::upload(array![[[1.0], [2.0]]].view().into_dyn(), &())?;
    /// let graph = Graph::trace(&[tokens.shape()], |x| Ok(x[0].constant(class).concat(&[&x[0]], 1)))?;
    /// assert_eq!(graph.forward(&[tokens])?.download()?, array![[[7.0], [1.0], [2.0]]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn constant(&self, tensor: impl Into<Weight<B>>) -> Self {
        self.push(Step::Constant(tensor.into()), &[])
    }

    /// Through code with a name, whose output becomes a place of that name.
    ///
    /// # Errors
    /// The code's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 3]], |x| {
    ///     x[0].within("head", || x[0].within("scores", || Ok(x[0].tanh())))
    /// })?;
    /// let names: Vec<String> = graph.places().into_iter().map(|place| place.name).collect();
    /// assert_eq!(names, ["head.scores", "head"]);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn within(&self, name: impl ToString, code: impl FnOnce() -> Result<Self>) -> Result<Self> {
        let value = self.tracer.within(name.to_string(), || {
            let y = code()?;
            if y.is_of(&self.tracer) { Ok(y.value) } else { Err(of_another_graph()) }
        })?;
        Ok(Var { tracer: Rc::clone(&self.tracer), value })
    }

    /// Through a graph that was written down before, of which this value and the others become the inputs.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when there are more or fewer.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Graph, NdArray, Tensor};
    ///
    ///
    /// let double = Graph::<NdArray<f64>>::trace(&[vec![1, 2]], |x| Ok(&x[0] * 2.0))?;
    /// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 3.0]].view().into_dyn(), &())?;
    /// let twice = Graph::trace(&[x.shape()], |x| x[0].graph(&double, &[])?.graph(&double, &[]))?;
    /// assert_eq!(twice.forward(&[x])?.download()?, array![[4.0, 12.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn graph(&self, graph: &Graph<'m, B>, others: &[&Self]) -> Result<Self> {
        let inputs: Vec<&Self> = std::iter::once(self).chain(others.iter().copied()).collect();
        graph.check_count(inputs.len())?;
        if inputs.iter().any(|input| !input.is_of(&self.tracer)) {
            return Err(of_another_graph());
        }
        let values: Vec<Value> = inputs.iter().map(|input| input.value).collect();
        Ok(Var { tracer: Rc::clone(&self.tracer), value: self.tracer.inline(graph, &values) })
    }

    /// Says where the inputs of the network have to be brought, unless that was said before.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// // Of plain arrays there is one place, `()`; of another framework it is a device.
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 3]], |x| {
    ///     x[0].place_at(());
    ///     Ok(x[0].tanh())
    /// })?;
    /// assert_eq!(graph.placement(), Some(()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn place_at(&self, placement: impl Into<B::Placement>) {
        self.tracer.place_at(placement.into());
    }

    pub(super) fn fail(&self, error: Error) {
        self.tracer.fail(error);
    }
}

impl<B: Backend> Clone for Var<'_, B> {
    fn clone(&self) -> Self {
        Var { tracer: Rc::clone(&self.tracer), value: self.value }
    }
}

impl<B: Backend> fmt::Debug for Var<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Var").field("value", &self.value.0).field("shape", &self.tracer.shape(self.value)).finish()
    }
}
