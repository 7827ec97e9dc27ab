//! Averaging along the straight path from a reference input.

use super::from_reference::{FromReference, Parts, block_by_block, check_own, own_references};
use super::path_settings::{PathSettings, path_builders};
use super::quadrature::Quadrature;
use super::tolerance::{Convergence, Tolerance};
use crate::explain::finite::is_finite;
use crate::explain::{Analyzer, Attribution, Call, Extras, Inputs, Kind, Selection, Target};
use crate::passes::{
    Chunk, MOST_COPIES, Reporter, Running, Subject, Sum, at_least, copies_per_pass, even_parts, in_blocks, on_path,
    repeated, run_copies, within,
};
use crate::rules::Secants;
use crate::{Arithmetic, Backend, Differentiable, Element, Error, Result, Tensor};

/// Any analyzer, averaged along the straight path from a reference x₀ to the input, times (x - x₀):
/// (x - x₀) · Σᵢ wᵢ A(x₀ + αᵢ (x - x₀)).
///
/// Values have the input's shape, in output units when A is a gradient. The output that is explained is chosen once,
/// on the clean input. The explanation carries the completeness gap Σ attribution - (f(x) - f(x₀)) of each sample.
///
/// Defaults: zeros as the reference, both ends included with equal weights ([`Quadrature::EndpointMean`]), chunks
/// by the size of the network's maps. No pass is run beside the n: the path's ends give the outputs; only rules without
/// the ends need two more passes, forward.
///
/// How to get exact values: [`Quadrature::Secant`] needs the fewest passes for a network that is made of operations,
/// [`Quadrature::Graded`] for one of code that nobody can look into; a [`tolerance`](Self::tolerance) chooses the
/// number of points by itself.
///
/// Errors: [`Error::InvalidParameter`] for n < 2, a chunk of 0 or a tolerance that is not above 0, [`Error::Shape`] for
/// a reference of another shape, [`Error::Unsupported`] around an analyzer whose values do not have the input's shape.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, InterpolationAugmentation, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// // The mean gradient on the way from zeros.
/// let why = InterpolationAugmentation::new(Gradient, 10).analyze(&net, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.values.dim(), (1, 2));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("path average"))]
pub struct InterpolationAugmentation<A> {
    pub(crate) analyzer: A,
    pub(crate) settings: PathSettings,
}

impl<A> InterpolationAugmentation<A> {
    /// The analyzer, averaged over n points from zeros to the input, both ends included.
    pub fn new(analyzer: A, n: usize) -> Self {
        let settings = PathSettings {
            n,
            references: Vec::new(),
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
        call: &Call<'_, M::Backend>,
        x0: Vec<Tensor<M::Backend>>,
        chunk: usize,
        progress: &mut Running<'_>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: Analyzer<M>,
    {
        let settings = &self.settings;
        let explained = || call.inputs.iter().zip(&x0).zip(call.explained).filter(|(_, explained)| **explained);
        let differences = explained().map(|((x, x0), _)| x.sub(x0)?.widen()).collect::<Result<Vec<_>>>()?;
        let times_difference = |means: &[Tensor<M::Backend>]| -> Result<Vec<Tensor<M::Backend>>> {
            let product = |(mean, difference): (&Tensor<M::Backend>, &Tensor<M::Backend>)| {
                let what = format!("values of {}", self.analyzer.name());
                Error::check_shape(&what, &difference.shape(), &mean.shape())?;
                mean.mul(difference)
            };
            means.iter().zip(&differences).map(product).collect()
        };
        let subject = Subject::new(&self.analyzer, model, call)?;
        let start = subject.start(call.inputs)?;
        let start_behind = start.as_ref().map(|start| vec![start.value.clone()]);
        let x = start_behind.unwrap_or_else(|| call.inputs.to_vec());
        let x0 = subject.start_forward(&x0)?.map_or(x0, |z0| vec![z0]);
        let to_values = |means: &[Tensor<M::Backend>]| match &start {
            None => times_difference(means),
            Some(start) => times_difference(&start.pull_mean(means)?),
        };
        let call = Call { inputs: &x, explained: subject.explained(), ..*call };
        let path = Path { settings, chunk, subject: &subject, call, x0: &x0, to_values: &to_values };
        let PathMean { mean, output, output0, selection, spent } = path.mean(progress)?;
        let values = to_values(&mean)?;
        let change = selection.pick(&output.widen()?.sub(&output0.widen()?)?)?;
        let mut gap: Vec<f64> = change.iter().map(|change| -change).collect();
        for values in &values {
            let axes: Vec<usize> = (1..values.shape().len()).collect();
            gap.iter_mut().zip(&values.sum(&axes)?.download()?).for_each(|(gap, total)| *gap += total.as_f64());
        }
        let extras = Extras {
            completeness_gap: Some(gap),
            evaluations: spent.map(|spent| vec![spent.evaluations]),
            estimated_error: spent.map(|spent| vec![spent.error]),
            within_tolerance: spent.map(|spent| vec![spent.within]),
            ..Extras::default()
        };
        Ok(Attribution { values, output, selection, extras })
    }

    /// The explanation from what gives the references of each block of the batch.
    fn explain_from<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        mut references: impl FnMut(&Call<'_, M::Backend>) -> Result<Vec<Tensor<M::Backend>>>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: Analyzer<M>,
    {
        let mut progress = self.settings.reporter.start(self.settings.n * call.rows());
        let chunk = Chunk::of(self.settings.chunk, call);
        let chunk = if self.settings.quadrature == Quadrature::Secant { chunk.for_heavy_copies() } else { chunk };
        let chunk = chunk.for_model(model, call)?;
        // To a tolerance, every sample is refined by itself.
        let block = if self.settings.tolerance.is_set() { 1 } else { chunk };
        in_blocks(model, call, block, |block| {
            let starts = starts(block, references(block)?);
            self.explain(model, block, starts, chunk, &mut progress)
        })
    }
}

/// Where the path starts: the reference of each explained input, the other inputs as they are.
fn starts<B: Backend>(call: &Call<'_, B>, references: Vec<Tensor<B>>) -> Vec<Tensor<B>> {
    let mut references = references.into_iter();
    let of_input = |(x, &explained): (&Tensor<B>, &bool)| match explained {
        true => references.next().unwrap_or_else(|| x.clone()),
        false => x.clone(),
    };
    call.inputs.iter().zip(call.explained).map(of_input).collect()
}

/// A straight path, and the rule that it is followed by.
pub(super) struct Path<'a, M: Differentiable + ?Sized, A> {
    pub(super) settings: &'a PathSettings,
    /// How many samples a pass has.
    pub(super) chunk: usize,
    pub(super) subject: &'a Subject<'a, M, A>,
    /// The end of the path.
    pub(super) call: Call<'a, M::Backend>,
    /// Its start.
    pub(super) x0: &'a [Tensor<M::Backend>],
    /// From a mean along this path to the explanation's values.
    pub(super) to_values: &'a dyn Fn(&[Tensor<M::Backend>]) -> Result<Vec<Tensor<M::Backend>>>,
}

/// An analyzer's mean along a path.
pub(super) struct PathMean<B: Backend> {
    pub(super) mean: Vec<Tensor<B>>,
    pub(super) output: Tensor<B>,
    pub(super) output0: Tensor<B>,
    pub(super) selection: Selection,
    /// What a tolerance took, for the one sample.
    pub(super) spent: Option<Convergence>,
}

impl<B: Backend, M: Differentiable<Backend = B> + ?Sized, A: Analyzer<M>> Path<'_, M, A> {
    /// x - x₀ of each input.
    pub(super) fn differences(&self) -> Result<Vec<Tensor<B>>> {
        self.call.inputs.iter().zip(self.x0).map(|(x, x0)| x.sub(x0)).collect()
    }

    /// The points of the path at each α; an input that is not explained is repeated.
    pub(super) fn points(&self, differences: &[Tensor<B>], alphas: &[f64]) -> Result<Vec<Tensor<B>>> {
        let inputs = self.x0.iter().zip(differences).zip(self.call.explained);
        let copies = inputs.map(|((x0, difference), &explained)| match explained {
            true => on_path(x0, difference, alphas),
            false => repeated(x0, alphas.len()),
        });
        copies.collect()
    }

    /// For n points for each row, whose sample they are of.
    pub(super) fn samples(&self, n: usize) -> Vec<usize> {
        self.call.samples.iter().flat_map(|&of| std::iter::repeat_n(of, n)).collect()
    }

    pub(super) fn check_values(&self, found: &Attribution<B>) -> Result<()> {
        for (values, input) in found.values.iter().zip(self.call.explained_inputs()) {
            Error::check_shape(&format!("values of {}", self.subject.name()), &input.shape(), &values.shape())?;
        }
        Ok(())
    }

    /// Σᵢ wᵢ A(x₀ + αᵢ (x - x₀)), and the outputs at both ends.
    fn mean(&self, progress: &mut Running<'_>) -> Result<PathMean<B>> {
        let Path { settings, subject, call, .. } = *self;
        if settings.tolerance.is_set() {
            return self.mean_to_tolerance(progress);
        }
        if settings.quadrature == Quadrature::Secant && subject.is_gradient() {
            return self.mean_by_secants(progress);
        }
        let batch = call.rows();
        let mut points = settings.quadrature.points(settings.n)?;
        let mut sum = Sum::new();
        // The path's ends are analysed by themselves, if the rule has them: they give the outputs on the way.
        let output = match take_point(&mut points, 1.0) {
            Some(weight) => {
                let found = subject.attribute(&call)?;
                self.check_values(&found)?;
                sum.add(&found, &[weight])?;
                progress.advance(batch)?;
                found.output
            }
            None => subject.forward(&call)?,
        };
        let selection = call.target.settle_for(call.inputs, &output)?;
        let at_start = Call { inputs: self.x0, target: Target::Chosen(&selection), ..call };
        let output0 = match take_point(&mut points, 0.0) {
            Some(weight) => {
                let found = subject.attribute(&at_start)?;
                sum.add(&found, &[weight])?;
                progress.advance(batch)?;
                found.output
            }
            None => subject.forward(&at_start)?,
        };
        let differences = self.differences()?;
        for (start, len) in even_parts(points.len(), copies_per_pass(self.chunk, batch)) {
            let (alphas, weights): (Vec<f64>, Vec<f64>) = points[start..start + len].iter().copied().unzip();
            if alphas.is_empty() {
                continue;
            }
            let (copies, samples) = (self.points(&differences, &alphas)?, self.samples(len));
            let rows = selection.repeat(len);
            let target = Target::Chosen(&rows);
            let found = subject.attribute(&Call { inputs: &copies, target, samples: &samples, ..call })?;
            run_copies(|| subject.name(), &found, samples.len(), &weights, &mut sum, progress)?;
        }
        let (mean, _) = sum.finish().ok_or_else(|| too_few(settings.n))?;
        Ok(PathMean { mean, output, output0, selection, spent: None })
    }
}

pub(super) fn too_few(n: usize) -> Error {
    Error::InvalidParameter { name: "n", value: n.to_string(), reason: "it must be at least 2".into() }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for InterpolationAugmentation<A> {
    fn name(&self) -> String {
        format!("InterpolationAugmentation({})", self.analyzer.name())
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.settings.n, 2, MOST_COPIES)?;
        at_least("chunk", self.settings.chunk.unwrap_or(1), 1)?;
        self.settings.tolerance.check()?;
        let refused = |reason: &str| Error::Unsupported { analyzer: Analyzer::<M>::name(self), reason: reason.into() };
        let secants = self.settings.quadrature == Quadrature::Secant;
        if self.settings.tolerance.is_set() && secants {
            return Err(refused(
                "a tolerance places its points itself, by a rule that can be refined, and the sums of \
                 `Quadrature::Secant` cannot: leave out one of the two",
            ));
        }
        check_own(&Analyzer::<M>::name(self), &self.settings.references, inputs)?;
        let largest = M::Backend::largest_number(&model.placement_for(inputs.shapes)?);
        self.settings.references.iter().try_for_each(|reference| reference.check_fits(largest))?;
        if self.analyzer.kind() == Kind::Cam {
            return Err(refused(
                "a class activation map does not have the input's shape, so it cannot be multiplied with \
                 input - reference; wrap it in NoiseAugmentation, or interpolate a gradient",
            ));
        }
        if secants && self.analyzer.way_back().is_some_and(|way| way.rules().is_none()) {
            model.graph(inputs.shapes)?.check(Some(&Secants::new(1)), inputs.explained)?;
        }
        self.analyzer.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        self.explain_from(model, call, |block| own_references(&self.settings.references, block))
    }

    /// The points of the path one by one, from the reference on.
    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        let x0 = starts(call, own_references(&self.settings.references, call)?);
        let points = self.settings.quadrature.points(self.settings.n)?;
        let mut alphas: Vec<f64> = points.into_iter().map(|(alpha, _)| alpha).collect();
        alphas.sort_by(f64::total_cmp);
        for (k, &alpha) in alphas.iter().enumerate() {
            let point = |((x, x0), explained): ((&Tensor<_>, &Tensor<_>), &bool)| match explained {
                true => on_path(x0, &x.sub(x0)?, &[alpha]),
                false => Ok(x.clone()),
            };
            let inputs = call.inputs.iter().zip(&x0).zip(call.explained).map(point).collect::<Result<Vec<_>>>()?;
            if !is_finite(&self.analyzer.attribute(model, &Call { inputs: &inputs, ..*call })?)? {
                return Ok(Some(match alpha {
                    0.0 => "the reference".into(),
                    1.0 => "the input".into(),
                    _ => format!("point {k} of {} of the path, at {alpha:.3} of the way", alphas.len()),
                }));
            }
        }
        Ok(None)
    }
}

block_by_block!(InterpolationAugmentation<A>);

/// Takes the point at exactly this place out of the rule, and gives its weight.
fn take_point(points: &mut Vec<(f64, f64)>, alpha: f64) -> Option<f64> {
    let at = points.iter().position(|&(a, _)| a == alpha)?;
    Some(points.remove(at).1)
}
