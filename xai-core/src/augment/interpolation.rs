//! Averaging along the straight path from a reference input.

use super::affine::{AffineStart, pull_mean};
use super::arrays::{at_least, within};
use super::chunk::{
    Chunk, MOST_COPIES, Sum, copies_per_pass, even_parts, in_blocks, numbers_of_a_sample, per_copy, run_copies,
};
use super::path_settings::{PathSettings, path_builders};
use super::progress::{Reporter, Running};
use super::tolerance::{Spent, Tolerance};
use super::{Quadrature, Reference};
use crate::analyzer::Elem;
use crate::input::check_rows;
use crate::{
    Analyzer, Attribution, Backend, Differentiable, Element, Error, Extras, Gradient, Kind, Result, Selection, Target,
    Tensor,
};

/// Any analyzer, averaged along the straight path from a reference x₀ to the input, times (x - x₀):
/// (x - x₀) · Σᵢ wᵢ A(x₀ + αᵢ (x - x₀)).
///
/// Values have the input's shape, in output units when A is a gradient. The output that is explained is chosen once,
/// on the clean input. The explanation carries the completeness gap Σ attribution - (f(x) - f(x₀)) of each sample.
///
/// Defaults: zeros as the reference, both ends included with equal weights ([`Quadrature::EndpointMean`]), chunks
/// by the size of the network's maps. No pass is run beside the n: the path's ends give the outputs; only rules without
/// the ends need two more passes, forward, and a batch of which no chunk size is known one of its first sample.
///
/// How to get exact values: [`Quadrature::Secant`] needs the fewest passes for a network that tells its layers,
/// [`Quadrature::Graded`] for any other; a [`tolerance`](Self::tolerance) chooses the number of points by itself.
///
/// Errors: [`Error::InvalidParameter`] for n < 2, a chunk of 0 or a tolerance that is not above 0, [`Error::Shape`] for a reference of another shape,
/// [`Error::Unsupported`] around an analyzer whose values do not have the input's shape.
#[derive(Debug, Clone)]
pub struct InterpolationAugmentation<A> {
    pub(crate) analyzer: A,
    pub(crate) settings: PathSettings,
}

impl<A> InterpolationAugmentation<A> {
    /// The analyzer, averaged over n points from zeros to the input, both ends included.
    pub fn new(analyzer: A, n: usize) -> Self {
        let settings = PathSettings {
            n,
            reference: Reference::Zeros,
            quadrature: Quadrature::EndpointMean,
            tolerance: Tolerance::default(),
            chunk: None,
            reporter: Reporter::default(),
        };
        InterpolationAugmentation { analyzer, settings }
    }

    path_builders!(settings);
}

impl<A> InterpolationAugmentation<A> {
    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        x0: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
        chunk: Chunk,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: Analyzer<M>,
    {
        let settings = &self.settings;
        let (shape, difference) = (x.shape(), x.sub(x0)?.widen()?);
        let times_difference = |mean: &Tensor<M::Backend>| {
            Error::check_shape(&format!("values of {}", self.analyzer.name()), &shape, &mean.shape())?;
            mean.mul(&difference)
        };
        let (found, values) = match AffineStart::of(&self.analyzer, model) {
            None => {
                let path = Path { settings, chunk, x, x0, to_values: &times_difference };
                let found = path.mean(&self.analyzer, model, target, progress)?;
                let values = times_difference(&found.mean)?;
                (found, values)
            }
            Some(cut) => {
                let (z, pullback) = cut.vjp(x)?;
                let z0 = cut.forward(x0)?;
                let to_values = |mean: &Tensor<_>| times_difference(&pull_mean(&pullback, mean, &z)?);
                let path = Path { settings, chunk, x: &z, x0: &z0, to_values: &to_values };
                let found = path.mean(&Gradient, &cut.rest, target, progress)?;
                let values = to_values(&found.mean)?;
                (found, values)
            }
        };
        let PathMean { output, output0, selection, spent, .. } = found;
        let change = selection.pick(&output.sub(&output0)?)?;
        let axes: Vec<usize> = (1..shape.len()).collect();
        let total = values.sum(&axes)?.download()?;
        let gap = total.iter().zip(change).map(|(&total, change)| total.as_f64() - change).collect();
        let extras = Extras {
            completeness_gap: Some(gap),
            evaluations: spent.map(|spent| vec![spent.evaluations]),
            estimated_error: spent.map(|spent| vec![spent.error]),
            within_tolerance: spent.map(|spent| vec![spent.within]),
        };
        Ok(Attribution { values, output, selection, extras })
    }
}

/// A straight path, and the rule that it is followed by.
pub(super) struct Path<'a, B: Backend> {
    pub(super) settings: &'a PathSettings,
    pub(super) chunk: Chunk,
    pub(super) x: &'a Tensor<B>,
    pub(super) x0: &'a Tensor<B>,
    /// From a mean along this path to the explanation's values.
    pub(super) to_values: &'a dyn Fn(&Tensor<B>) -> Result<Tensor<B>>,
}

/// An analyzer's mean along a path.
pub(super) struct PathMean<B: Backend> {
    pub(super) mean: Tensor<B>,
    pub(super) output: Tensor<B>,
    pub(super) output0: Tensor<B>,
    pub(super) selection: Selection,
    /// What a tolerance took, for the one sample.
    pub(super) spent: Option<Spent>,
}

impl<B: Backend> Path<'_, B> {
    /// Runs what is run once, on the clean input, and finds by it how many samples a pass has.
    pub(super) fn watched<R>(&self, work: impl FnOnce() -> R) -> (R, usize) {
        let batch = self.x.shape().first().copied().unwrap_or(0);
        self.chunk.at_least(numbers_of_a_sample(self.x)).by_watching::<B, _>(batch, work)
    }

    /// Σᵢ wᵢ A(x₀ + αᵢ (x - x₀)), and the outputs at both ends.
    fn mean<M, A>(
        &self,
        analyzer: &A,
        model: &M,
        target: Target<'_, B::Elem>,
        progress: &mut Running<'_>,
    ) -> Result<PathMean<B>>
    where
        M: Differentiable<Backend = B> + ?Sized,
        A: Analyzer<M>,
    {
        let Path { settings, x, x0, .. } = *self;
        if settings.tolerance.is_set() {
            return self.mean_to_tolerance(analyzer, model, target, progress);
        }
        let secants = settings.quadrature == Quadrature::Secant && analyzer.is_gradient();
        if let Some(layers) = secants.then(|| model.layers()).flatten() {
            return self.mean_by_secants(&layers, target, progress);
        }
        let shape = x.shape();
        let batch = shape.first().copied().unwrap_or(0);
        let mut points = settings.quadrature.points(settings.n);
        let mut sum = Sum::new();
        // The path's ends are analysed by themselves, if the rule has them: they give the outputs on the way.
        let (output, chunk) = self.watched(|| match take_point(&mut points, 1.0) {
            Some(weight) => {
                let found = analyzer.attribute(model, x, target)?;
                Error::check_shape(&format!("values of {}", analyzer.name()), &shape, &found.values.shape())?;
                sum.add(&found, &[weight])?;
                progress.advance(batch);
                Ok(found.output)
            }
            None => model.forward(x),
        });
        let output = output?;
        check_rows(x, &output)?;
        let selection = target.settle(&output)?;
        let output0 = match take_point(&mut points, 0.0) {
            Some(weight) => {
                let found = analyzer.attribute(model, x0, Target::Chosen(&selection))?;
                sum.add(&found, &[weight])?;
                progress.advance(batch);
                found.output
            }
            None => model.forward(x0)?,
        };
        let difference = x.sub(x0)?;
        for (start, len) in even_parts(points.len(), copies_per_pass(chunk, batch)) {
            let (alphas, weights): (Vec<f64>, Vec<f64>) = points[start..start + len].iter().copied().unzip();
            if alphas.is_empty() {
                continue;
            }
            let copies = on_path(x0, &difference, &alphas)?;
            run_copies(analyzer, model, &copies, &selection, &weights, &mut sum, progress)?;
        }
        let (mean, _) = sum.finish().ok_or_else(|| Error::InvalidParameter {
            name: "n",
            value: settings.n.to_string(),
            reason: "it must be at least 2".into(),
        })?;
        Ok(PathMean { mean, output, output0, selection, spent: None })
    }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for InterpolationAugmentation<A> {
    fn name(&self) -> String {
        format!("InterpolationAugmentation({})", self.analyzer.name())
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, input: &[usize]) -> Result<()> {
        within("n", self.settings.n, 2, MOST_COPIES)?;
        at_least("chunk", self.settings.chunk.unwrap_or(1), 1)?;
        self.settings.tolerance.check()?;
        if self.settings.tolerance.is_set() && self.settings.quadrature == Quadrature::Secant {
            return Err(Error::Unsupported {
                analyzer: self.name(),
                reason: "a tolerance places its points itself, by a rule that can be refined, and the sums of \
                         `Quadrature::Secant` cannot: leave out one of the two"
                    .into(),
            });
        }
        self.settings.reference.check(input)?;
        if self.analyzer.kind() == Kind::Cam {
            return Err(Error::Unsupported {
                analyzer: self.name(),
                reason: "a class activation map does not have the input's shape, so it cannot be multiplied with \
                         input - reference; wrap it in NoiseAugmentation, or interpolate a gradient"
                    .into(),
            });
        }
        self.analyzer.check(input)
    }

    fn attribute(
        &self,
        model: &M,
        x: &Tensor<M::Backend>,
        target: Target<'_, Elem<M>>,
    ) -> Result<Attribution<M::Backend>> {
        let shape = x.shape();
        self.check(&shape)?;
        let batch = shape.first().copied().unwrap_or(0);
        let mut progress = self.settings.reporter.start(self.settings.n * batch);
        let chunk = Chunk::of(self.settings.chunk, x);
        let chunk = if self.settings.quadrature == Quadrature::Secant { chunk.sparing() } else { chunk };
        // To a tolerance, every sample is refined by itself.
        let alone = self.settings.tolerance.is_set();
        in_blocks(model, x, target, if alone { Chunk::Fixed(1) } else { chunk }, |x, start, target, block| {
            let x0 = self.settings.reference.tensor_like(x, start)?;
            self.explain(model, x, &x0, target, if alone { chunk } else { block }, &mut progress)
        })
    }
}

/// Takes the point at exactly this place out of the rule, and gives its weight.
fn take_point(points: &mut Vec<(f64, f64)>, alpha: f64) -> Option<f64> {
    let at = points.iter().position(|&(a, _)| a == alpha)?;
    Some(points.remove(at).1)
}

/// x₀ + α (x - x₀) for every α: (samples · alphas, axes of a sample...), sample by sample.
pub(super) fn on_path<B: Backend>(x0: &Tensor<B>, difference: &Tensor<B>, alphas: &[f64]) -> Result<Tensor<B>> {
    let shape = x0.shape();
    let (batch, sample) = (shape.first().copied().unwrap_or(0), shape.get(1..).unwrap_or_default());
    let mut apart = vec![batch, 1];
    apart.extend_from_slice(sample);
    let mut rows = vec![batch * alphas.len()];
    rows.extend_from_slice(sample);
    let alphas = per_copy(alphas, sample.len(), x0)?;
    x0.reshape(&apart)?.add(&difference.reshape(&apart)?.mul(&alphas)?)?.reshape(&rows)
}
