//! DeepLIFT over a set of references.

use super::deep_lift::DeepLift;
use super::over_references::OverReferences;
use super::reference_set::ReferenceSet;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::rules::Unknown;
use crate::{Answer, Differentiable, Progress, Result};

/// The mean of [`DeepLift`] over a set of references, which all samples share: an approximation of SHAP values.
///
/// It is [`OverReferences`] of [`DeepLift`] under its own name. Values have the input's shape, in output units, signed,
/// and add up to f(x) - (mean of f over the set). The explanation carries the gap, and the estimated error: the
/// standard error of the mean over the set, relative to the values, ‖SE‖₂ / ‖A‖₂, as if the set were drawn at random.
///
/// Cost: for each reference that of [`DeepLift`]. Memory is bounded by the chunk, not by the set. Errors: those of
/// both.
///
/// Reference: Lundberg, Lee (2017), *A Unified Approach to Interpreting Model Predictions*, arXiv:1705.07874.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::rules::Unknown;
/// use xai::{Analyzer, DeepLiftShap, Index, NdArray, ReferenceSet, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?).push(Activation::Relu);
/// let set = array![[1.0, -1.0], [0.0, 1.0]];
/// let why = DeepLiftShap::new(&set).analyze(&net, &array![[1.0, 1.0]], Index(0))?;
/// assert_eq!(why.values, array![[0.5, 1.5]]);
/// // From black and white, a reference in each pass: (1, 2) from zeros, and nothing from ones, which the input is.
/// // A step without a rule would go back by its gradient.
/// let shap = DeepLiftShap::default().references(ReferenceSet::constants([0.0, 1.0])).unknown(Unknown::Gradient);
/// let shap = shap.chunk(1).on_progress(|step| println!("{} of {}", step.done, step.total));
/// assert_eq!(shap.analyze(&net, &array![[1.0, 1.0]], Index(0))?.values, array![[0.5, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("DeepExplainer", "LayerDeepLiftShap", "NeuronDeepLiftShap"))]
pub struct DeepLiftShap(OverReferences<DeepLift>);

impl DeepLiftShap {
    /// Over a set: `&array` with a reference in each row, or a [`ReferenceSet`].
    pub fn new(references: impl Into<ReferenceSet>) -> Self {
        DeepLiftShap(OverReferences::new(DeepLift::new(), references))
    }

    /// The references: `&array` with one in each row, or a [`ReferenceSet`].
    #[must_use]
    pub fn references(self, references: impl Into<ReferenceSet>) -> Self {
        DeepLiftShap(self.0.references(references))
    }

    /// The sets of several explained inputs, in their order, with as many references each: the k-th belong together.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, DeepLiftShap, Differentiable, NdArray, ReferenceSet, Result, Var};
    ///
    /// struct Area;
    /// impl Differentiable for Area {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    ///
    /// // From (0, 0) to (2, 2) each has 2, and from (1, 1) a half of the other 3.
    /// let zero_and_one = || ReferenceSet::constants([0.0, 1.0]);
    /// let shap = DeepLiftShap::default().references_of_inputs([zero_and_one(), zero_and_one()]);
    /// let (a, b) = shap.analyze(&Area, (&array![[2.0]], &array![[2.0]]), 0)?.values;
    /// assert_eq!((a, b), (array![[1.75]], array![[1.75]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn references_of_inputs(self, references: impl IntoIterator<Item = ReferenceSet>) -> Self {
        DeepLiftShap(self.0.references_of_inputs(references))
    }

    /// What is done at steps without a rule.
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        DeepLiftShap(self.0.unknown(unknown))
    }

    /// At most how many samples, each with a reference, go through the model in one pass.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        DeepLiftShap(self.0.chunk(chunk))
    }

    /// Calls back after every pass over references: an analysis of one sample from one reference counts as one. A
    /// callback that answers `ControlFlow::Break(())` stops the analysis, with
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    #[must_use]
    pub fn on_progress<Go: Answer>(self, report: impl Fn(Progress) -> Go + Send + Sync + 'static) -> Self {
        DeepLiftShap(self.0.on_progress(report))
    }
}

impl Default for DeepLiftShap {
    /// From zeros alone.
    fn default() -> Self {
        DeepLiftShap::new(ReferenceSet::default())
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for DeepLiftShap {
    fn name(&self) -> String {
        "DeepLiftShap".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.0.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.0.attribute(model, call)
    }
}
