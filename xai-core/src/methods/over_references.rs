//! The mean over a set of references.

use super::deep_lift::DeepLift;
use super::from_reference::FromReference;
use super::integrated_gradients::IntegratedGradients;
use super::quadrature::Quadrature;
use super::reference_set::{ReferenceSet, ReferenceSets};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Target};
use crate::passes::{
    Chunk, Moments, Reporter, Running, at_least, check_copies, copies_per_pass, even_parts, in_blocks, repeated,
};
use crate::rules::Unknown;
use crate::{Differentiable, Error, Result, Tensor};

/// Any analyzer that compares with a reference, averaged over a set of references: 1/r Σₖ A(x; x'ₖ).
///
/// Over [`IntegratedGradients`] with a black and a white reference it is what XRAI begins with; over a background, a
/// mean that depends on no single reference. Values have the analyzer's shape and units, and every reference has the
/// same weight. A complete analyzer stays complete: the values add up to f(x) - 1/r Σₖ f(x'ₖ), and the extras have the
/// mean completeness gap. They also have the estimated error, the standard error ‖SE‖₂ / ‖A‖₂ of the mean, as if the
/// references were drawn at random from more of their kind.
///
/// The references stand in for the analyzer's own. The output that is explained is chosen once, on the clean input. It
/// costs r analyses, of which as many go through the model at once as a chunk holds. Chunks by the size of the
/// network's maps, unless set.
///
/// Errors: [`Error::InvalidParameter`] for an empty set or a chunk of 0, [`Error::InvalidShape`] and [`Error::Shape`]
/// for references of another shape, [`Error::Unsupported`] for sets that are not one for each explained input; and the
/// analyzer's own.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{
///     Analyzer, Function, Index, IntegratedGradients, NdArray, OverReferences, Quadrature, ReferenceSet,
/// };
///
/// // f(x) = x²: from x', integrated gradients are x² - x'².
/// type T = ArcArray<f64, IxDyn>;
/// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
/// let background = array![[0.0], [1.0], [2.0]];
/// let why = OverReferences::new(IntegratedGradients::new(), &background).analyze(&square, &array![[3.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - (9.0 - 5.0 / 3.0)).abs() < 1e-12_f64);
/// // The spread of 0, 1 and 4, by √3, and relative to the value.
/// let error = why.extras.estimated_error.unwrap()[0];
/// assert!((error - (13.0 / 9.0_f64).sqrt() / (9.0 - 5.0 / 3.0)).abs() < 1e-12);
///
/// // From 0 and 1, by three points that are enough for a gradient that is linear: 9 - 1/2.
/// let over = OverReferences::new(IntegratedGradients::new(), ReferenceSet::default()).n(3);
/// let over = over.quadrature(Quadrature::Trapezoid).references(&array![[0.0], [1.0]]).chunk(1);
/// let over = over.on_progress(|step| assert_eq!(step.total, 2));
/// assert!((over.analyze(&square, &array![[3.0]], Index(0))?.values[[0, 0]] - 8.5).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("baselines"))]
pub struct OverReferences<A> {
    analyzer: A,
    references: ReferenceSets,
    chunk: Option<usize>,
    reporter: Reporter,
}

impl<A> OverReferences<A> {
    /// The analyzer, averaged over the references: `&array` with one in each row, or a [`ReferenceSet`].
    pub fn new(analyzer: A, references: impl Into<ReferenceSet>) -> Self {
        let references = ReferenceSets(vec![references.into()]);
        OverReferences { analyzer, references, chunk: None, reporter: Reporter::default() }
    }

    /// The references: `&array` with one in each row, or a [`ReferenceSet`].
    #[must_use]
    pub fn references(self, references: impl Into<ReferenceSet>) -> Self {
        OverReferences { references: ReferenceSets(vec![references.into()]), ..self }
    }

    /// The sets of several explained inputs, in their order, with as many references each: the k-th belong together.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, IntegratedGradients, NdArray, OverReferences, ReferenceSet, Result, Var};
    ///
    /// struct Area;
    /// impl Differentiable for Area {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    ///
    /// // From 0 · 1 to 2 · 2 there are 3 and 1, from 1 · 0 to it 1 and 3.
    /// let sets = [ReferenceSet::constants([0.0, 1.0]), ReferenceSet::constants([1.0, 0.0])];
    /// let over = OverReferences::new(IntegratedGradients::new(), ReferenceSet::default()).references_of_inputs(sets);
    /// let (a, b) = over.analyze(&Area, (&array![[2.0]], &array![[2.0]]), 0)?.values;
    /// assert!((a[[0, 0]] - 2.0).abs() < 1e-12 && (b[[0, 0]] - 2.0).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn references_of_inputs(self, references: impl IntoIterator<Item = ReferenceSet>) -> Self {
        OverReferences { references: ReferenceSets(references.into_iter().collect()), ..self }
    }

    /// At most how many samples, each with a reference, are given to the analyzer at once. Unless set, so many that the
    /// largest map that a layer gives out has at most 26 MB, and at most 64.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        OverReferences { chunk: Some(chunk), ..self }
    }

    /// Calls back after every pass over references: an analysis of one sample from one reference counts as one.
    #[must_use]
    pub fn on_progress<Go: crate::Answer>(
        self,
        report: impl Fn(crate::Progress) -> Go + Send + Sync + 'static,
    ) -> Self {
        OverReferences { reporter: Reporter::new(report), ..self }
    }
}

impl OverReferences<IntegratedGradients> {
    /// Sets the number of points on each path, at least 2.
    #[must_use]
    pub fn n(self, n: usize) -> Self {
        OverReferences { analyzer: self.analyzer.n(n), ..self }
    }

    /// At most so many samples in one pass, points on paths counted.
    pub(super) fn chunk_of_paths(self, chunk: usize) -> Self {
        OverReferences { analyzer: self.analyzer.chunk(chunk), ..self }.chunk(chunk)
    }

    /// The rule for the points and their weights.
    #[must_use]
    pub fn quadrature(self, quadrature: Quadrature) -> Self {
        OverReferences { analyzer: self.analyzer.quadrature(quadrature), ..self }
    }
}

impl OverReferences<DeepLift> {
    /// What is done at steps without a rule.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, DeepLift, Function, NdArray, OverReferences};
    ///
    /// // x², with a gradient by hand. By its mean at both ends, 3 · 3 from 0, and 2 · 4 from 1.
    /// type T = ArcArray<f64, IxDyn>;
    /// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    /// let over = OverReferences::new(DeepLift::new(), &array![[0.0], [1.0]]);
    /// assert!(over.analyze(&square, &array![[3.0]], 0).is_err());
    /// let why = over.unknown(Unknown::Gradient).analyze(&square, &array![[3.0]], 0)?;
    /// assert!((why.values[[0, 0]] - 8.5).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        OverReferences { analyzer: self.analyzer.unknown(unknown), ..self }
    }
}

impl<A> OverReferences<A> {
    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: FromReference<M>,
    {
        let (count, batch) = (self.references.len(), call.rows());
        let name = || self.analyzer.name();
        #[allow(clippy::cast_precision_loss)]
        let weights = |len| vec![1.0 / count as f64; len];
        let mut moments = Moments::new();
        // The first one by itself: it settles what is explained, and gives the clean input's output.
        let first = self.analyzer.attribute_from(model, call, &self.tensors(call, &[0])?)?;
        check_copies(name, &first, batch)?;
        moments.add(&first, &weights(1))?;
        progress.advance(batch)?;
        let Attribution { output, selection, .. } = first;
        for (start, len) in even_parts(count.saturating_sub(1), copies_per_pass(chunk, batch)) {
            if len == 0 {
                continue;
            }
            let which: Vec<usize> = (1 + start..1 + start + len).collect();
            let copies = call.inputs.iter().map(|x| repeated(x, len)).collect::<Result<Vec<_>>>()?;
            let samples: Vec<usize> = call.samples.iter().flat_map(|&of| std::iter::repeat_n(of, len)).collect();
            let rows = selection.repeat(len);
            let part = Call { inputs: &copies, target: Target::Chosen(&rows), samples: &samples, ..*call };
            let found = self.analyzer.attribute_from(model, &part, &self.tensors(call, &which)?)?;
            check_copies(name, &found, samples.len())?;
            moments.add(&found, &weights(len))?;
            progress.advance(samples.len())?;
        }
        let found = moments.finish()?.ok_or_else(|| Error::InvalidParameter {
            name: "references",
            value: "none".into(),
            reason: "a set needs at least one".into(),
        })?;
        let error = found.relative_error()?;
        let extras = found.extras.with_error_of_mean(error);
        Ok(Attribution { values: found.mean, output, selection, extras })
    }

    /// These references of each explained input, for each row one after another.
    fn tensors<B: crate::Backend>(&self, call: &Call<'_, B>, which: &[usize]) -> Result<Vec<Tensor<B>>> {
        let of_input = |(x, set): (&Tensor<B>, &ReferenceSet)| set.tensors_like(x, call.samples, which);
        call.explained_inputs().zip(&self.references.0).map(of_input).collect()
    }
}

impl<M: Differentiable + ?Sized, A: FromReference<M>> Analyzer<M> for OverReferences<A> {
    fn name(&self) -> String {
        format!("OverReferences({})", self.analyzer.name())
    }

    fn kind(&self) -> Kind {
        self.analyzer.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        self.references.check(&Analyzer::<M>::name(self), inputs.explained_shapes())?;
        self.analyzer.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut progress = self.reporter.start(self.references.len() * call.rows());
        let chunk = Chunk::of(self.chunk, call).for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.explain(model, block, chunk, &mut progress))
    }
}
