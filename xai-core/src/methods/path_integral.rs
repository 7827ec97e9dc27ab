//! The gradient's integral along any curve.

use super::curve::{Curve, StraightLine};
use super::quadrature::Quadrature;
use super::walk::{Curves, Walk, completeness_gap};
use super::walk_settings::{WalkSettings, quadrature_builder, walk_builders};
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Target, graph_for, pulled};
use crate::passes::{Chunk, MOST_COPIES, Running, Sum, at_least, copies_per_pass, even_parts, in_blocks, within};
use crate::rules::Secants;
use crate::{Arithmetic, Differentiable, Error, Result, Tensor, WayBack};

/// The gradient's integral along a curve γ that ends at the input, ∫₀¹ ∂yₜ/∂x (γ(α)) · γ'(α) dα, with no derivative of
/// γ: Σᵢ ∂yₜ/∂x (γ(αᵢ)) · (γ(eᵢ₊₁) - γ(eᵢ)).
///
/// The points αᵢ are the [`Quadrature`]'s, and the ends of their cells are where its weights before them add up to: eᵢ
/// = Σⱼ₍ⱼ﹤ᵢ₎ wⱼ. Along a [`StraightLine`] that is integrated gradients with the same points. With
/// [`Quadrature::Secant`] the mean gradient over the chord from each point to the next takes the place of the gradient
/// at a point, and completeness is exact for networks of affine operations, activations and max pools.
///
/// Values have the input's shape, in output units, signed. They add up to f(x) - f(γ(0)) but for the completeness gap,
/// which the extras have. Of a linear model they are w · (x - γ(0)), whatever the curve. Every explained input has the
/// same kind of curve, or one each by [`curves`](PathIntegral::curves).
///
/// Defaults: 50 points, [`Quadrature::Trapezoid`], chunks by the size of the network's maps. It costs n gradients, and
/// two forward passes where the rule does not have the curve's ends.
///
/// Errors: [`Error::InvalidParameter`] for n < 2 or a chunk of 0, [`Error::Unsupported`] for curves that are neither
/// one nor one for each explained input; and the curve's own.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Analyzer, Backend, Curve, Function, Index, NdArray, PathIntegral, Result, Tensor};
///
/// /// x₀ moves first, x₁ later: α to α², and back.
/// struct Bent;
/// impl<B: Backend> Curve<B> for Bent {
///     fn name(&self) -> String {
///         "Bent".into()
///     }
///     fn points(&self, x: &Tensor<B>, _: &[usize], alphas: &[f64]) -> Result<Tensor<B>> {
///         let rows = |r: usize| x.narrow(0, r, 1).and_then(|x| Ok([x.narrow(1, 0, 1)?, x.narrow(1, 1, 1)?]));
///         let mut points = Vec::new();
///         for row in 0..x.shape()[0] {
///             let [a, b] = rows(row)?;
///             for alpha in alphas {
///                 points.push(Tensor::concat(&[&a.scale(*alpha)?, &b.scale(alpha * alpha)?], 1)?);
///             }
///         }
///         Tensor::concat(&points.iter().collect::<Vec<_>>(), 0)
///     }
/// }
///
/// // f(x) = x₀ x₁: the integral of α² dα and of α d(α²), where the straight line gives a half each.
/// type T = ArcArray<f64, IxDyn>;
/// let product = Function::<NdArray<f64>, _, _>::new(
///     |x: &T| x.map_axis(ndarray::Axis(1), |x| x[0] * x[1]).insert_axis(ndarray::Axis(1)),
///     |x: &T, v: &T| ndarray::concatenate![ndarray::Axis(1), x.slice_axis(ndarray::Axis(1), (1..2).into()),
///         x.slice_axis(ndarray::Axis(1), (0..1).into())] * v,
/// );
/// let why = PathIntegral::along(Bent).n(400).analyze(&product, &array![[1.0, 1.0]], Index(0))?;
/// assert!((why.values[[0, 0]] - 1.0 / 3.0).abs() < 1e-5 && (why.values[[0, 1]] - 2.0 / 3.0).abs() < 1e-5);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("path method"))]
pub struct PathIntegral<C = StraightLine> {
    pub(super) curves: Curves<C>,
    pub(super) settings: WalkSettings,
}

impl<C> PathIntegral<C> {
    /// The integral along this curve, with 50 points.
    pub fn along(curve: C) -> Self {
        PathIntegral { curves: Curves(vec![curve]), settings: WalkSettings::new(50) }
    }

    /// The curves of several explained inputs, in their order.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{Analyzer, Differentiable, NdArray, PathIntegral, Reference, Result, StraightLine, Var};
    ///
    /// struct Area;
    /// impl Differentiable for Area {
    ///     type Backend = NdArray<f64>;
    ///     fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>> {
    ///         Ok(&x[0] * &x[1])
    ///     }
    /// }
    ///
    /// // From 0 · 1 to 1 · 2: the integral of 1 + α, and that of α.
    /// let lines = [Reference::Zeros, Reference::Constant(1.0)].map(StraightLine::new);
    /// let path = PathIntegral::along(StraightLine::default()).curves(lines);
    /// let (a, b) = path.analyze(&Area, (&array![[1.0]], &array![[2.0]]), 0)?.values;
    /// assert!((a[[0, 0]] - 1.5).abs() < 1e-12 && (b[[0, 0]] - 0.5).abs() < 1e-12);
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn curves(self, curves: impl IntoIterator<Item = C>) -> Self {
        PathIntegral { curves: Curves(curves.into_iter().collect()), ..self }
    }

    walk_builders!(settings);
    quadrature_builder!(settings);
}

impl<C> PathIntegral<C> {
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
        if self.settings.quadrature == Quadrature::Secant {
            return self.by_secants(model, &walk, chunk, progress);
        }
        let batch = call.rows();
        let points = self.settings.quadrature.points(self.settings.n)?;
        let (alphas, weights): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let mut edges = vec![0.0];
        edges.extend(weights.iter().scan(0.0, |at, weight| {
            *at += weight;
            Some(*at)
        }));
        if let Some(last) = edges.last_mut() {
            *last = 1.0;
        }
        let mut sum = Sum::new();
        let add = |sum: &mut Sum<M::Backend>, found: &Attribution<M::Backend>, start: usize, len: usize| {
            let chords = walk.chords(&edges[start..=start + len])?;
            let products =
                found.values.iter().zip(&chords).map(|(gradient, chord)| gradient.widen()?.mul(&chord.widen()?));
            sum.add_values(&products.collect::<Result<Vec<_>>>()?, &vec![1.0; len])
        };
        // The curve's ends by themselves, if the rule has them: they give the outputs on the way.
        let (mut from, mut to) = (0, alphas.len());
        let output = if alphas.last() == Some(&1.0) {
            to -= 1;
            let found = call.one_way_back(model, WayBack::Gradient)?;
            add(&mut sum, &found, to, 1)?;
            progress.advance(batch)?;
            found.output
        } else {
            call.graph(model)?.forward(call.inputs)?
        };
        let selection = call.target.settle_for(call.inputs, &output)?;
        let output0 = if alphas.first() == Some(&0.0) && to > 0 {
            from = 1;
            let found = walk.gradients(model, &selection, &alphas[..1])?;
            add(&mut sum, &found, 0, 1)?;
            progress.advance(batch)?;
            found.output
        } else {
            walk.output(model, &selection, 0.0)?
        };
        for (start, len) in even_parts(to - from, copies_per_pass(chunk, batch)) {
            if len == 0 {
                continue;
            }
            let start = from + start;
            let found = walk.gradients(model, &selection, &alphas[start..start + len])?;
            add(&mut sum, &found, start, len)?;
            progress.advance(batch * len)?;
        }
        let (values, _) = sum.finish().ok_or_else(|| too_few(self.settings.n))?;
        let change = selection.pick(&output.widen()?.sub(&output0.widen()?)?)?;
        let extras = Extras { completeness_gap: Some(completeness_gap(&values, &change)?), ..Extras::default() };
        Ok(Attribution { values, output, selection, extras })
    }

    /// Σᵢ (mean gradient over the chord between γ(αᵢ₋₁) and γ(αᵢ)) · chord, from the input down.
    fn by_secants<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        walk: &Walk<'_, M::Backend, C>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        C: Curve<M::Backend>,
    {
        let (call, batch) = (&walk.call, walk.call.rows());
        let mut alphas: Vec<f64> =
            self.settings.quadrature.points(self.settings.n)?.into_iter().map(|(alpha, _)| alpha).collect();
        alphas.reverse();
        let mut secants = Secants::new(batch);
        let graph = call.graph(model)?;
        let (output, _) = graph.vjp(call.inputs, call.explained, Some(&secants))?;
        drop(graph);
        let selection = call.target.settle_for(call.inputs, &output)?;
        progress.advance(batch)?;
        let mut sum = Sum::new();
        let mut output0 = None;
        for (start, len) in even_parts(alphas.len().saturating_sub(1), copies_per_pass(chunk, batch)) {
            let Some(places) = alphas.get(start..=start + len).filter(|places| places.len() > 1) else { continue };
            secants = secants.next(len);
            let copies = walk.points(&places[1..])?;
            let rows = selection.repeat(len);
            let shapes: Vec<Vec<usize>> = copies.iter().map(Tensor::shape).collect();
            let graph = graph_for(model, &shapes, Target::Chosen(&rows))?;
            let (y, pullback) = graph.vjp(&copies, call.explained, Some(&secants))?;
            if y.shape().first() != Some(&(batch * len)) {
                return Err(Error::backend(
                    <M::Backend as Arithmetic>::NAME,
                    "the output has not a row for each point of the curve",
                ));
            }
            let means = pulled(&pullback, &rows.cotangent(&y)?, call.explained)?;
            let chords = walk.chords(places)?;
            let products = means.iter().zip(&chords).map(|(mean, chord)| mean.widen()?.mul(&chord.widen()?));
            // Chords go down, values up.
            sum.add_values(&products.collect::<Result<Vec<_>>>()?, &vec![-1.0; len])?;
            output0 = Some(secants.rows(&y, len - 1, 1)?);
            progress.advance(batch * len)?;
        }
        let (Some((values, _)), Some(output0)) = (sum.finish(), output0) else {
            return Err(too_few(self.settings.n));
        };
        let change = selection.pick(&output.widen()?.sub(&output0.widen()?)?)?;
        let extras = Extras { completeness_gap: Some(completeness_gap(&values, &change)?), ..Extras::default() };
        Ok(Attribution { values, output, selection, extras })
    }
}

fn too_few(n: usize) -> Error {
    Error::InvalidParameter { name: "n", value: n.to_string(), reason: "it must be at least 2".into() }
}

impl<M: Differentiable + ?Sized, C: Curve<M::Backend>> Analyzer<M> for PathIntegral<C> {
    fn name(&self) -> String {
        format!("PathIntegral({})", self.curves.name::<M::Backend>())
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.settings.n, 2, MOST_COPIES)?;
        at_least("chunk", self.settings.chunk.unwrap_or(1), 1)?;
        self.curves.check::<M::Backend>(&Analyzer::<M>::name(self), inputs.explained_shapes())?;
        let secants = Secants::new(1);
        let rules = (self.settings.quadrature == Quadrature::Secant).then_some(&secants);
        model.graph(inputs.shapes)?.check(rules.map(|rules| rules as _), inputs.explained)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut progress = self.settings.reporter.start(self.settings.n * call.rows());
        let chunk = Chunk::of(self.settings.chunk, call);
        let chunk = if self.settings.quadrature == Quadrature::Secant { chunk.for_heavy_copies() } else { chunk };
        let chunk = chunk.for_model(model, call)?;
        in_blocks(model, call, chunk, |block| self.explain(model, block, chunk, &mut progress))
    }
}
