//! Integrated gradients by the direction in which the output changes.

use ndarray::Array1;

use super::curve::{Curve, LinesFrom, StraightLine};
use super::from_reference::{FromReference, Parts};
use super::walk::{Curves, Walk, completeness_gap};
use super::walk_settings::{WalkSettings, walk_builders};
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind};
use crate::passes::Reference;
use crate::passes::{Chunk, MOST_COPIES, Running, Sum, at_least, copies_per_pass, even_parts, in_blocks, within};
use crate::{Backend, Differentiable, Element, Error, Result, Tensor};

/// Important direction gradient integration: each step's change of the output, shared out by the squared gradient.
///
/// Σᵢ (f(γ(αᵢ₊₁)) - f(γ(αᵢ))) · gᵢ² / Σⱼ gᵢⱼ², gᵢ = ∂yₜ/∂x (γ(αᵢ)), αᵢ = i / n for i = 0, ..., n - 1: along a step only
/// what changes the output counts, and the gradient says where that is. What moves without changing it, which
/// integrated gradients add up as noise, is left out.
///
/// Values have the input's shape, in output units; those of one step have one sign. They add up to f(x) - f(γ(0)) for
/// any n but for steps at which the gradient is nothing while the output changes: what those lack is the completeness
/// gap, which the extras have. It is no attribution of a linear model in the usual sense: that gives w² / Σ w² · (f(x)
/// - f(γ(0))), whatever the input is.
///
/// Defaults: 50 points, the straight line from zeros, chunks by the size of the network's maps. Along any curve by
/// [`along`](Idgi::along). It costs n gradients and a forward pass.
///
/// Errors: [`Error::InvalidParameter`] for n < 1 or a chunk of 0, [`Error::Unsupported`] for curves that are neither
/// one nor one for each explained input; and the curve's own.
///
/// Reference: Yang, Wang, Bilgic (2023), *IDGI: A Framework to Eliminate Explanation Noise from Integrated Gradients*,
/// arXiv:2303.14242.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::{Analyzer, Idgi, Index, NdArray, Net, Reference, StraightLine, Tensor};
///
/// let weights = Tensor::<NdArray<f64>>::upload(array![[3.0, 1.0]].into_dyn().view(), &())?;
/// let (net, x) = (Net::new(Linear::new(weights, None)?), array![[1.0, 1.0]]);
/// let why = Idgi::new().analyze(&net, &x, Index(0))?;
/// // 4 · 9 / 10 and 4 · 1 / 10.
/// assert!((why.values[[0, 0]] - 3.6).abs() < 1e-12 && (why.values[[0, 1]] - 0.4).abs() < 1e-12);
///
/// // Of the 4, 3 are there at the reference: what is shared out is 1.
/// let why = Idgi::new().reference(&array![[1.0, 0.0]]).n(5).analyze(&net, &x, Index(0))?;
/// assert!((why.values[[0, 0]] - 0.9).abs() < 1e-12 && (why.values[[0, 1]] - 0.1).abs() < 1e-12);
/// // Along a curve, here a line whose start has 2 of them.
/// let why = Idgi::along(StraightLine::new(Reference::Constant(0.5))).analyze(&net, &x, Index(0))?;
/// assert!((why.values[[0, 0]] - 1.8).abs() < 1e-12 && (why.values[[0, 1]] - 0.2).abs() < 1e-12);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("IDGI"))]
pub struct Idgi<C = StraightLine> {
    curves: Curves<C>,
    settings: WalkSettings,
}

impl Idgi {
    /// IDGI with 50 points from zeros.
    pub fn new() -> Self {
        Idgi::along(StraightLine::default())
    }

    /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`].
    #[must_use]
    pub fn reference(self, reference: impl Into<Reference>) -> Self {
        self.curves([StraightLine::new(reference)])
    }
}

impl Default for Idgi {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Idgi<C> {
    /// IDGI with 50 points along this curve.
    pub fn along(curve: C) -> Self {
        Idgi { curves: Curves(vec![curve]), settings: WalkSettings::new(50) }
    }

    /// The curves of several explained inputs, in their order.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, Idgi, NdArray, Reference, Result, StraightLine, Var};
    ///
    /// struct ThreeToOne;
    /// impl Differentiable for ThreeToOne {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0].affine(3.0, 0.0) + &x[1])
    ///     }
    /// }
    ///
    /// // From 3 · 0 + 1 to 3 · 1 + 3: of the change, 5, nine tenths and one tenth, by the squares of the weights.
    /// let lines = [Reference::Zeros, Reference::Constant(1.0)].map(StraightLine::new);
    /// let (a, b) = Idgi::new().curves(lines).analyze(&ThreeToOne, (&array![[1.0]], &array![[3.0]]), 0)?.values;
    /// assert!((a[[0, 0]] - 4.5).abs() < 1e-12 && (b[[0, 0]] - 0.5).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn curves(self, curves: impl IntoIterator<Item = C>) -> Self {
        Idgi { curves: Curves(curves.into_iter().collect()), ..self }
    }

    walk_builders!(settings);

    #[allow(clippy::cast_precision_loss)]
    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        C: Curve<M::Backend>,
    {
        let walk = Walk { curves: &self.curves, call: *call };
        let (n, batch) = (self.settings.n, call.rows());
        let output = call.graph(model)?.forward(call.inputs)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let at_input = selection.pick(&output)?;
        // From the input down, so that the output behind each step is known when its gradient is.
        let alphas: Vec<f64> = (0..n).rev().map(|i| i as f64 / n as f64).collect();
        let mut behind = at_input.clone();
        let mut sum = Sum::new();
        for (start, len) in even_parts(n, copies_per_pass(chunk, batch)) {
            let Some(alphas) = alphas.get(start..start + len).filter(|alphas| !alphas.is_empty()) else { continue };
            let found = walk.gradients(model, &selection, alphas)?;
            let at_points = found.selection.pick(&found.output)?;
            let mut changes = Vec::with_capacity(at_points.len());
            for (behind, at_points) in behind.iter_mut().zip(at_points.chunks(len)) {
                for at_point in at_points {
                    changes.push(*behind - at_point);
                    *behind = *at_point;
                }
            }
            sum.add_values(&shared_out(&found.values, &changes)?, &vec![1.0; len])?;
            progress.advance(batch * len)?;
        }
        let (values, _) = sum.finish().ok_or_else(|| Error::InvalidParameter {
            name: "n",
            value: n.to_string(),
            reason: "it must be at least 1".into(),
        })?;
        let change: Vec<f64> = at_input.iter().zip(&behind).map(|(at_input, at_start)| at_input - at_start).collect();
        let extras = Extras { completeness_gap: Some(completeness_gap(&values, &change)?), ..Extras::default() };
        Ok(Attribution { values, output, selection, extras })
    }
}

/// What single precision still holds.
const LARGEST_SCALE: f64 = 1e37;

/// change · g² / Σ g² for each row, over all inputs; nothing where the gradient is nothing.
fn shared_out<B: Backend>(gradients: &[Tensor<B>], changes: &[f64]) -> Result<Vec<Tensor<B>>> {
    let rows = changes.len();
    let numbers =
        |of_rows: &Tensor<B>| -> Result<Vec<f64>> { Ok(of_rows.download()?.iter().map(|v| v.as_f64()).collect()) };
    let axes = |g: &Tensor<B>| (1..g.shape().len()).collect::<Vec<usize>>();
    let per_row = |values: Vec<f64>, like: &Tensor<B>| -> Result<Tensor<B>> {
        let mut shape = vec![1; like.shape().len().max(1)];
        if let Some(first) = shape.first_mut() {
            *first = rows;
        }
        let values = Array1::from_iter(values.into_iter().map(B::Elem::of)).into_dyn();
        Tensor::upload(values.view(), &like.placement())?.reshape(&shape)
    };
    let gradients = gradients.iter().map(Tensor::widen).collect::<Result<Vec<_>>>()?;
    // In units of each row's largest, so that squares neither vanish nor overflow.
    let mut largest = vec![0.0_f64; rows];
    for g in &gradients {
        let size = numbers(&g.relu()?.add(&g.scale(-1.0)?.relu()?)?.max(&axes(g))?)?;
        largest.iter_mut().zip(size).for_each(|(largest, size)| *largest = largest.max(size));
    }
    let scales: Vec<f64> = largest.iter().map(|&largest| (1.0 / largest).min(LARGEST_SCALE)).collect();
    let mut totals = vec![0.0; rows];
    let mut squares = Vec::with_capacity(gradients.len());
    for g in &gradients {
        let scaled = g.mul(&per_row(scales.clone(), g)?)?;
        let square = scaled.mul(&scaled)?;
        totals.iter_mut().zip(numbers(&square.sum(&axes(g))?)?).for_each(|(total, part)| *total += part);
        squares.push(square);
    }
    let share = |(change, total): (&f64, &f64)| if *total > 0.0 { change / total } else { 0.0 };
    let shares: Vec<f64> = changes.iter().zip(&totals).map(share).collect();
    squares.iter().map(|square| square.mul(&per_row(shares.clone(), square)?)).collect()
}

impl<M: Differentiable + ?Sized, C: Curve<M::Backend>> Analyzer<M> for Idgi<C> {
    fn name(&self) -> String {
        format!("Idgi({})", self.curves.name::<M::Backend>())
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.settings.n, 1, MOST_COPIES)?;
        at_least("chunk", self.settings.chunk.unwrap_or(1), 1)?;
        self.curves.check::<M::Backend>("Idgi", inputs.explained_shapes())?;
        model.graph(inputs.shapes)?.check(None, inputs.explained)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut progress = self.settings.reporter.start(self.settings.n * call.rows());
        let chunk = Chunk::of(self.settings.chunk, call).for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.explain(model, block, chunk, &mut progress))
    }
}

impl<M: Differentiable + ?Sized> FromReference<M> for Idgi {
    fn attribute_from(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        references: &[Tensor<M::Backend>],
    ) -> Result<Attribution<M::Backend>> {
        let mut progress = self.settings.reporter.start(self.settings.n * call.rows());
        let chunk = Chunk::of(self.settings.chunk, call).for_model(model, call)?;
        let mut parts = Parts::new(call, references)?;
        in_blocks(model, call, chunk, |block| {
            let curves = Curves(parts.next(block)?.into_iter().map(LinesFrom).collect());
            Idgi { curves, settings: self.settings.clone() }.explain(model, block, chunk, &mut progress)
        })
    }
}
