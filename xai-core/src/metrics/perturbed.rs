//! What all metrics share that mask the input.

use std::cell::RefCell;

use ndarray::{Array2, ArrayD};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::relevance::Channels;
use super::scored::Scored;
use crate::explain::{Call, Inputs, Kind, OutputScale, Selection, Target};
use crate::masks::{Features, Fill, Mask, Masked};
use crate::passes::{Reporter, Running};
use crate::{Backend, Differentiable, Error, Result};

/// What can be set on all of them.
#[derive(Debug, Clone)]
pub(super) struct Perturbation {
    pub(super) features: Option<Features>,
    pub(super) fill: Fill,
    pub(super) channels: Option<Channels>,
    pub(super) scale: Option<OutputScale>,
    pub(super) chunk: Option<usize>,
    pub(super) reporter: Reporter,
}

/// The builder methods of everything that masks the input.
macro_rules! perturbation_builders {
    () => {
        $crate::metrics::perturbed::perturbation_builders!(without channels);

        /// What is made of a feature's values: their sum (unless set; for all kinds of values but sensitivities), or
        /// the sum of their sizes (for sensitivities, whose signs say nothing about importance). By
        /// [`Largest`](crate::metrics::Channels::Largest) the channels of a place count as the largest of them does.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::{arr2, array};
        /// use xai::metrics::{Channels, Deletion, Metric};
        /// use xai::nn::{Linear, Sequential};
        /// use xai::{InputTimesGradient, NdArray, Tensor};
        ///
        /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, -3.0]].view().into_dyn(), &())?;
        /// let net = Sequential::new().push(Linear::new(weight, None)?);
        /// // The second value is the larger one, but for its sign.
        /// for (channels, y) in [(Channels::Sum, [-2.0, -3.0, 0.0]), (Channels::Absolute, [-2.0, 1.0, 0.0])] {
        ///     let deletion = Deletion::new().channels(channels).steps(2);
        ///     let scores = deletion.of_analyzer(&net, &array![[1.0, 1.0]], 0, &InputTimesGradient)?;
        ///     assert_eq!(scores.curve.expect("deletion has one").y, arr2(&[y]));
        /// }
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn channels(mut self, channels: $crate::metrics::Channels) -> Self {
            self.perturbation.channels = Some(channels);
            self
        }
    };
    (without channels) => {
        /// Which numbers are one feature, that is there or not. Unless set the places of an input with spatial axes
        /// (pixels, with all their channels), and every number of any other input. Where the explanation is of groups,
        /// each of whose numbers has the group's value, a feature's value is the mean over its numbers: the group's own
        /// where both are cut alike.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::metrics::{Deletion, Metric};
        /// use xai::nn::{Linear, Sequential};
        /// use xai::{Features, InputTimesGradient, NdArray, Tensor};
        ///
        /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
        /// let net = Sequential::new().push(Linear::new(weight, None)?);
        /// // The first two columns go together, as soon or as late as the third, which is worth as much.
        /// let groups = Deletion::new().features(Features::groups([0..2])).steps(2);
        /// let scores = groups.of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
        /// assert_eq!(scores.curve.expect("deletion has one").y, array![[6.0, 3.0, 0.0]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn features(mut self, features: $crate::Features) -> Self {
            self.perturbation.features = Some(features);
            self
        }

        /// What stands where a feature is absent.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::metrics::{Deletion, Metric};
        /// use xai::nn::{Linear, Sequential};
        /// use xai::{InputTimesGradient, NdArray, Reference, Tensor};
        ///
        /// let weight = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0, 3.0]].view().into_dyn(), &())?;
        /// let net = Sequential::new().push(Linear::new(weight, None)?);
        /// // With twos in place of the ones: in one step the output changes from 6 to 12.
        /// let twos = Deletion::new().fill(Reference::Constant(2.0)).steps(1);
        /// let scores = twos.of_analyzer(&net, &array![[1.0, 1.0, 1.0]], 0, &InputTimesGradient)?;
        /// assert_eq!(scores.curve.expect("deletion has one").y, array![[6.0, 12.0]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn fill(mut self, fill: impl Into<$crate::Fill>) -> Self {
            self.perturbation.fill = fill.into();
            self
        }

        /// At which scale the output is looked at, as its probability; as it was explained unless set.
        ///
        /// ```
        /// # use xai_core as xai;
        /// use ndarray::array;
        /// use xai::metrics::{Deletion, Metric};
        /// use xai::nn::Activation;
        /// use xai::{Gradient, NdArray, Net, OutputScale};
        ///
        /// // Two classes score 3, and 0 when all is gone: each time they have a half.
        /// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
        /// let deletion = Deletion::new().scale(OutputScale::Probability).steps(1);
        /// let scores = deletion.of_analyzer(&net, &array![[3.0, 3.0]], 0, &Gradient)?;
        /// assert_eq!(scores.curve.expect("deletion has one").y, array![[0.5, 0.5]]);
        /// # Ok::<(), xai::Error>(())
        /// ```
        #[must_use]
        pub fn scale(mut self, scale: $crate::OutputScale) -> Self {
            self.perturbation.scale = Some(scale);
            self
        }

        $crate::passes::pass_builders!(perturbation);
    };
}
pub(super) use perturbation_builders;

impl Perturbation {
    pub(super) fn new(fill: Fill) -> Self {
        Perturbation { features: None, fill, channels: None, scale: None, chunk: None, reporter: Reporter::default() }
    }

    fn features(&self, input: &[usize]) -> Features {
        let places = || match input.len() {
            0..=2 => Features::each(),
            axes => Features::patches(vec![1; axes - 2]),
        };
        self.features.clone().unwrap_or_else(places)
    }

    pub(super) fn check(&self, input: &[usize]) -> Result<()> {
        let shapes = [input.to_vec()];
        self.fill.check(&self.features(input), &Inputs { shapes: &shapes, explained: &[true] })
    }

    pub(super) fn selection(&self, chosen: &Selection) -> Selection {
        self.scale.map_or_else(|| chosen.clone(), |scale| chosen.clone().at_scale(scale))
    }

    /// Does something with the masked model, and the values of each feature, (samples, features). `masks` says how many
    /// there will be in all, of so many features.
    pub(super) fn with<B: Backend, T>(
        &self,
        on: &Scored<'_, B>,
        masks: impl FnOnce(usize) -> usize,
        work: impl FnOnce(&Runs<'_, '_, B>, Array2<f64>) -> Result<T>,
    ) -> Result<T> {
        let input = on.input()?.shape();
        let selection = self.selection(on.selection);
        let target = Target::Chosen(&selection);
        let call = Call { inputs: on.inputs, explained: on.explained, target, samples: on.rows };
        let by_kind = if on.kind == Kind::Sensitivity { Channels::Absolute } else { Channels::Sum };
        // Before any pass of the masked model: whether the values fit.
        let values = self.channels.unwrap_or(by_kind).to_input(&on.values, &input)?;
        let model: &dyn Differentiable<Backend = B> = on.model;
        let masked = Masked::in_chunks(model, &call, &self.features(&input), &self.fill, self.chunk)?;
        let mut of_features = masked.gathered(&[values])?;
        if on.of_groups.is_some() {
            let numbers = masked.gathered(&[ArrayD::<f64>::ones(input.clone())])?;
            of_features /= &numbers.mapv(|count| count.max(1.0));
        }
        let evaluations = [on.samples(), masked.evaluations_of_a_copy()];
        let total = evaluations.into_iter().fold(masks(masked.features()), usize::saturating_mul);
        let reporter = self.reporter.and(&on.whole);
        work(&Runs { masked, progress: RefCell::new(reporter.start(total)) }, of_features)
    }
}

/// The masked model, with what is told of its passes.
pub(super) struct Runs<'a, 'r, B: Backend> {
    masked: Masked<'a, dyn Differentiable<Backend = B> + 'a>,
    progress: RefCell<Running<'r>>,
}

impl<B: Backend> Runs<'_, '_, B> {
    /// The number of features.
    pub(super) fn features(&self) -> usize {
        self.masked.features()
    }

    /// The explained output of each sample as it is.
    pub(super) fn clean(&self) -> &[f64] {
        self.masked.clean()
    }

    /// The explained output on copies with these masks: (masks, samples).
    pub(super) fn values(&self, masks: impl IntoIterator<Item = impl Into<Mask>>) -> Result<Array2<f64>> {
        let (samples, mut all) = (self.clean().len(), Vec::new());
        self.masked.run(masks, &mut self.progress.borrow_mut(), |_, y| {
            all.extend_from_slice(y);
            Ok(())
        })?;
        Array2::from_shape_vec((all.len() / samples.max(1), samples), all).map_err(|e| Error::backend("ndarray", e))
    }
}

/// Masks that keep these features of each sample: `keep(sample, feature)`.
pub(super) fn mask(samples: usize, features: usize, keep: impl Fn(usize, usize) -> bool) -> Mask {
    Array2::from_shape_fn((samples, features), |(sample, feature)| f64::from(u8::from(keep(sample, feature)))).into()
}

/// For each sample the place of each feature in the order of falling values; equal ones in random order, so that a
/// constant map is as good as a random one, and no better.
pub(super) fn places(values: &Array2<f64>, seed: u64) -> Array2<usize> {
    let mut places = Array2::zeros(values.dim());
    for (values, mut places) in values.rows().into_iter().zip(places.rows_mut()) {
        let mut order = shuffled(values.len(), seed);
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        order.into_iter().enumerate().for_each(|(place, feature)| places[feature] = place);
    }
    places
}

/// 0 to n - 1 in random order: the same for every sample of a batch.
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}
