//! Layer conductance.

use super::from_reference::{FromReference, Parts, block_by_block, own_references};
use super::layer_path::{LayerPath, check_place};
use super::quadrature::Quadrature;
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Target};
use crate::passes::{
    Chunk, MOST_COPIES, Reference, Reporter, Running, at_least, copies_per_pass, even_parts, in_blocks, within,
};
use crate::rules::Secants;
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// Layer conductance: how much of the change of the output from a reference x₀ to the input goes through each number h
/// at a named place, Σᵢ (mean of ∂yₜ/∂h between points i - 1 and i) · (h(xᵢ) - h(xᵢ₋₁)), along the straight path of the
/// input.
///
/// The mean gradients are those of secants, as in [`Quadrature::Secant`], so that the sum telescopes: what is behind
/// the place being made of affine operations, activations, products of two values and max pools, values add up to
/// f(x) - f(x₀) exactly, for any n. Where they do not, the completeness gap in the explanation says by how much. Values
/// have the shape of what is at the place, in output units, signed.
///
/// It shows through which units the change went, and with which sign; not what a unit responds to, nor from which
/// inputs it came. It is of one reference and of the straight path from it, on which a unit that rises and falls again
/// may have much without being other at its end. A number that nothing behind it reads has none.
///
/// Defaults: n = 50 points, closer to the reference, zeros as the reference. Costs n forward passes of the whole model,
/// and n - 1 gradients of what is behind the place.
///
/// Errors: [`Error::UnknownPlace`] and [`Error::BypassedPlace`]; [`Error::InvalidShape`] for a place where the network
/// has the batch axis elsewhere than first, or in one with another; [`Error::InvalidParameter`] for n < 2 and a chunk
/// of 0; those of the reference; [`Error::Unsupported`] when several inputs are explained; and those of values with
/// another number of axes than the input (then give `input.into_dyn()`).
///
/// Reference: Dhamdhere, Sundararajan, Yan (2018), *How Important Is a Neuron?*, arXiv:1805.12233.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Linear, Sequential};
/// use xai::{Analyzer, Index, LayerConductance, NdArray, Tensor};
///
/// // tanh(3·x): all goes through the one number.
/// let three = Linear::new(Tensor::<NdArray<f64>>::upload(array![[3.0]].view().into_dyn(), &())?, None)?;
/// let net = Sequential::new().push_named("three", three).push(Activation::Tanh);
/// let why = LayerConductance::at("three").n(2).analyze(&net, &array![[1.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - 3.0_f64.tanh()).abs() < 1e-12);
/// // From 1/2, in passes of at most 8 points.
/// let path = LayerConductance::at("three").n(20).reference(&array![[0.5]]).chunk(8);
/// let path = path.on_progress(|step| println!("{} of {}", step.done, step.total));
/// let why = path.analyze(&net, &array![[1.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - (3.0_f64.tanh() - 1.5_f64.tanh())).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("NeuronConductance"))]
pub struct LayerConductance {
    place: String,
    n: usize,
    reference: Reference,
    chunk: Option<usize>,
    reporter: Reporter,
}

/// The builder methods of what follows a path at a place.
macro_rules! layer_path_builders {
    () => {
        /// Sets the number of points on the path.
        #[must_use]
        pub fn n(mut self, n: usize) -> Self {
            self.n = n;
            self
        }

        /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`](crate::Reference).
        #[must_use]
        pub fn reference(mut self, reference: impl Into<$crate::Reference>) -> Self {
            self.reference = reference.into();
            self
        }

        /// At most how many samples go through the model in one pass: this bounds the memory.
        #[must_use]
        pub fn chunk(mut self, chunk: usize) -> Self {
            self.chunk = Some(chunk);
            self
        }

        /// Calls back after every pass; it may stop the analysis: [`Answer`](crate::Answer).
        #[must_use]
        pub fn on_progress<T: $crate::Answer>(
            mut self,
            report: impl Fn($crate::Progress) -> T + Send + Sync + 'static,
        ) -> Self {
            self.reporter = $crate::passes::Reporter::new(report);
            self
        }
    };
}
pub(super) use layer_path_builders;

impl LayerConductance {
    /// At a named place of the model: [`Differentiable::places`] lists them.
    pub fn at(place: impl Into<String>) -> Self {
        let (reference, reporter) = (Reference::Zeros, Reporter::default());
        LayerConductance { place: place.into(), n: 50, reference, chunk: None, reporter }
    }

    layer_path_builders!();

    /// The explanation from what gives the reference of each block of the batch.
    fn explain_from<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        mut references: impl FnMut(&Call<'_, M::Backend>) -> Result<Vec<Tensor<M::Backend>>>,
    ) -> Result<Attribution<M::Backend>> {
        let mut progress = self.reporter.start(self.n * call.rows());
        let chunk = Chunk::of(self.chunk, call).for_heavy_copies().for_model(model, call)?;
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
        // Down from the end: its output is the clean input's, which the target is settled on.
        let mut alphas: Vec<f64> = Quadrature::Secant.points(self.n)?.into_iter().map(|(alpha, _)| alpha).collect();
        alphas.reverse();
        let mut secants = Secants::new(batch).only_way_of("LayerConductance");
        let (start, rest) = path.cut(1, call.target)?;
        let mut before = path.at_place(&start, call.inputs)?;
        let (output, _) = rest.vjp(std::slice::from_ref(&before), &[true], Some(&secants))?;
        let selection = path.settle(&output)?;
        progress.advance(batch)?;
        let mut found: Option<(Tensor<M::Backend>, Tensor<M::Backend>)> = None;
        for (from, len) in even_parts(self.n - 1, copies_per_pass(chunk, batch)) {
            secants = secants.next(len);
            let rows = selection.repeat(len);
            let (start, rest) = path.cut(len, Target::Chosen(&rows))?;
            let there = path.at_place(&start, &path.points(&alphas[from + 1..=from + len])?)?;
            let (y, pullback) = rest.vjp(std::slice::from_ref(&there), &[true], Some(&secants))?;
            let means = pullback.pull(&rows.cotangent(&y)?)?;
            let part = along(&before, &there, &means, len)?;
            before = secants.rows(&there, len - 1, 1)?;
            let sum = match found {
                Some((sum, _)) => sum.add(&part)?,
                None => part,
            };
            found = Some((sum, secants.rows(&y, len - 1, 1)?));
            progress.advance(batch * len)?;
        }
        let (values, output0) = found.ok_or_else(|| Error::InvalidParameter {
            name: "n",
            value: self.n.to_string(),
            reason: "it must be at least 2".into(),
        })?;
        let axes: Vec<usize> = (1..values.shape().len()).collect();
        let change = selection.pick(&output.widen()?.sub(&output0.widen()?)?)?;
        let sums = values.sum(&axes)?.download()?;
        let gap = sums.iter().zip(change).map(|(sum, change)| sum.as_f64() - change).collect();
        let extras = Extras { completeness_gap: Some(gap), ..Extras::default() };
        Ok(Attribution { values: vec![values], output, selection, extras })
    }
}

/// Σᵢ meanᵢ · (hᵢ₋₁ - hᵢ) over the points of each sample; those come sample by sample, the one before them apart.
fn along<B: Backend>(before: &Tensor<B>, there: &Tensor<B>, means: &Tensor<B>, points: usize) -> Result<Tensor<B>> {
    let shape = before.shape();
    let (batch, sample) = (shape[0], &shape[1..]);
    let [before, there, means] = [(before, 1), (there, points), (means, points)]
        .map(|(t, points)| t.widen()?.reshape(&[&[batch, points], sample].concat()));
    let (there, means) = (there?, means?);
    let from = match points {
        1 => before?,
        _ => Tensor::concat(&[&before?, &there.narrow(1, 0, points - 1)?], 1)?,
    };
    from.sub(&there)?.mul(&means)?.sum(&[1])?.reshape(&shape)
}

impl<M: Differentiable + ?Sized> Analyzer<M> for LayerConductance {
    fn name(&self) -> String {
        format!("LayerConductance({})", self.place)
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        inputs.check_one_explained("LayerConductance")?;
        within("n", self.n, 2, MOST_COPIES)?;
        at_least("chunk", self.chunk.unwrap_or(1), 1)?;
        inputs.explained_shapes().try_for_each(|shape| self.reference.check(shape))?;
        let secants = Secants::new(1).only_way_of("LayerConductance");
        check_place(model, inputs.shapes, &self.place, Some(&secants))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let own = std::slice::from_ref(&self.reference);
        self.explain_from(model, call, |block| own_references(own, block))
    }
}

block_by_block!(LayerConductance);
