//! A model up to one of its places.

use crate::{Arithmetic, Differentiable, Result, Var};

/// A model up to one of its places: what is there is its output.
///
/// [`predict`](Differentiable::predict) gives the activations at a place. An analyzer explains a single number of them,
/// a neuron, by its index: neuron gradients, neuron integrated gradients, and so on, with any analyzer there is.
///
/// The place may be one that something bypasses. Errors: [`UnknownPlace`](crate::Error::UnknownPlace).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, Differentiable, Index, InputTimesGradient, NdArray, Tensor, UpTo};
///
/// let linear = |w: ndarray::Array2<f64>| Linear::new(Tensor::<NdArray<f64>>::upload(w.view().into_dyn(), &())?, None);
/// let net = Sequential::new()
///     .push_named("first", linear(array![[1.0, -1.0], [2.0, 0.5]])?)
///     .push_named("hidden", Activation::Relu)
///     .push_named("last", linear(array![[3.0, 5.0]])?);
/// let (hidden, x) = (UpTo::new(&net, "hidden"), array![[1.0, 4.0]]);
/// assert_eq!(hidden.predict(x.view().into_dyn())?, array![[0.0, 4.0]].into_dyn());
/// // What the second neuron reacts to.
/// assert_eq!(InputTimesGradient.analyze(&hidden, &x, Index(1))?.values, array![[2.0, 2.0]]);
/// assert_eq!(hidden.into_inner().predict(x.view().into_dyn())?, array![[20.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LayerActivation", "NeuronGradient", "NeuronIntegratedGradients"))]
pub struct UpTo<M> {
    model: M,
    place: String,
}

impl<M: Differentiable> UpTo<M> {
    /// The model, or a reference to it, up to a named place.
    pub fn new(model: M, place: impl Into<String>) -> Self {
        UpTo { model, place: place.into() }
    }

    /// The whole model.
    pub fn into_inner(self) -> M {
        self.model
    }
}

impl<M: Differentiable> Differentiable for UpTo<M> {
    type Backend = M::Backend;
    fn trace<'m>(&'m self, inputs: &[Var<'m, M::Backend>]) -> Result<Var<'m, M::Backend>> {
        let Some((first, others)) = inputs.split_first() else { return self.model.trace(inputs) };
        let graph = self.model.graph(&inputs.iter().map(Var::shape).collect::<Result<Vec<_>>>()?)?;
        let start = graph.up_to(graph.place(&self.place)?);
        first.graph(&start, &others.iter().collect::<Vec<_>>())
    }
    fn placement(&self) -> Option<<M::Backend as Arithmetic>::Placement> {
        self.model.placement()
    }
}
