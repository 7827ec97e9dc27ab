//! Expected gradients, which are gradient SHAP.

use super::at_references::AtReferences;
use super::gradient::Gradient;
use super::noise::Copier;
use super::noise_law::NoiseLaw;
use super::reference_set::{ReferenceSet, ReferenceSets};
use super::strata::{Stratum, strata};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Target};
use crate::passes::{
    Chunk, MOST_COPIES, Moments, Reporter, Running, at_least, copies_per_pass, even_parts, in_blocks, per_copy,
    repeated, within,
};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// The gradient's integral along the straight paths from a set of references, by draws:
/// E over x' of the set and α from 0 to 1 of (x - x') · ∂yₜ/∂x (x' + α (x - x')).
///
/// It is the mean of integrated gradients over the references, from n gradients in all instead of n for each reference.
/// Draws are stratified: with n ≥ r references each has its ⌊n / r⌋ or one more draws and the same weight, at places
/// spread evenly over its path; with fewer, n references are drawn without replacement. Draws are shared by the samples
/// of a batch, and depend on the seed alone: not on batch, chunk or backend.
///
/// Values have the input's shape, in output units, signed. They add up to f(x) - 1/r Σₖ f(x'ₖ), over the references
/// that were drawn, but for the completeness gap, which the extras have. The estimated error, in the extras too, is the
/// standard error ‖SE‖₂ / ‖A‖₂ of independent draws; of these, which are spread evenly, it is a bound.
///
/// Defaults: zeros as the only reference, n = 50, seed 0, no noise, chunks by the size of the network's maps. It costs
/// n gradients, a forward pass for each reference that was drawn (once for a whole batch, if all inputs are explained),
/// and one for the input. With [`std`](ExpectedGradients::std), every draw's input has normal noise of its own, as in
/// Captum's `GradientShap`.
///
/// Errors: [`Error::InvalidParameter`] for n < 1, a chunk of 0, an empty set or a standard deviation that is negative
/// or not finite; [`Error::InvalidShape`] and [`Error::Shape`] for references of another shape; [`Error::Unsupported`]
/// for sets that are not one for each explained input.
///
/// References: Erion, Janizek, Sturmfels, Lundberg, Lee (2021), *Improving performance of deep learning models with
/// axiomatic attribution priors and expected gradients*, arXiv:1906.10670; as gradient SHAP: Lundberg, Lee (2017), *A
/// Unified Approach to Interpreting Model Predictions*, arXiv:1705.07874.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::{Analyzer, ExpectedGradients, Index, NdArray, Net, ReferenceSet, Tensor};
///
/// // Of a linear model, w · (x - mean of the references).
/// let weights = Tensor::<NdArray<f64>>::upload(array![[2.0, -1.0]].into_dyn().view(), &())?;
/// let background = array![[0.0, 0.0], [1.0, 3.0]];
/// let net = Net::new(Linear::new(weights, None)?);
/// let why = ExpectedGradients::new(&background).analyze(&net, &array![[1.0, 1.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 1e-12 && (why.values[[0, 1]] - 0.5).abs() < 1e-12);
/// // From black and white, by eight noisy draws of which four go through the model at once: 2 · 1/2 and -1 · 1/2.
/// let noisy = ExpectedGradients::default().references(ReferenceSet::constants([0.0, 1.0])).n(8).std(0.01).seed(7);
/// let noisy = noisy.chunk(4).on_progress(|step| println!("{} of {}", step.done, step.total));
/// let why = noisy.analyze(&net, &array![[1.0, 1.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 0.05 && (why.values[[0, 1]] + 0.5).abs() < 0.05);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("GradientShap", "GradientExplainer"))]
pub struct ExpectedGradients {
    references: ReferenceSets,
    n: usize,
    seed: u64,
    noise: NoiseLaw,
    noisy: bool,
    chunk: Option<usize>,
    reporter: Reporter,
}

/// Gradient SHAP is [`ExpectedGradients`], with noise by [`std`](ExpectedGradients::std).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::{Analyzer, GradientShap, NdArray, Net, Tensor};
///
/// // Of a linear model, w · (x - mean of the references), and w times the mean of 50 draws of noise.
/// let weights = Tensor::<NdArray<f64>>::upload(array![[2.0, -1.0]].into_dyn().view(), &())?;
/// let net = Net::new(Linear::new(weights, None)?);
/// let why = GradientShap::new(&array![[0.0, 0.0], [1.0, 3.0]]).std(0.01).analyze(&net, &array![[1.0, 1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 1.0).abs() < 0.02 && (why.values[[0, 1]] - 0.5).abs() < 0.01);
/// # Ok::<(), xai::Error>(())
/// ```
pub type GradientShap = ExpectedGradients;

impl ExpectedGradients {
    /// Expected gradients with 50 draws from the references: `&array` with one in each row, or a [`ReferenceSet`].
    pub fn new(references: impl Into<ReferenceSet>) -> Self {
        ExpectedGradients {
            references: ReferenceSets(vec![references.into()]),
            n: 50,
            seed: 0,
            noise: NoiseLaw::normal(0.0),
            noisy: false,
            chunk: None,
            reporter: Reporter::default(),
        }
    }

    /// The references: `&array` with one in each row, or a [`ReferenceSet`].
    #[must_use]
    pub fn references(self, references: impl Into<ReferenceSet>) -> Self {
        ExpectedGradients { references: ReferenceSets(vec![references.into()]), ..self }
    }

    /// The sets of several explained inputs, in their order, with as many references each: the k-th belong together.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, ExpectedGradients, NdArray, ReferenceSet, Result, Var};
    ///
    /// struct Sum;
    /// impl Differentiable for Sum {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] + &x[1])
    ///     }
    /// }
    ///
    /// // Of a sum, each input less the mean of its own references: 3 - 1 and 3 - 2.
    /// let sets = [array![[0.0], [2.0]], array![[1.0], [3.0]]].map(|set| ReferenceSet::samples(&set));
    /// let expected = ExpectedGradients::default().references_of_inputs(sets);
    /// let (a, b) = expected.analyze(&Sum, (&array![[3.0]], &array![[3.0]]), 0)?.values;
    /// assert!((a[[0, 0]] - 2.0).abs() < 1e-12 && (b[[0, 0]] - 1.0).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn references_of_inputs(self, references: impl IntoIterator<Item = ReferenceSet>) -> Self {
        ExpectedGradients { references: ReferenceSets(references.into_iter().collect()), ..self }
    }

    /// Sets the number of draws, at least 1.
    #[must_use]
    pub fn n(self, n: usize) -> Self {
        ExpectedGradients { n, ..self }
    }

    /// The seed of all that is drawn (ChaCha8), 0 unless set. The same seed gives the same draws on every backend.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.noise.set_seed(seed);
        self
    }

    /// Normal noise of this standard deviation (not variance), in the input's units, on every draw's input. None unless
    /// set. The values then add up to the mean of f over noisy inputs, less the mean over the references.
    #[must_use]
    pub fn std(mut self, std: f64) -> Self {
        self.noise.set_std(std);
        self.noisy = std != 0.0;
        self
    }

    /// At most how many samples go through the model in one pass: this bounds the memory. Unless set, as many as
    /// a CPU is fastest with, so that the largest map that a layer gives out has at most 26 MB, and at most 64.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        ExpectedGradients { chunk: Some(chunk), ..self }
    }

    /// Calls back after every pass of gradients.
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        ExpectedGradients { reporter: Reporter::new(report), ..self }
    }

    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        chunk: usize,
        ends: &mut AtReferences<'_, M::Backend>,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>> {
        let batch = call.rows();
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let copier = Copier::new(call, false)?;
        let draws = strata(self.n, self.references.len(), self.seed);
        let parts = even_parts(draws.len(), copies_per_pass(chunk, batch));
        let most = parts.iter().map(|&(_, len)| len).max().unwrap_or(0);
        let mut noise = self.noisy.then(|| self.noise.start(most, copier.numbers()));
        let mut moments = Moments::new();
        for (start, len) in parts {
            let Some(draws) = draws.get(start..start + len).filter(|draws| !draws.is_empty()) else { continue };
            let inputs = match &mut noise {
                Some(noise) => copier.with_noise(noise.next(len))?,
                None => call.inputs.iter().map(|x| repeated(x, len)).collect::<Result<_>>()?,
            };
            let (points, differences) = self.points(call, &inputs, draws)?;
            let (rows, samples) = (selection.repeat(len), samples_of(call, len));
            let target = Target::Chosen(&rows);
            let found = Gradient.attribute(model, &Call { inputs: &points, target, samples: &samples, ..*call })?;
            let products = found.values.iter().zip(&differences).map(|(gradient, by)| gradient.widen()?.mul(by));
            let weights: Vec<f64> = draws.iter().map(|draw| draw.weight).collect();
            moments.add_values(&products.collect::<Result<Vec<_>>>()?, &weights)?;
            progress.advance(samples.len())?;
        }
        let found = moments.finish()?.ok_or_else(|| Error::InvalidParameter {
            name: "n",
            value: self.n.to_string(),
            reason: "it must be at least 1".into(),
        })?;
        let mut weights = vec![0.0; self.references.len()];
        for draw in &draws {
            weights.get_mut(draw.reference).into_iter().for_each(|weight| *weight += draw.weight);
        }
        let at_references = ends.mean(model, call, &selection, &weights, chunk)?;
        let mut gap: Vec<f64> =
            selection.pick(&output)?.iter().zip(at_references).map(|(at_input, at_them)| at_them - at_input).collect();
        for values in &found.mean {
            let axes: Vec<usize> = (1..values.shape().len()).collect();
            gap.iter_mut().zip(&values.sum(&axes)?.download()?).for_each(|(gap, total)| *gap += total.as_f64());
        }
        let error = found.relative_error()?;
        let mut extras = found.extras.with_error_of_mean(error);
        extras.completeness_gap = Some(gap);
        Ok(Attribution { values: found.mean, output, selection, extras })
    }

    /// x' + α (x - x') for each draw, and x - x' of the explained inputs; `inputs` has a row for each draw of each
    /// sample.
    #[allow(clippy::type_complexity)]
    fn points<B: Backend>(
        &self,
        call: &Call<'_, B>,
        inputs: &[Tensor<B>],
        draws: &[Stratum],
    ) -> Result<(Vec<Tensor<B>>, Vec<Tensor<B>>)> {
        let which: Vec<usize> = draws.iter().map(|draw| draw.reference).collect();
        let alphas: Vec<f64> = draws.iter().map(|draw| draw.alpha).collect();
        let mut sets = self.references.0.iter();
        let (mut points, mut differences) = (Vec::with_capacity(inputs.len()), Vec::new());
        for ((x, copies), &explained) in call.inputs.iter().zip(inputs).zip(call.explained) {
            let Some(set) = explained.then(|| sets.next()).flatten() else {
                points.push(copies.clone());
                continue;
            };
            let x0 = set.tensors_like(x, call.samples, &which)?;
            let difference = copies.sub(&x0)?;
            let shape = difference.shape();
            let rest = shape.get(1..).unwrap_or_default();
            let by = per_copy(&alphas, rest.len(), x)?;
            let step = difference.reshape(&[&[call.rows(), draws.len()], rest].concat())?.mul(&by)?.reshape(&shape)?;
            points.push(x0.add(&step)?);
            differences.push(difference.widen()?);
        }
        Ok((points, differences))
    }
}

/// For n copies of each row, whose sample they are of.
fn samples_of<B: Backend>(call: &Call<'_, B>, n: usize) -> Vec<usize> {
    call.samples.iter().flat_map(|&of| std::iter::repeat_n(of, n)).collect()
}

impl Default for ExpectedGradients {
    fn default() -> Self {
        Self::new(ReferenceSet::default())
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for ExpectedGradients {
    fn name(&self) -> String {
        "ExpectedGradients".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.n, 1, MOST_COPIES)?;
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        self.noise.check()?;
        self.references.check("ExpectedGradients", inputs.explained_shapes())?;
        Gradient.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut progress = self.reporter.start(self.n * call.rows());
        let chunk = Chunk::of(self.chunk, call).for_model(model, call)?;
        let mut ends = AtReferences::new(&self.references);
        in_blocks(model, call, chunk, |block| self.explain(model, block, chunk, &mut ends, &mut progress))
    }
}
