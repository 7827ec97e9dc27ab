//! Any analyzer at a layer inside the model.

use super::from_reference::{FromReference, Parts};
use crate::explain::sample_rows::{check_place_rows, check_rows};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Backend, Differentiable, Graph, Result, Tensor, Var};

/// Any analyzer at a named place of the model: what is there is explained, as if it were the input of what is behind
/// it.
///
/// f = rest ∘ start is cut at the place ([`Differentiable::places`] lists them), start runs once, forward, and the
/// analyzer explains rest(A) at A = start(x). Values have the shape of A, in the analyzer's units. Over
/// [`IntegratedGradients`](crate::IntegratedGradients) it is layer integrated gradients, over
/// [`InputTimesGradient`](crate::InputTimesGradient) gradient times activation.
///
/// The analyzer's own reference is one of A, zeros unless it is given. What a reference x₀ of the input is there,
/// start(x₀), [`OverReferences`](crate::OverReferences) takes, of one or of several: layer integrated gradients and
/// layer DeepLIFT as others have them.
///
/// Errors: [`UnknownPlace`](crate::Error::UnknownPlace) and [`BypassedPlace`](crate::Error::BypassedPlace), which name
/// the places that are near; [`InvalidShape`](crate::Error::InvalidShape) for a place where the network has the batch
/// axis elsewhere than first, or in one with another; the analyzer's own; and those of values with another number of
/// axes than the input (then give `input.into_dyn()`).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, AtLayer, Index, InputTimesGradient, NdArray, Tensor};
///
/// let linear = |w: ndarray::Array2<f64>| Linear::new(Tensor::<NdArray<f64>>::upload(w.view().into_dyn(), &())?, None);
/// let net = Sequential::new()
///     .push_named("first", linear(array![[1.0, -1.0], [2.0, 0.0]])?)
///     .push_named("hidden", Activation::Relu)
///     .push_named("last", linear(array![[3.0, 5.0]])?);
/// let why = AtLayer::new(InputTimesGradient, "hidden").analyze(&net, &array![[1.0, 4.0]], Index(0))?;
/// assert_eq!(why.values, array![[0.0, 10.0]]);
///
/// // From the activations at a reference of the input: 3 · (0 - 0) and 5 · (2 - 6).
/// use xai::{IntegratedGradients, OverReferences};
/// let layer = AtLayer::new(IntegratedGradients::new(), "hidden");
/// let why = OverReferences::new(layer, &array![[3.0, 4.0]]).analyze(&net, &array![[1.0, 4.0]], Index(0))?;
/// assert!((why.values[[0, 1]] + 20.0).abs() < 1e-12 && why.values[[0, 0]] == 0.0);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LayerGradientXActivation", "LayerIntegratedGradients", "LayerDeepLift"))]
pub struct AtLayer<A> {
    analyzer: A,
    place: String,
}

impl<A> AtLayer<A> {
    /// The analyzer, at a named place.
    pub fn new(analyzer: A, place: impl Into<String>) -> Self {
        AtLayer { analyzer, place: place.into() }
    }
}

/// What is behind a place of a model, as a model of one input.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, AtLayer, Behind, Gradient, NdArray, Tensor};
///
/// /// What an analyzer that is to look inside has to be able to explain.
/// fn inside<A: for<'a> Analyzer<Behind<'a, NdArray<f64>>>>(analyzer: A) -> AtLayer<A> {
///     AtLayer::new(analyzer, "hidden")
/// }
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[3.0, 5.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push_named("hidden", Activation::Relu).push(Linear::new(weight, None)?);
/// assert_eq!(inside(Gradient).analyze(&net, &array![[-1.0, 4.0]], 0)?.values, array![[3.0, 5.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone)]
pub struct Behind<'a, B: Backend> {
    model: &'a (dyn Differentiable<Backend = B> + 'a),
    place: &'a str,
    /// The shapes of the whole model's inputs, but for the number of rows.
    inputs: &'a [Vec<usize>],
}

impl<'a, B: Backend> Behind<'a, B> {
    /// The graph of the whole model for so many rows, cut at the place.
    fn cut<'m>(&'m self, rows: usize) -> Result<(Graph<'m, B>, Graph<'m, B>)> {
        let model: &'m dyn Differentiable<Backend = B> = self.model;
        let with_rows = |shape: &Vec<usize>| [&[rows], shape.get(1..).unwrap_or_default()].concat();
        let graph = model.graph(&self.inputs.iter().map(with_rows).collect::<Vec<_>>())?;
        graph.split(graph.place(self.place)?)
    }

    /// What is at the place for these inputs: a row for each of theirs.
    fn start(&self, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        let rows = inputs.first().and_then(|x| x.shape().first().copied()).unwrap_or(0);
        let (start, _) = self.cut(rows)?;
        let there = start.forward(inputs)?;
        drop(start);
        check_rows(self.place, rows, &there.shape())?;
        Ok(there)
    }
}

impl<B: Backend> std::fmt::Debug for Behind<'_, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behind").field("place", &self.place).finish_non_exhaustive()
    }
}

impl<B: Backend> Differentiable for Behind<'_, B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let maps = Var::only(inputs)?;
        let rows = maps.shape()?.first().copied().unwrap_or(0);
        let (start, rest) = self.cut(rows)?;
        // Of a single sample nobody can tell which axis is the samples': of its copies it is the first.
        start.output_shape().map_or(Ok(()), |there| check_rows(self.place, rows, there))?;
        maps.graph(&rest, &[])
    }
}

impl<M, A> Analyzer<M> for AtLayer<A>
where
    M: Differentiable + ?Sized,
    A: for<'a> Analyzer<Behind<'a, M::Backend>>,
{
    fn name(&self) -> String {
        format!("AtLayer({}, {})", self.analyzer.name(), self.place)
    }

    fn kind(&self) -> Kind {
        self.analyzer.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained(&Analyzer::<M>::name(self))?;
        let behind = Behind { model: &model, place: &self.place, inputs: inputs.shapes };
        let graph = model.graph(inputs.shapes)?;
        let (start, _) = graph.split(graph.place(&self.place)?)?;
        // Without a shape, the analyzer is asked when there is one.
        match start.output_shape() {
            Some(shape) => {
                check_place_rows(model, inputs.shapes, &graph, &self.place)?;
                self.analyzer.check(&behind, &Inputs { shapes: &[shape.to_vec()], explained: &[true] })
            }
            None => Ok(()),
        }
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.explain(model, call, |behind, maps, call| {
            self.analyzer.attribute(behind, &Call { inputs: &[maps], explained: &[true], ..*call })
        })
    }
}

/// References are of the input: what they are at the place is compared with what the input is there.
impl<M, A> FromReference<M> for AtLayer<A>
where
    M: Differentiable + ?Sized,
    A: for<'a> FromReference<Behind<'a, M::Backend>>,
{
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>> {
        let mut own = Parts::new(call, references)?.next(call)?.into_iter();
        let start = |(x, &explained): (&Tensor<M::Backend>, &bool)| {
            explained.then(|| own.next()).flatten().unwrap_or_else(|| x.clone())
        };
        let inputs: Vec<Tensor<M::Backend>> = call.inputs.iter().zip(call.explained).map(start).collect();
        self.explain(model, call, |behind, maps, call| {
            let there = behind.start(&inputs)?;
            self.analyzer.attribute_from(behind, &Call { inputs: &[maps], explained: &[true], ..*call }, &[there])
        })
    }
}

impl<A> AtLayer<A> {
    /// What is found behind the place, for what is there.
    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        found: impl FnOnce(
            &Behind<'_, M::Backend>,
            Tensor<M::Backend>,
            &Call<'_, M::Backend>,
        ) -> Result<Attribution<M::Backend>>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: for<'a> Analyzer<Behind<'a, M::Backend>>,
    {
        let inputs = call.shapes();
        let behind = Behind { model: &model, place: &self.place, inputs: &inputs };
        let unknown = behind.cut(call.rows())?.0.output_shape().is_none();
        let maps = behind.start(call.inputs)?;
        // Without a shape, `check` could not ask; copies of samples are not what parameters are checked against.
        if unknown && call.samples.iter().copied().eq(0..call.rows()) {
            self.analyzer.check(&behind, &Inputs { shapes: &[maps.shape()], explained: &[true] })?;
        }
        found(&behind, maps, call)
    }
}
