//! DeepLIFT.

use super::from_reference::FromReference;
use super::interpolation::InterpolationAugmentation;
use super::{Gradient, Quadrature};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::passes::Reference;
use crate::rules::{Secants, Unknown};
use crate::{Answer, Backend, Differentiable, Graph, Progress, Result, Tensor};

/// DeepLIFT by its rescale rule: (x - x₀) · m, the multiplier m being pulled back from the selected output through the
/// slope (f(z) - f(z₀)) / (z - z₀) of each activation's secant from the reference to the input.
///
/// Values have the input's shape, in output units, signed. They add up to f(x) - f(x₀): the explanation carries the
/// completeness gap of each sample, which is rounding. It is what
/// [`IntegratedGradients`](crate::IntegratedGradients) with two points and
/// [`Quadrature::Secant`](crate::Quadrature::Secant) computes, to the last bit, for networks in which each step has a
/// rule: affine operations, activations, products of two values (each factor at the mean of its ends), and max pools,
/// whose windows give each place its part of the way from the maximum at x₀ to that at x, overlaps added up. What has
/// none, as a norm, a softmax, a quotient of two values or code that nobody can look into, is refused by the layer's
/// name; by [`unknown`](DeepLift::unknown) it takes the mean of its gradients at both ends.
///
/// It shows shares of a change also where the gradient is 0, as behind a saturated unit. They are shares beside the
/// reference: what is as in the reference gets nothing. What is added up in a unit has one slope, whatever its sign: of
/// min(a, b) = a - relu(a - b) the smaller one has all from zeros, and the other nothing (the paper's other rule,
/// reveal-cancel, which gives each half, is not here). And two networks that compute the same function may have other
/// shares (Sundararajan et al. 2017, arXiv:1703.01365).
///
/// Cost: a forward pass of the input, and a forward and backward pass of the reference. Default: zeros as the
/// reference.
///
/// Errors: [`Error::NoRule`](crate::Error::NoRule), and those of a reference.
///
/// Reference: Shrikumar, Greenside, Kundaje (2017), *Learning Important Features Through Propagating Activation
/// Differences*, arXiv:1704.02685.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, DeepLift, Index, NdArray, Tensor};
///
/// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
/// let net = Sequential::new().push(Linear::new(weight, None)?).push(Activation::Relu);
/// // From relu(-1) to relu(3): each input has its share of 3.
/// let why = DeepLift::new().reference(&array![[1.0, -1.0]]).analyze(&net, &array![[1.0, 1.0]], Index(0))?;
/// assert_eq!(why.values, array![[0.0, 3.0]]);
/// // Of two samples from zeros, a sample in each pass.
/// let lift = DeepLift::new().chunk(1).on_progress(|step| println!("{} of {}", step.done, step.total));
/// let why = lift.analyze(&net, &array![[1.0, 1.0], [2.0, 0.5]], Index(0))?;
/// assert_eq!(why.values, array![[1.0, 2.0], [2.0, 1.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("LayerDeepLift", "NeuronDeepLift", "rescale rule"))]
pub struct DeepLift {
    path: InterpolationAugmentation<Gradient>,
    unknown: Unknown,
}

impl DeepLift {
    /// DeepLIFT from zeros.
    pub fn new() -> Self {
        let path = InterpolationAugmentation::new(Gradient, 2).quadrature(Quadrature::Secant);
        DeepLift { path, unknown: Unknown::Refuse }
    }

    /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`].
    #[must_use]
    pub fn reference(self, reference: impl Into<Reference>) -> Self {
        DeepLift { path: self.path.reference(reference), ..self }
    }

    /// The reference inputs of several explained inputs, in their order; zeros for those that have none.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, DeepLift, Differentiable, NdArray, Reference, Result, Var};
    ///
    /// struct Area;
    /// impl Differentiable for Area {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    ///
    /// // From 0 · 1 to 3 · 3: each factor at the mean of the other one's ends, 3 · (1 + 3) / 2 and 2 · (0 + 3) / 2.
    /// let lift = DeepLift::new().references([Reference::Zeros, Reference::Constant(1.0)]);
    /// let (a, b) = lift.analyze(&Area, (&array![[3.0]], &array![[3.0]]), 0)?.values;
    /// assert_eq!((a, b), (array![[6.0]], array![[3.0]]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn references(self, references: impl IntoIterator<Item = Reference>) -> Self {
        DeepLift { path: self.path.references(references), ..self }
    }

    /// What is done at steps without a rule.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::{ArcArray, IxDyn, array};
    /// use xai::rules::Unknown;
    /// use xai::{Analyzer, DeepLift, Function, NdArray};
    ///
    /// // x², with a gradient by hand: at both ends it is 0 and 6, and 3 in the mean.
    /// type T = ArcArray<f64, IxDyn>;
    /// let square = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    /// assert!(DeepLift::new().analyze(&square, &array![[3.0]], 0).is_err());
    /// let why = DeepLift::new().unknown(Unknown::Gradient).analyze(&square, &array![[3.0]], 0)?;
    /// assert!((why.values[[0, 0]] - 3.0 * 3.0).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        DeepLift { unknown, ..self }
    }

    /// At most how many samples go through the model in one pass, as everywhere.
    #[must_use]
    pub fn chunk(self, chunk: usize) -> Self {
        DeepLift { path: self.path.chunk(chunk), ..self }
    }

    /// Calls back after every pass. A callback that answers `ControlFlow::Break(())` stops the analysis, with
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    #[must_use]
    pub fn on_progress<Go: Answer>(self, report: impl Fn(Progress) -> Go + Send + Sync + 'static) -> Self {
        DeepLift { path: self.path.on_progress(report), ..self }
    }

    fn check_graph<B: Backend>(&self, graph: &Graph<'_, B>, explained: &[bool]) -> Result<()> {
        let secants = match self.unknown {
            Unknown::Refuse => Secants::new(1).exact_for("DeepLift"),
            Unknown::Gradient => Secants::new(1).only_way_of("DeepLift"),
        };
        graph.check(Some(&secants), explained)
    }
}

impl Default for DeepLift {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for DeepLift {
    fn name(&self) -> String {
        "DeepLift".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        // Before the path, whose quadrature is nobody's choice here.
        self.check_graph(&model.graph(inputs.shapes)?, inputs.explained)?;
        self.path.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        // With what is made of the output, as probabilities.
        self.check_graph(&call.graph(model)?, call.explained)?;
        self.path.attribute(model, call)
    }
}

impl<M: Differentiable + ?Sized> FromReference<M> for DeepLift {
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>> {
        self.check_graph(&call.graph(model)?, call.explained)?;
        self.path.attribute_from(model, call, references)
    }
}
