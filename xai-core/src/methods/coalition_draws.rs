//! Coalitions that a kernel regression draws.

use std::collections::HashSet;

use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Coalitions that are drawn: each size as often as its weight says, evenly spread over the draws, and none twice
/// before all of its size were there.
pub(super) struct Draws {
    rng: ChaCha8Rng,
    features: usize,
    /// The smallest size, and the weights of all from there on.
    first: usize,
    weights: Vec<f64>,
    start: f64,
    number: f64,
    /// For each size what was drawn, as bits.
    seen: Vec<HashSet<Vec<u64>>>,
}

/// Multiples of it are spread more evenly over 0 to 1 than those of any other number: (√5 - 1) / 2.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Of more pairs than these one is hardly drawn twice, and none is kept.
const MANY: f64 = 1e9;

impl Draws {
    pub(super) fn new(features: usize, first: usize, weights: &[f64], seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let start = rng.random::<f64>();
        let seen = vec![HashSet::new(); weights.len()];
        Draws { rng, features, first, weights: weights.to_vec(), start, number: 0.0, seen }
    }

    pub(super) fn next_coalition(&mut self) -> Vec<usize> {
        let class = self.next_class();
        let size = (self.first + class).min(self.features);
        loop {
            let coalition = sample(&mut self.rng, self.features, size).into_vec();
            if self.is_new(class, &coalition) {
                return coalition;
            }
        }
    }

    /// Which of the sizes that are drawn comes next.
    fn next_class(&mut self) -> usize {
        let mut at = (self.start + self.number * GOLDEN).fract() * self.weights.iter().sum::<f64>();
        self.number += 1.0;
        let class = self.weights.iter().position(|weight| {
            at -= weight;
            at < 0.0
        });
        class.unwrap_or(self.weights.len().saturating_sub(1))
    }

    #[allow(clippy::cast_precision_loss)]
    fn is_new(&mut self, class: usize, coalition: &[usize]) -> bool {
        let features = self.features;
        let pairs = pairs_of_size(features, coalition.len());
        let Some(seen) = self.seen.get_mut(class).filter(|_| pairs <= MANY) else { return true };
        if seen.len() as f64 >= pairs {
            seen.clear();
        }
        let mut bits = vec![0_u64; features.div_ceil(64)];
        coalition.iter().for_each(|feature| bits[feature / 64] |= 1 << (feature % 64));
        // Of halves one stands for both: that with the first feature.
        if 2 * coalition.len() == features && bits[0] & 1 == 0 {
            (0..features).for_each(|feature| bits[feature / 64] ^= 1 << (feature % 64));
        }
        seen.insert(bits)
    }
}

/// How many pairs of this size there are; infinite where a number would not hold it.
#[allow(clippy::cast_precision_loss)]
pub(super) fn pairs_of_size(features: usize, size: usize) -> f64 {
    let choices = (0..size).fold(1.0, |choices, i| choices * (features - i) as f64 / (i + 1) as f64);
    let choices = if choices < 1e15 { choices.round() } else { f64::INFINITY };
    if 2 * size == features { choices / 2.0 } else { choices }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_drawn_twice_before_all_of_its_size_were_there() {
        for (features, seed) in [(6, 0), (6, 1), (7, 2), (8, 3)] {
            let mut draws = Draws::new(features, 1, &vec![1.0; features / 2], seed);
            let mut of_size = vec![Vec::new(); features];
            for _ in 0..500 {
                let mut drawn = draws.next_coalition();
                drawn.sort_unstable();
                let halves = 2 * drawn.len() == features;
                if halves && drawn[0] != 0 {
                    drawn = (0..features).filter(|feature| !drawn.contains(feature)).collect();
                }
                of_size[drawn.len()].push(drawn);
            }
            for (size, all) in of_size.iter().enumerate().filter(|(_, all)| !all.is_empty()) {
                let pairs = pairs_of_size(features, size) as usize;
                for round in all.chunks(pairs) {
                    let distinct: HashSet<_> = round.iter().collect();
                    assert_eq!(distinct.len(), round.len(), "{size} of {features}");
                }
            }
        }
    }
}
