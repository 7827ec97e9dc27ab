//! Sets of features that are taken away together.

use ndarray::{Array2, ArrayView1};
use rand::SeedableRng;
use rand::seq::index::sample as draw;
use rand_chacha::ChaCha8Rng;

use super::perturbed::{Runs, mask};
use super::similarity::Similarity;
use super::statistics::count;
use crate::masks::Mask;
use crate::{Backend, Error, Result};

/// For random sets of features: the sum of their values, and by how much the output falls without them, both
/// (samples, sets).
pub(super) fn random_sets<B: Backend>(
    masked: &Runs<'_, '_, B>,
    values: &Array2<f64>,
    n: usize,
    size: usize,
    seed: u64,
) -> Result<(Array2<f64>, Array2<f64>)> {
    let (samples, features) = values.dim();
    // Drawn twice, so that none is kept.
    let sets = || {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(move |_| draw(&mut rng, features, size))
    };
    let mut sums = Array2::zeros((samples, n));
    for (set, mut sums) in sets().zip(sums.columns_mut()) {
        sums.indexed_iter_mut().for_each(|(s, sum)| *sum = set.iter().map(|f| values[[s, f]]).sum());
    }
    let masks = sets().map(|set| {
        let mut keep = vec![true; features];
        set.iter().for_each(|feature| keep[feature] = false);
        Mask::from(keep)
    });
    Ok((sums, falls(masked, masked.values(masks)?)))
}

/// y(x) - y of each copy: (samples, copies).
pub(super) fn falls<B: Backend>(masked: &Runs<'_, '_, B>, y: Array2<f64>) -> Array2<f64> {
    let mut falls = -y.reversed_axes();
    for (mut row, clean) in falls.rows_mut().into_iter().zip(masked.clean()) {
        row += *clean;
    }
    falls
}

/// By how much the output falls without each feature: (samples, features).
pub(super) fn falls_of_each<B: Backend>(masked: &Runs<'_, '_, B>, samples: usize) -> Result<Array2<f64>> {
    let features = masked.features();
    let masks = (0..features).map(|without| mask(samples, features, |_, feature| feature != without));
    Ok(falls(masked, masked.values(masks)?))
}

pub(super) fn similarity(by: Similarity, a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    by.of(&a.into_dyn(), &b.into_dyn(), false)
}

/// How many features a share of all is, at least one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the features")]
pub(super) fn size(share: f64, features: usize) -> usize {
    ((share * count(features)).round() as usize).clamp(1, features)
}

pub(super) fn check_share(name: &'static str, share: f64) -> Result<()> {
    if share > 0.0 && share <= 1.0 {
        return Ok(());
    }
    let reason = "a share of the features, above 0 and at most 1".into();
    Err(Error::InvalidParameter { name, value: share.to_string(), reason })
}

/// The builder methods of everything that draws sets.
macro_rules! set_builders {
    () => {
        /// How many random sets, of each size.
        #[must_use]
        pub fn n(mut self, n: usize) -> Self {
            self.n = n;
            self
        }

        /// The seed of the sets, which the samples of a batch share.
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.seed = seed;
            self
        }
    };
}
pub(super) use set_builders;
