//! Internal influence.

use super::conductance::layer_path_builders;
use super::from_reference::{FromReference, Parts, block_by_block, own_references};
use super::layer_path::{LayerPath, check_place};
use super::quadrature::Quadrature;
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Target};
use crate::passes::{
    Chunk, MOST_COPIES, Reference, Reporter, Running, Sum, at_least, copies_per_pass, even_parts, in_blocks, within,
};
use crate::{Differentiable, Error, Result, Tensor};

/// Internal influence: the mean of ∂yₜ/∂h at a named place along the straight path of the input from a reference,
/// ∫₀¹ ∂yₜ/∂h (x₀ + α (x - x₀)) dα.
///
/// Values have the shape of what is at the place, in output units per unit there, signed.
///
/// Defaults: n = 50 points by the midpoint rule, zeros as the reference. Costs n forward passes of the whole model and
/// n gradients of what is behind the place, and one pass more for the output on the clean input.
///
/// Errors: those of [`LayerConductance`](crate::LayerConductance), but n = 1 will do.
///
/// Reference: Leino, Sen, Datta, Fredrikson, Li (2018), *Influence-Directed Explanations for Deep Convolutional
/// Networks*, arXiv:1802.03788.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, AdaptiveAvgPool2d, Flatten, Sequential};
/// use xai::{Analyzer, InternalInfluence, NdArray, Quadrature};
///
/// let net = Sequential::<NdArray<f64>>::new()
///     .push_named("maps", Activation::Relu)
///     .push(Activation::Power { exponent: 2.0 })
///     .push(AdaptiveAvgPool2d::global())
///     .push(Flatten::default());
/// let photo = array![[[[1.0, 3.0]]]];
/// let why = InternalInfluence::at("maps").analyze(&net, &photo, 0)?;
/// // y is the mean square: on the way from zeros the gradient rises from 0 to A, by A / 2 in the mean.
/// assert!((why.values - array![[[[0.5, 1.5]]]]).iter().all(|gap| gap.abs() < 1e-12));
/// // From ones by the ends of the path alone: the mean of (1, 1) and A.
/// let path = InternalInfluence::at("maps").reference(&array![[[[1.0, 1.0]]]]).n(2).quadrature(Quadrature::Trapezoid);
/// let path = path.chunk(1).on_progress(|step| println!("{} of {}", step.done, step.total));
/// let why = path.analyze(&net, &photo, 0)?;
/// assert!((why.values - array![[[[1.0, 2.0]]]]).iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("influence-directed explanations"))]
pub struct InternalInfluence {
    place: String,
    n: usize,
    quadrature: Quadrature,
    reference: Reference,
    chunk: Option<usize>,
    reporter: Reporter,
}

impl InternalInfluence {
    /// At a named place of the model: [`Differentiable::places`] lists them.
    pub fn at(place: impl Into<String>) -> Self {
        InternalInfluence {
            place: place.into(),
            n: 50,
            quadrature: Quadrature::Midpoint,
            reference: Reference::Zeros,
            chunk: None,
            reporter: Reporter::default(),
        }
    }

    layer_path_builders!();

    /// The rule for the points and their weights.
    #[must_use]
    pub fn quadrature(mut self, quadrature: Quadrature) -> Self {
        self.quadrature = quadrature;
        self
    }

    /// The explanation from what gives the reference of each block of the batch.
    fn explain_from<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        mut references: impl FnMut(&Call<'_, M::Backend>) -> Result<Vec<Tensor<M::Backend>>>,
    ) -> Result<Attribution<M::Backend>> {
        let mut progress = self.reporter.start(self.n * call.rows());
        let chunk = Chunk::of(self.chunk, call).for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.explain(model, block, references(block)?, chunk, &mut progress))
    }

    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        from: Vec<Tensor<M::Backend>>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>> {
        let batch = call.rows();
        let path = LayerPath::new(model, &self.place, call, from)?;
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = path.settle(&output)?;
        let points = self.quadrature.points(self.n)?;
        let mut sum = Sum::new();
        for (from, len) in even_parts(self.n, copies_per_pass(chunk, batch)) {
            let (alphas, weights): (Vec<f64>, Vec<f64>) = points[from..from + len].iter().copied().unzip();
            let rows = selection.repeat(len);
            let (start, rest) = path.cut(len, Target::Chosen(&rows))?;
            let there = path.at_place(&start, &path.points(&alphas)?)?;
            let (y, pullback) = rest.vjp(&[there], &[true], None)?;
            sum.add_values(&[pullback.pull(&rows.cotangent(&y)?)?], &weights)?;
            progress.advance(batch * len)?;
        }
        let (values, _) = sum.finish().ok_or_else(|| Error::InvalidParameter {
            name: "n",
            value: self.n.to_string(),
            reason: "it must be at least 1".into(),
        })?;
        Ok(Attribution { values, output, selection, extras: Extras::default() })
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for InternalInfluence {
    fn name(&self) -> String {
        format!("InternalInfluence({})", self.place)
    }

    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("InternalInfluence")?;
        within("n", self.n, 1, MOST_COPIES)?;
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        inputs.explained_shapes().try_for_each(|shape| self.reference.check(shape))?;
        check_place(model, inputs.shapes, &self.place, None)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let own = std::slice::from_ref(&self.reference);
        self.explain_from(model, call, |block| own_references(own, block))
    }
}

block_by_block!(InternalInfluence);
