//! Averaging along the straight path from a reference input.

use super::affine::{AffineStart, pull_mean};
use super::arrays::at_least;
use super::chunk::{DEFAULT_CHUNK, Sum, copies_per_pass, even_parts, in_blocks, per_copy, run_copies};
use super::progress::{Reporter, Running};
use super::{Quadrature, Reference};
use crate::analyzer::Elem;
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
/// of 8. No pass is run beside the n: the path's ends give the outputs; only rules without the ends need two more
/// passes, forward.
///
/// Errors: [`Error::InvalidParameter`] for n < 2 or a chunk of 0, [`Error::Shape`] for a reference of another shape,
/// [`Error::Unsupported`] around an analyzer whose values do not have the input's shape.
#[derive(Debug, Clone)]
pub struct InterpolationAugmentation<A> {
    pub(crate) analyzer: A,
    pub(crate) settings: PathSettings,
}

/// What can be set on everything that follows a path.
#[derive(Debug, Clone)]
pub(crate) struct PathSettings {
    pub(crate) n: usize,
    pub(crate) reference: Reference,
    pub(crate) quadrature: Quadrature,
    pub(crate) chunk: usize,
    pub(crate) reporter: Reporter,
}

/// The builder methods of everything that follows a path; `$settings` is the way from `self` to the settings.
macro_rules! path_builders {
    ($($settings:ident).+) => {
        /// Sets the number of points on the path, at least 2.
        #[must_use]
        pub fn n(mut self, n: usize) -> Self {
            self.$($settings).+.n = n;
            self
        }

        /// The reference input x₀: `&array` of the input's own shape, or a [`Reference`]($crate::Reference).
        #[must_use]
        pub fn reference(mut self, reference: impl Into<$crate::Reference>) -> Self {
            self.$($settings).+.reference = reference.into();
            self
        }

        /// The rule for the points and their weights.
        #[must_use]
        pub fn quadrature(mut self, quadrature: $crate::Quadrature) -> Self {
            self.$($settings).+.quadrature = quadrature;
            self
        }

        /// At most how many samples go through the model in one pass: this bounds the memory. 8 unless set.
        #[must_use]
        pub fn chunk(mut self, chunk: usize) -> Self {
            self.$($settings).+.chunk = chunk;
            self
        }

        /// Calls back after every pass.
        #[must_use]
        pub fn on_progress(mut self, report: impl Fn($crate::Progress) + Send + Sync + 'static) -> Self {
            self.$($settings).+.reporter = $crate::augment::Reporter::new(report);
            self
        }
    };
}
pub(crate) use path_builders;

impl<A> InterpolationAugmentation<A> {
    /// The analyzer, averaged over n points from zeros to the input, both ends included.
    pub fn new(analyzer: A, n: usize) -> Self {
        let settings = PathSettings {
            n,
            reference: Reference::Zeros,
            quadrature: Quadrature::EndpointMean,
            chunk: DEFAULT_CHUNK,
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
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: Analyzer<M>,
    {
        let along = |x, x0| Path { settings: &self.settings, x, x0 };
        let found = match AffineStart::of(&self.analyzer, model) {
            None => along(x, x0).mean(&self.analyzer, model, target, progress)?,
            Some(cut) => {
                let (z, pullback) = cut.vjp(x)?;
                let z0 = cut.forward(x0)?;
                let found = along(&z, &z0).mean(&Gradient, &cut.rest, target, progress)?;
                PathMean { mean: pull_mean(&pullback, &found.mean, &z)?, ..found }
            }
        };
        let PathMean { mean, output, output0, selection } = found;
        let shape = x.shape();
        Error::check_shape(&format!("values of {}", self.analyzer.name()), &shape, &mean.shape())?;
        let values = mean.mul(&x.sub(x0)?.widen()?)?;
        let change = selection.pick(&output.sub(&output0)?)?;
        let axes: Vec<usize> = (1..shape.len()).collect();
        let total = values.sum(&axes)?.download()?;
        let gap = total.iter().zip(change).map(|(&total, change)| total.as_f64() - change).collect();
        Ok(Attribution { values, output, selection, extras: Extras { completeness_gap: Some(gap) } })
    }
}

/// A straight path, and the rule that it is followed by.
struct Path<'a, B: Backend> {
    settings: &'a PathSettings,
    x: &'a Tensor<B>,
    x0: &'a Tensor<B>,
}

/// An analyzer's mean along a path.
struct PathMean<B: Backend> {
    mean: Tensor<B>,
    output: Tensor<B>,
    output0: Tensor<B>,
    selection: Selection,
}

impl<B: Backend> Path<'_, B> {
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
        let Path { settings, x, x0 } = *self;
        let shape = x.shape();
        let batch = shape.first().copied().unwrap_or(0);
        let mut points = settings.quadrature.points(settings.n);
        let mut sum = Sum::new();
        // The path's ends are analysed by themselves, if the rule has them: they give the outputs on the way.
        let output = match take_point(&mut points, 1.0) {
            Some(weight) => {
                let found = analyzer.attribute(model, x, target)?;
                Error::check_shape(&format!("values of {}", analyzer.name()), &shape, &found.values.shape())?;
                sum.add(&found, &[weight])?;
                progress.advance(batch);
                found.output
            }
            None => model.forward(x)?,
        };
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
        for (start, len) in even_parts(points.len(), copies_per_pass(settings.chunk, batch)) {
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
        Ok(PathMean { mean, output, output0, selection })
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
        at_least("n", self.settings.n, 2)?;
        at_least("chunk", self.settings.chunk, 1)?;
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
        in_blocks(model, x, target, self.settings.chunk, |x, start, target| {
            let x0 = self.settings.reference.tensor_like(x, start)?;
            self.explain(model, x, &x0, target, &mut progress)
        })
    }
}

/// Takes the point at exactly this place out of the rule, and gives its weight.
fn take_point(points: &mut Vec<(f64, f64)>, alpha: f64) -> Option<f64> {
    let at = points.iter().position(|&(a, _)| a == alpha)?;
    Some(points.remove(at).1)
}

/// x₀ + α (x - x₀) for every α: (samples · alphas, axes of a sample...), sample by sample.
fn on_path<B: Backend>(x0: &Tensor<B>, difference: &Tensor<B>, alphas: &[f64]) -> Result<Tensor<B>> {
    let shape = x0.shape();
    let (batch, sample) = (shape.first().copied().unwrap_or(0), shape.get(1..).unwrap_or_default());
    let mut apart = vec![batch, 1];
    apart.extend_from_slice(sample);
    let mut rows = vec![batch * alphas.len()];
    rows.extend_from_slice(sample);
    let alphas = per_copy(alphas, sample.len(), x0)?;
    x0.reshape(&apart)?.add_mul(&difference.reshape(&apart)?, &alphas)?.reshape(&rows)
}
