//! Shapley values by permutations.

use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::masking::{Found, MaskSettings, features_builder, mask_builders};
use super::moments::Moments;
use super::sampling::{Rounds, Sampling, relative, sampling_builders};
use crate::explain::{Analyzer, Attribution, Call, Inputs, Kind};
use crate::masks::{Features, Mask, Masked};
use crate::passes::Running;
use crate::{Differentiable, Result};

/// Shapley values by sampled permutations: φⱼ is the mean of y(S ∪ j) - y(S) over orders in which features come in, S
/// being those before j.
///
/// By forward passes alone. Orders are drawn in pairs of one and its reverse, whose errors cancel in part: a pair takes
/// 2·(D - 1) evaluations for D features, and two more are for all and for none. Values have the input's shape, in
/// output units, signed; each number has the whole value of its feature. Those of the features
/// ([`Extras::feature_values`](crate::Extras::feature_values)) add up to y(x) - y(fill) for any n, up to rounding, and
/// come with their [standard errors](crate::Extras::standard_error) over the pairs.
///
/// Defaults: n = 16 pairs, [`Features::about(64)`](Features::about), filled with zeros, seed 0. For one or two features
/// a pair is exact.
///
/// Errors: [`Error::InvalidParameter`](crate::Error::InvalidParameter) for n < 1;
/// [`Error::Copies`](crate::Error::Copies).
///
/// References: Castro, Gómez, Tejada (2009), *Polynomial calculation of the Shapley value based on sampling*, Computers
/// & Operations Research 36; Mitchell, Cooper, Frank, Holmes (2022), *Sampling Permutations for Shapley Value
/// Estimation*, arXiv:2104.12199.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::{Array2, ArrayView2, array};
/// use xai::{Analyzer, BlackBox, ShapleySampling};
///
/// // Any function: a table of trees, a service. It reads the first column only.
/// let model = BlackBox::new(|rows: ArrayView2<f64>| -> Result<Array2<f64>, std::io::Error> {
///     Ok(rows.slice(ndarray::s![.., ..1]).to_owned())
/// });
/// let why = ShapleySampling::new().analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert!((why.values[[0, 0]] - 3.0).abs() < 1e-6);
/// // Of two columns, a pair of orders has all that there are: the input, nothing, and each column alone.
/// let why = ShapleySampling::new().n(1).analyze(&model, &array![[3.0, -1.0]], 0)?;
/// assert_eq!(why.extras.evaluations, Some(vec![4]));
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
#[doc(alias("ShapleyValueSampling"))]
pub struct ShapleySampling {
    settings: MaskSettings,
    sampling: Sampling,
}

impl ShapleySampling {
    /// 16 pairs of permutations.
    pub fn new() -> Self {
        ShapleySampling { settings: MaskSettings::new(Features::about(64)), sampling: Sampling::new(16) }
    }

    /// So many pairs of permutations, at least 1.
    #[must_use]
    pub fn n(mut self, pairs: usize) -> Self {
        self.sampling.n = pairs;
        self
    }

    features_builder!(settings);
    sampling_builders!(sampling);
    mask_builders!(settings);
}

impl Default for ShapleySampling {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Differentiable + ?Sized> Analyzer<M> for ShapleySampling {
    fn name(&self) -> String {
        "ShapleySampling".into()
    }

    fn kind(&self) -> Kind {
        Kind::Attribution
    }

    fn check(&self, _: &M, inputs: &Inputs<'_>) -> Result<()> {
        self.sampling.check(1)?;
        self.settings.check(inputs)?;
        self.sampling.check_limit(&rounds(self.settings.count(inputs)?, self.settings.fill.evaluations()))
    }

    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        let apart = self.sampling.tolerance.is_some();
        let drawn = |features| self.sampling.copies(evaluations_of_a_pair(features), self.settings.fill.evaluations());
        // Beside the draws there is what has nothing of the input.
        let copies = |features| drawn(features) + usize::from(!apart);
        self.settings.explain(model, call, apart, copies, |masked, progress| self.find(masked, progress))
    }
}

/// A pair is looked at twice as often as it takes to say how much pairs differ, where the limit has room for it.
fn rounds(features: usize, of_a_copy: usize) -> Rounds {
    // One or two features have all their orders in a pair.
    let least = if features <= 2 { 1 } else { 2 };
    Rounds { first: 4, least, of_a_draw: evaluations_of_a_pair(features) * of_a_copy, before: 1 + of_a_copy }
}

fn evaluations_of_a_pair(features: usize) -> usize {
    2 * features.saturating_sub(1)
}

impl ShapleySampling {
    fn find<M: Differentiable + ?Sized>(&self, masked: &Masked<'_, M>, progress: &mut Running<'_>) -> Result<Found> {
        let (features, clean) = (masked.features(), masked.clean());
        let mut empty = Vec::new();
        masked.run([vec![0.0; features]], progress, |_, y| {
            empty = y.to_vec();
            Ok(())
        })?;
        let (mut drawn, mut followed) =
            (Orders::new(self.sampling.seed, features), Orders::new(self.sampling.seed, features));
        let moments = std::cell::RefCell::new(Moments::new(clean.len(), features));
        let rounds = rounds(features, masked.evaluations_of_a_copy());
        let draw = |pairs: std::ops::Range<usize>| {
            let mut walk = Walk::new(&empty, clean, features);
            let mut moments = moments.borrow_mut();
            let mut follow = |y: Option<&[f64]>| {
                if walk.step(y, &mut followed) {
                    moments.add(&walk.take_pair());
                }
            };
            if features < 2 {
                // Nothing is between none and all.
                pairs.for_each(|_| follow(None));
                return Ok(());
            }
            let masks = pairs.flat_map(|_| drawn.next_pair()).flat_map(|order| prefixes(&order));
            masked.run(masks, progress, |_, y| {
                follow(Some(y));
                Ok(())
            })
        };
        let error = || {
            let moments = moments.borrow();
            relative(&moments.standard_error(), moments.mean())
        };
        let (pairs, tolerance) = self.sampling.run(&rounds, draw, error)?;
        let moments = moments.into_inner();
        let values = moments.mean().clone();
        let exact = features <= 2;
        let standard_error = if exact { Array2::zeros(values.dim()) } else { moments.standard_error() };
        let gap = gap(&values, clean, &empty);
        let evaluations = rounds.before + pairs * rounds.of_a_draw;
        Ok(Found { values, standard_error: Some(standard_error), gap: Some(gap), evaluations, tolerance })
    }
}

/// Σ values - (y(x) - y(fill)) of each sample.
pub(super) fn gap(values: &Array2<f64>, clean: &[f64], empty: &[f64]) -> Vec<f64> {
    let gap = |((row, clean), empty): ((ndarray::ArrayView1<'_, f64>, &f64), &f64)| row.sum() - (clean - empty);
    values.rows().into_iter().zip(clean).zip(empty).map(gap).collect()
}

/// Orders of the features from a seed, in pairs of one and its reverse.
struct Orders {
    rng: ChaCha8Rng,
    features: usize,
}

impl Orders {
    fn new(seed: u64, features: usize) -> Self {
        Orders { rng: ChaCha8Rng::seed_from_u64(seed), features }
    }

    fn next_pair(&mut self) -> [Vec<usize>; 2] {
        let mut order: Vec<usize> = (0..self.features).collect();
        order.shuffle(&mut self.rng);
        let reverse = order.iter().rev().copied().collect();
        [order, reverse]
    }
}

/// The masks on the way from none to all, both ends left out.
fn prefixes(order: &[usize]) -> Vec<Mask> {
    let mut present = vec![0.0; order.len()];
    let step = |&feature: &usize| {
        present[feature] = 1.0;
        Mask::Features(present.clone())
    };
    order[..order.len().saturating_sub(1)].iter().map(step).collect()
}

/// Follows the outputs along pairs of orders.
struct Walk<'a> {
    ends: [&'a [f64]; 2],
    /// The orders of the pair at hand that are not done, the next one last.
    orders: Vec<Vec<usize>>,
    place: usize,
    before: Vec<f64>,
    /// What the features of the pair added, (samples, features).
    pair: Array2<f64>,
}

impl<'a> Walk<'a> {
    fn new(empty: &'a [f64], clean: &'a [f64], features: usize) -> Self {
        let pair = Array2::zeros((clean.len(), features));
        Walk { ends: [empty, clean], orders: Vec::new(), place: 0, before: empty.to_vec(), pair }
    }

    /// With the outputs after one more feature, or at the end of orders that have nothing between: true when a pair is
    /// done.
    fn step(&mut self, y: Option<&[f64]>, orders: &mut Orders) -> bool {
        if self.orders.is_empty() {
            let [one, reverse] = orders.next_pair();
            self.orders = vec![reverse, one];
        }
        if let Some(y) = y {
            self.add(y);
        }
        let left = |walk: &Self| walk.orders.last().map_or(0, |order| order.len() - walk.place);
        while !self.orders.is_empty() && left(self) <= 1 {
            let clean = self.ends[1];
            if left(self) == 1 {
                self.add(clean);
            }
            self.orders.pop();
            self.place = 0;
            self.before.copy_from_slice(self.ends[0]);
        }
        self.orders.is_empty()
    }

    fn add(&mut self, y: &[f64]) {
        let Some(&feature) = self.orders.last().and_then(|order| order.get(self.place)) else { return };
        for (sample, (y, before)) in y.iter().zip(&mut self.before).enumerate() {
            self.pair[[sample, feature]] += (y - *before) / 2.0;
            *before = *y;
        }
        self.place += 1;
    }

    fn take_pair(&mut self) -> Array2<f64> {
        let dim = self.pair.dim();
        std::mem::replace(&mut self.pair, Array2::zeros(dim))
    }
}
