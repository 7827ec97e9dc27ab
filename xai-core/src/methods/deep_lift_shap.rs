//! DeepLIFT over a set of references.

use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, Axis, Data, Dimension};

use super::deep_lift::DeepLift;
use super::{Gradient, InterpolationAugmentation};
use crate::explain::rows::check_finite;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Target};
use crate::passes::Reference;
use crate::passes::{Chunk, MOST_COPIES, Running, Sum, copies_per_pass, even_parts, in_blocks, repeated, within};
use crate::rules::Unknown;
use crate::{Arithmetic, Backend, Differentiable, Element, Error, Progress, Result, Tensor};

/// The mean of [`DeepLift`] over a set of references, which all samples share: an approximation of SHAP values.
///
/// Values have the input's shape, in output units, signed, and add up to f(x) - (mean of f over the set). The
/// explanation carries the gap, and the estimated error: the standard error of the mean over the set, relative to the
/// values, ‖SE‖₂ / ‖A‖₂, as if the set were drawn at random.
///
/// Cost: for each reference that of [`DeepLift`]. Memory is bounded by the chunk, not by the set.
///
/// Errors: those of [`DeepLift`]; [`Error::InvalidParameter`] for an empty set, [`Error::Shape`] for references of
/// another shape than a sample.
///
/// Reference: Lundberg, Lee (2017), *A Unified Approach to Interpreting Model Predictions*, arXiv:1705.07874.
///
/// ```
/// use ndarray::array;
/// use xai_core::nn::{Activation, Linear, Sequential};
/// use xai_core::{Analyzer, DeepLiftShap, Index, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?).push(Activation::Relu);
/// let set = array![[1.0, -1.0], [0.0, 1.0]];
/// let why = DeepLiftShap::new(&set).analyze(&net, &array![[1.0, 1.0]], Index(0))?;
/// assert_eq!(why.values, array![[0.5, 1.5]]);
/// # Ok::<(), xai_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DeepLiftShap {
    each: DeepLift,
    /// For each explained input, the references one after another.
    sets: Vec<Arc<ArrayD<f64>>>,
}

impl DeepLiftShap {
    /// Over references that stand one after another along the first axis.
    pub fn new<E: Element, S: Data<Elem = E>, D: Dimension>(references: &ArrayBase<S, D>) -> Self {
        let sets = vec![Arc::new(references.mapv(Element::as_f64).into_dyn())];
        DeepLiftShap { each: DeepLift::new(), sets }
    }

    /// The references of the next explained input: as many, of which each belongs to that of the first input at its
    /// place.
    #[must_use]
    pub fn and<E: Element, S: Data<Elem = E>, D: Dimension>(mut self, references: &ArrayBase<S, D>) -> Self {
        self.sets.push(Arc::new(references.mapv(Element::as_f64).into_dyn()));
        self
    }

    /// What is done at steps without a rule.
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        DeepLiftShap { each: self.each.unknown(unknown), ..self }
    }

    /// At most how many samples go through the model in one pass, as everywhere.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        DeepLiftShap { each: self.each.chunk(chunk), ..self }
    }

    /// Calls back after every pass.
    #[must_use]
    pub fn on_progress(self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        DeepLiftShap { each: self.each.on_progress(report), ..self }
    }

    /// How many references there are.
    fn len(&self) -> usize {
        self.sets.first().map_or(0, |set| set.shape().first().copied().unwrap_or(0))
    }

    fn check_sets(&self, inputs: &Inputs<'_>) -> Result<()> {
        within("references", self.len(), 1, MOST_COPIES)?;
        let explained = inputs.explained_shapes().count();
        if self.sets.len() != explained {
            return Err(Error::InvalidParameter {
                name: "sets of references",
                value: self.sets.len().to_string(),
                reason: format!("each of {explained} explained input(s) needs one: add them by `.and(&references)`"),
            });
        }
        for (set, input) in self.sets.iter().zip(inputs.explained_shapes()) {
            let expected = [&[self.len()], input.get(1..).unwrap_or_default()].concat();
            Error::check_shape("set of references, the first axis counting them", &expected, set.shape())?;
            check_finite("references", set.as_ref())?;
        }
        Ok(())
    }

    fn mean<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>> {
        let (batch, count) = (call.rows(), self.len());
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let references = self.sets.iter().map(|set| Reference::Array(Arc::clone(set)));
        let path: InterpolationAugmentation<Gradient> = self.each.path.clone().references(references);
        let (mut sum, mut squares) = (Sum::new(), Sum::new());
        for (start, len) in even_parts(count, copies_per_pass(chunk, batch)) {
            let inputs = call.inputs.iter().map(|x| repeated(x, len)).collect::<Result<Vec<_>>>()?;
            // What a row is a copy of says which reference it has: here, each sample has all of them.
            let which: Vec<usize> = (0..batch).flat_map(|_| start..start + len).collect();
            let rows = selection.repeat(len);
            let pairs = Call { inputs: &inputs, target: Target::Chosen(&rows), samples: &which, ..*call };
            let mut path = path.clone().chunk(batch * len);
            path.settings.reporter = crate::passes::Reporter::default();
            let found = path.attribute(model, &pairs)?;
            #[allow(clippy::cast_precision_loss)]
            let weights = vec![1.0 / count as f64; len];
            sum.add(&found, &weights)?;
            let squared = |values: &Tensor<M::Backend>| values.mul(values);
            squares.add_values(&found.values.iter().map(squared).collect::<Result<Vec<_>>>()?, &weights)?;
            progress.advance(batch * len)?;
        }
        let nothing = || Error::backend(M::Backend::NAME, "there is no reference");
        let (values, mut extras) = sum.finish().ok_or_else(nothing)?;
        let (squares, _) = squares.finish().ok_or_else(nothing)?;
        extras.estimated_error = relative_error(&values, &squares, batch, count)?;
        Ok(Attribution { values, output, selection, extras })
    }
}

/// √(Σ (E[v²] - E[v]²) / (n - 1)) / √(Σ E[v]²), for each sample; none for one reference alone.
#[allow(clippy::cast_precision_loss)]
fn relative_error<B: Backend>(
    means: &[Tensor<B>],
    squares: &[Tensor<B>],
    batch: usize,
    count: usize,
) -> Result<Option<Vec<f64>>> {
    if count < 2 {
        return Ok(None);
    }
    let (mut variance, mut norm) = (vec![0.0; batch], vec![0.0; batch]);
    for (mean, squares) in means.iter().zip(squares) {
        let (mean, squares) = (mean.download()?, squares.download()?);
        for (i, (mean, squares)) in mean.axis_iter(Axis(0)).zip(squares.axis_iter(Axis(0))).enumerate().take(batch) {
            for (mean, square) in mean.iter().zip(&squares) {
                let square_of_mean = mean.as_f64().powi(2);
                variance[i] += (square.as_f64() - square_of_mean).max(0.0);
                norm[i] += square_of_mean;
            }
        }
    }
    let error = |(variance, norm): (&f64, &f64)| (variance / (count - 1) as f64 / norm.max(f64::MIN_POSITIVE)).sqrt();
    Ok(Some(variance.iter().zip(&norm).map(error).collect()))
}

impl<M: Differentiable + ?Sized> Analyzer<M> for DeepLiftShap {
    fn name(&self) -> String {
        "DeepLiftShap".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.check_sets(inputs)?;
        self.each.path.check(model, inputs)?;
        self.each.check_graph(&model.graph(inputs.shapes)?, inputs.explained, "DeepLiftShap")
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.each.check_graph(&call.graph(model)?, call.explained, "DeepLiftShap")?;
        let settings = &self.each.path.settings;
        let mut progress = settings.reporter.start(self.len() * call.rows());
        let chunk = Chunk::of(settings.chunk, call).sparing().for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.mean(model, block, chunk, &mut progress))
    }
}
