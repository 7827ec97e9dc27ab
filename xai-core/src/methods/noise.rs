//! Averaging over noisy copies.

use ndarray::{ArrayView2, Axis, IxDyn, Slice};

use super::from_reference::{FromReference, Parts};
use super::moment::{Draws, Moment};
use super::noise_law::NoiseLaw;
use crate::explain::finite::is_finite;
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind, Target};
use crate::passes::{
    Chunk, MOST_COPIES, Reporter, Running, Subject, at_least, check_copies, copies_per_pass, even_parts, in_blocks,
    repeated, within,
};
use crate::{Arithmetic, Backend, Differentiable, Error, Result, Tensor};

/// Any analyzer, averaged over n noisy copies of the input: 1/n Σᵢ A(x + εᵢ).
///
/// Values have the wrapped analyzer's shape and units, and the extras the error of their mean, as
/// [`Extras::estimated_error`](crate::Extras::estimated_error), unless the mean is pulled back through the affine
/// layers that a network begins with, which is done once; the mean square or the variance of A over the copies
/// instead by [`moment`](NoiseAugmentation::moment). The output that is explained is chosen once, on the clean input.
/// Noise is drawn once per copy and shared by the samples of a batch, so that a batch gives what its samples give one
/// by one; it depends on the seed alone, not on the batch, the chunk size or the backend.
///
/// Defaults: normal noise of standard deviation 1, seed 0, chunks by the size of the network's maps.
///
/// Errors: [`Error::InvalidParameter`] for n < 1 (2 for the variance), a chunk of 0, or a standard deviation that is
/// negative or not finite; [`Error::Unsupported`] for the variance of copies in pairs.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{ArcArray, IxDyn, array};
/// use xai::{Analyzer, Function, Gradient, InterpolationAugmentation, MaxActivation, NdArray, NoiseAugmentation};
///
/// type T = ArcArray<f64, IxDyn>;
/// let model = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
/// let analyzer = NoiseAugmentation::new(InterpolationAugmentation::new(Gradient, 50), 10).std(0.01).seed(7);
/// let why = analyzer.analyze(&model, &array![[3.0]], MaxActivation)?;
/// assert!((why.values[[0, 0]] - 9.0).abs() < 0.1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("NoiseTunnel"))]
pub struct NoiseAugmentation<A> {
    pub(crate) analyzer: A,
    pub(crate) settings: NoiseSettings,
    moment: Moment,
}

/// What can be set on everything that adds noise.
#[derive(Debug, Clone)]
pub(crate) struct NoiseSettings {
    pub(crate) n: usize,
    pub(crate) law: NoiseLaw,
    pub(crate) chunk: Option<usize>,
    pub(crate) reporter: Reporter,
}

/// The builder methods of everything that adds noise; `$settings` is the way from `self` to the settings.
macro_rules! noise_builders {
    ($($settings:ident).+) => {
        /// Sets the number of noisy copies, at least 1: see [`seed`](Self::seed).
        #[must_use]
        #[doc(alias("nt_samples"))]
        pub fn n(mut self, n: usize) -> Self {
            self.$($settings).+.n = n;
            self
        }

        /// Normal noise of this standard deviation (not variance), in the input's units.
        #[must_use]
        #[doc(alias("stdevs"))]
        pub fn std(mut self, std: f64) -> Self {
            self.$($settings).+.law.set_std(std);
            self
        }

        /// Normal noise whose standard deviation is this share of each sample's own range, max - min.
        #[must_use]
        pub fn relative_std(mut self, std: f64) -> Self {
            self.$($settings).+.law.set_relative_std(std);
            self
        }

        /// Noise of any distribution of `rand_distr`, or of your own; drawn in `f64`, element by element, and again for
        /// each block of a batch that is larger than a chunk: it should have no state of its own.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use rand::Rng;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, NdArray, Net, SmoothGrad};
        ///
        /// /// No noise: one more.
        /// struct OneMore;
        /// impl rand_distr::Distribution<f64> for OneMore {
        ///     fn sample<R: Rng + ?Sized>(&self, _: &mut R) -> f64 {
        ///         1.0
        ///     }
        /// }
        ///
        /// // f(x) = x²: 2 (x + 1)
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
        /// let why = SmoothGrad::new().n(4).distribution(OneMore).analyze(&net, &array![[3.0]], 0)?;
        /// assert_eq!(why.values, array![[8.0]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn distribution(
            mut self,
            distribution: impl rand_distr::Distribution<f64> + Send + Sync + 'static,
        ) -> Self {
            self.$($settings).+.law.set_distribution(distribution);
            self
        }

        /// The seed of the generator (ChaCha8), 0 unless set. The same seed gives the same noise on every backend.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, NdArray, Net, SmoothGrad};
        ///
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
        /// let of = |seed| SmoothGrad::new().n(8).relative_std(0.15).seed(seed).analyze(&net, &array![[0.5, 2.0]], 0);
        /// assert_eq!(of(1)?, of(1)?);
        /// assert_ne!(of(1)?.values, of(2)?.values);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.$($settings).+.law.set_seed(seed);
            self
        }

        /// Copies in pairs x + ε, x - ε of opposite noise; the last copy of an odd number has none. Off unless set.
        ///
        /// The parts of the gradient that are odd in ε cancel in each pair: for any symmetric noise the mean stays what
        /// it is, and its variance becomes (1 + ρ) times that of independent copies, ρ being the correlation of the
        /// gradients in a pair. For SmoothGrad on networks for photos ρ is below 0: the same error with fewer copies,
        /// and half the noise to draw (`docs/path-nodes.md`). A [`distribution`](Self::distribution) of your own must
        /// be symmetric about 0.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, NdArray, Net, SmoothGrad};
        ///
        /// // f(x) = x²: of 2 (x + ε) and 2 (x - ε) the mean is the gradient itself.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Power { exponent: 2.0 });
        /// let gap = |pairs| -> xai::Result<f64> {
        ///     let why = SmoothGrad::new().n(10).antithetic(pairs).analyze(&net, &array![[3.0]], 0)?;
        ///     Ok((why.values[[0, 0]] - 6.0).abs())
        /// };
        /// assert!(gap(true)? < 1e-12 && gap(false)? > 1e-6);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn antithetic(mut self, antithetic: bool) -> Self {
            self.$($settings).+.law.set_antithetic(antithetic);
            self
        }

        /// A random generator of your own; each analysis starts from a clone of it.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use rand::SeedableRng;
        /// use rand_chacha::ChaCha8Rng;
        /// use xai::nn::Activation;
        /// use xai::{Analyzer, NdArray, Net, SmoothGrad};
        ///
        /// // The generator that a seed stands for.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Tanh);
        /// let own = SmoothGrad::new().n(8).rng(ChaCha8Rng::seed_from_u64(7)).analyze(&net, &array![[0.5, 2.0]], 0)?;
        /// let seeded = SmoothGrad::new().n(8).seed(7).analyze(&net, &array![[0.5, 2.0]], 0)?;
        /// assert_eq!(own.values, seeded.values);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn rng(mut self, rng: impl rand::Rng + Clone + Send + Sync + 'static) -> Self {
            self.$($settings).+.law.set_rng(rng);
            self
        }

        $crate::passes::pass_builders!($($settings).+);
    };
}
pub(crate) use noise_builders;

impl<A> NoiseAugmentation<A> {
    /// The analyzer, averaged over n copies with normal noise of standard deviation 1.
    pub fn new(analyzer: A, n: usize) -> Self {
        let settings = NoiseSettings { n, law: NoiseLaw::normal(1.0), chunk: None, reporter: Reporter::default() };
        NoiseAugmentation { analyzer, settings, moment: Moment::Mean }
    }

    noise_builders!(settings);

    /// What is taken of the values of the copies: their mean, unless set.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::Linear;
    /// use xai::{Analyzer, Gradient, Moment, NdArray, Net, NoiseAugmentation, Tensor};
    ///
    /// // The gradient of -2 x is -2 at every copy.
    /// let net = Net::new(Linear::new(Tensor::<NdArray<f64>>::upload(array![[-2.0]].view().into_dyn(), &())?, None)?);
    /// for (moment, value) in [(Moment::Mean, -2.0), (Moment::Square, 4.0), (Moment::Variance, 0.0)] {
    ///     let why = NoiseAugmentation::new(Gradient, 8).moment(moment).analyze(&net, &array![[1.0]], 0)?;
    ///     assert!((why.values[[0, 0]] - value).abs() < 1e-12);
    /// }
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn moment(mut self, moment: Moment) -> Self {
        self.moment = moment;
        self
    }
}

/// What the analyzer finds for so many noisy copies of each sample.
type OfCopies<'c, M, A> = &'c dyn Fn(
    &Subject<'_, M, A>,
    &Call<'_, <M as Differentiable>::Backend>,
    usize,
) -> Result<Attribution<<M as Differentiable>::Backend>>;

impl<A> NoiseAugmentation<A> {
    /// Explains a block; `whole` unless a mean may be pulled back through the model's affine start at once.
    fn explain<M: Differentiable + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, M::Backend>,
        chunk: usize,
        progress: &mut Running<'_>,
        whole: bool,
        of_copies: OfCopies<'_, M, A>,
    ) -> Result<Attribution<M::Backend>>
    where
        A: Analyzer<M>,
    {
        let (settings, batch) = (&self.settings, call.rows());
        let copier = Copier::new(call, settings.law.is_relative())?;
        let subject = Subject::new(&self.analyzer, model, call)?;
        // The mean of squares is not the square of a mean that is pulled back.
        let subject = if self.moment == Moment::Mean && !whole { subject } else { subject.whole() };
        let start = subject.start(call.inputs)?;
        let behind = start.as_ref().map(|start| [start.value.clone()]);
        let clean = Call { inputs: behind.as_ref().map_or(call.inputs, |z| z), ..*call };
        let output = subject.forward(&clean)?;
        let selection = call.target.settle_for(call.inputs, &output)?;
        let parts = even_parts(settings.n, copies_per_pass(chunk, batch));
        let most = parts.iter().map(|&(_, steps)| steps).max().unwrap_or(0);
        let mut noise = settings.law.start(most, copier.numbers());
        let mut draws = Draws::new(self.moment, settings.n, settings.law.is_antithetic(), start.as_ref());
        for (_, steps) in parts {
            let mut copies = copier.with_noise(noise.next(steps))?;
            if let Some(z) = subject.start_forward(&copies)? {
                copies = vec![z];
            }
            let rows = selection.repeat(steps);
            let samples: Vec<usize> = call.samples.iter().flat_map(|&of| std::iter::repeat_n(of, steps)).collect();
            let (target, explained) = (Target::Chosen(&rows), subject.explained());
            let part = Call { inputs: &copies, explained, target, samples: &samples };
            let found = of_copies(&subject, &part, steps)?;
            check_copies(|| subject.name(), &found, samples.len())?;
            draws.add(&found, steps)?;
            progress.advance(samples.len())?;
        }
        let (values, extras) = draws.finish()?;
        Ok(Attribution { values, output, selection, extras })
    }
}

impl<M: Differentiable + ?Sized, A: Analyzer<M>> Analyzer<M> for NoiseAugmentation<A> {
    fn name(&self) -> String {
        match self.moment {
            Moment::Mean => format!("NoiseAugmentation({})", self.analyzer.name()),
            moment => format!("NoiseAugmentation({}, {moment})", self.analyzer.name()),
        }
    }

    fn kind(&self) -> Kind {
        self.analyzer.kind()
    }

    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        within("n", self.settings.n, self.moment.fewest(), MOST_COPIES)?;
        at_least("chunk", self.settings.chunk.unwrap_or(1), 1)?;
        self.settings.law.check()?;
        self.settings.law.check_fits(M::Backend::largest_number(&model.placement_for(inputs.shapes)?))?;
        if self.moment == Moment::Variance && self.settings.law.is_antithetic() {
            return Err(Error::Unsupported {
                analyzer: Analyzer::<M>::name(self),
                reason: "copies in pairs of opposite noise have another variance than the noise gives: leave out \
                         `antithetic`"
                    .into(),
            });
        }
        self.analyzer.check(model, inputs)
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let mut progress = self.settings.reporter.start(self.settings.n * call.rows());
        let chunk = Chunk::of(self.settings.chunk, call).for_model(model, call)?;
        in_blocks(model, call, chunk, |block| {
            let of_copies: OfCopies<'_, M, A> = &|subject, copies, _| subject.attribute(copies);
            self.explain(model, block, chunk, &mut progress, false, of_copies)
        })
    }

    /// The noisy copies one by one.
    fn origin(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Option<String>> {
        let copier = Copier::new(call, self.settings.law.is_relative())?;
        let mut noise = self.settings.law.start(1, copier.numbers());
        for k in 0..self.settings.n {
            let copy = copier.with_noise(noise.next(1))?;
            if !is_finite(&self.analyzer.attribute(model, &Call { inputs: &copy, ..*call })?)? {
                return Ok(Some(format!("copy {k} of {} of the noise", self.settings.n)));
            }
        }
        Ok(None)
    }
}

/// Every noisy copy is compared with its sample's reference, which has no noise.
impl<M: Differentiable + ?Sized, A: FromReference<M>> FromReference<M> for NoiseAugmentation<A> {
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
            let own = parts.next(block)?;
            let of_copies: OfCopies<'_, M, A> = &|_, copies, steps| {
                let own = own.iter().map(|reference| repeated(reference, steps)).collect::<Result<Vec<_>>>()?;
                self.analyzer.attribute_from(model, copies, &own)
            };
            self.explain(model, block, chunk, &mut progress, true, of_copies)
        })
    }
}

/// Makes noisy copies of a batch.
pub(super) struct Copier<'a, B: Backend> {
    call: Call<'a, B>,
    /// For each explained input, (samples, 1, 1...): the range of each sample, for relative noise.
    ranges: Option<Vec<Tensor<B>>>,
}

impl<'a, B: Backend> Copier<'a, B> {
    pub(super) fn new(call: &Call<'a, B>, relative: bool) -> Result<Self> {
        let range = |x: &Tensor<B>| {
            let samples = apart(x)?;
            let axes: Vec<usize> = (1..samples.shape().len()).collect();
            let lowest = samples.scale(-1.0)?.max(&axes)?;
            samples.max(&axes)?.add(&lowest)
        };
        let ranges = relative.then(|| call.explained_inputs().map(range).collect::<Result<Vec<_>>>()).transpose()?;
        Ok(Copier { call: *call, ranges })
    }

    /// The numbers of a sample, of all explained inputs.
    pub(super) fn numbers(&self) -> usize {
        self.call.explained_inputs().map(numbers_of_a_sample).sum()
    }

    /// x + noise, or x + range · noise, for noise of shape (steps, numbers of a sample); the other inputs repeated.
    pub(super) fn with_noise(&self, noise: ArrayView2<'_, B::Elem>) -> Result<Vec<Tensor<B>>> {
        let (steps, mut from, mut input_of_noise) = (noise.nrows(), 0, 0);
        let mut copies = Vec::with_capacity(self.call.inputs.len());
        for (x, &explained) in self.call.inputs.iter().zip(self.call.explained) {
            if !explained {
                copies.push(repeated(x, steps)?);
                continue;
            }
            let (numbers, shape) = (numbers_of_a_sample(x), x.shape());
            let sample = shape.get(1..).unwrap_or_default();
            let part = noise.slice_axis(Axis(1), Slice::from(from..from + numbers));
            let part = part.to_shape(IxDyn(&[&[1, steps], sample].concat()));
            let part = part.map_err(|error| Error::backend("ndarray", error))?;
            let mut part = Tensor::upload(part.view(), &x.placement())?;
            if let Some(range) = self.ranges.as_ref().and_then(|ranges| ranges.get(input_of_noise)) {
                part = part.mul(range)?;
            }
            let rows = [&[shape.first().copied().unwrap_or(0) * steps], sample].concat();
            copies.push(apart(x)?.add(&part)?.reshape(&rows)?);
            from += numbers;
            input_of_noise += 1;
        }
        Ok(copies)
    }
}

fn numbers_of_a_sample<B: Backend>(x: &Tensor<B>) -> usize {
    x.shape().iter().skip(1).product()
}

/// (samples, 1, axes of a sample...)
fn apart<B: Backend>(x: &Tensor<B>) -> Result<Tensor<B>> {
    let mut shape = x.shape();
    shape.insert(1.min(shape.len()), 1);
    x.reshape(&shape)
}
