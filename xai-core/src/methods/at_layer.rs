//! Any analyzer at a layer inside the model.

use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::{Backend, Differentiable, Graph, Result, Tensor, Var};

/// Any analyzer at a named place of the model: what is there is explained, as if it were the input of what is behind
/// it.
///
/// f = rest ∘ start is cut at the place ([`Differentiable::places`] lists them), start runs once, forward, and the
/// analyzer explains rest(A) at A = start(x). Values have the shape of A, in the analyzer's units; a reference is one
/// of A, zeros unless it is given. Over [`IntegratedGradients`](crate::IntegratedGradients) it is layer integrated
/// gradients, over [`InputTimesGradient`](crate::InputTimesGradient) gradient times activation.
///
/// Errors: [`Error::UnknownPlace`](crate::Error::UnknownPlace) and
/// [`Error::BypassedPlace`](crate::Error::BypassedPlace), which name the places that are near; the analyzer's own; and
/// those of values with another number of axes than the input (then give `input.into_dyn()`).
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
        let (_, rest) = self.cut(rows)?;
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
        let rows = inputs.shapes.first().and_then(|shape| shape.first().copied()).unwrap_or(0);
        let (start, _) = behind.cut(rows)?;
        // Without a shape, the analyzer is asked when there is one.
        match start.output_shape() {
            Some(shape) => self.analyzer.check(&behind, &Inputs { shapes: &[shape.to_vec()], explained: &[true] }),
            None => Ok(()),
        }
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let inputs = call.shapes();
        let behind = Behind { model: &model, place: &self.place, inputs: &inputs };
        let (start, _) = behind.cut(call.rows())?;
        let maps: Tensor<M::Backend> = start.forward(call.inputs)?;
        let unknown = start.output_shape().is_none();
        drop(start);
        if maps.shape().first() != Some(&call.rows()) {
            return Err(crate::Error::InvalidShape {
                what: format!("what is at `{}`", self.place),
                got: maps.shape(),
                reason: format!("it needs a row for each of {} samples, batch axis first", call.rows()),
            });
        }
        // Without a shape, `check` could not ask; copies of samples are not what parameters are checked against.
        if unknown && call.samples.iter().copied().eq(0..call.rows()) {
            self.analyzer.check(&behind, &Inputs { shapes: &[maps.shape()], explained: &[true] })?;
        }
        self.analyzer.attribute(&behind, &Call { inputs: &[maps], explained: &[true], ..*call })
    }
}
