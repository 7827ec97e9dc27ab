//! What all metrics share that mask the input.

use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::relevance::Channels;
use super::scored::Scored;
use crate::explain::{Call, Inputs, Kind, OutputScale, Selection, Target};
use crate::masks::{Features, Fill, Mask, Masked};
use crate::{Backend, Differentiable, Result};

/// What can be set on all of them.
#[derive(Debug, Clone)]
pub(super) struct Perturbation {
    pub(super) features: Option<Features>,
    pub(super) fill: Fill,
    pub(super) channels: Option<Channels>,
    pub(super) scale: Option<OutputScale>,
    pub(super) chunk: Option<usize>,
}

/// The builder methods of everything that masks the input.
macro_rules! perturbation_builders {
    () => {
        /// Which numbers are one feature, that is there or not. Unless set the places of an input with spatial axes
        /// (pixels, with all their channels), and every number of any other input.
        #[must_use]
        pub fn features(mut self, features: $crate::Features) -> Self {
            self.perturbation.features = Some(features);
            self
        }

        /// What stands where a feature is absent.
        #[must_use]
        pub fn fill(mut self, fill: impl Into<$crate::Fill>) -> Self {
            self.perturbation.fill = fill.into();
            self
        }

        /// What is made of a feature's values: their sum (unless set, for attributions and class activation maps), or
        /// the sum of their sizes (for sensitivities, whose signs say nothing about importance).
        #[must_use]
        pub fn channels(mut self, channels: $crate::metrics::Channels) -> Self {
            self.perturbation.channels = Some(channels);
            self
        }

        /// At which scale the output is looked at, as its probability; as it was explained unless set.
        #[must_use]
        pub fn scale(mut self, scale: $crate::OutputScale) -> Self {
            self.perturbation.scale = Some(scale);
            self
        }

        /// At most how many samples go through the model in one pass.
        #[must_use]
        pub fn chunk(mut self, chunk: usize) -> Self {
            self.perturbation.chunk = Some(chunk);
            self
        }
    };
}
pub(super) use perturbation_builders;

impl Perturbation {
    pub(super) fn new(fill: Fill) -> Self {
        Perturbation { features: None, fill, channels: None, scale: None, chunk: None }
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

    /// Does something with the masked model, and the values of each feature, (samples, features).
    pub(super) fn with<B: Backend, T>(
        &self,
        on: &Scored<'_, B>,
        work: impl FnOnce(&Masked<'_, dyn Differentiable<Backend = B> + '_>, Array2<f64>) -> Result<T>,
    ) -> Result<T> {
        let input = on.input()?.shape();
        let selection = self.selection(on.selection);
        let target = Target::Chosen(&selection);
        let call = Call { inputs: on.inputs, explained: on.explained, target, samples: on.rows };
        let by_kind = if on.kind == Kind::Sensitivity { Channels::Absolute } else { Channels::Sum };
        // Before any pass of the masked model: whether the values fit.
        let values = self.channels.unwrap_or(by_kind).to_input(&on.values, &input)?;
        let masked = Masked::in_chunks(on.model, &call, &self.features(&input), &self.fill, self.chunk)?;
        let of_features = masked.gathered(&[values])?;
        work(&masked, of_features)
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
