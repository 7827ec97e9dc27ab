//! Which coalitions a kernel regression looks at.

use super::coalition_draws::{Draws, pairs_of_size};

/// Pairs of a coalition and its complement, by the Shapley kernel (D - 1) / (C(D, s)·s·(D - s)) for those of s of D
/// features: the outer sizes all of them, while they fit into a budget, the others drawn by their weight.
#[derive(Debug, Clone)]
pub(super) struct Coalitions {
    features: usize,
    /// The smaller size of pairs that are enumerated: 1 to this.
    enumerated: usize,
    /// The weights of the sizes behind it, of all their coalitions.
    drawn: Vec<f64>,
}

impl Coalitions {
    /// At least as many evaluations of coalitions as each outer size would get of the budget are enough to have all of
    /// it.
    pub(super) fn new(features: usize, budget: usize) -> Self {
        let sizes = features / 2;
        let weights: Vec<f64> = (1..=sizes).map(|size| weight_of_size(features, size)).collect();
        #[allow(clippy::cast_precision_loss)]
        let (mut left, mut enumerated) = (budget as f64, 0);
        for size in 1..=sizes {
            let count = 2.0 * pairs_of_size(features, size);
            let share = left * weights[size - 1] / weights[size - 1..].iter().sum::<f64>();
            // A budget of exactly all coalitions is not to fail by a rounding.
            if share * (1.0 + 1e-9) < count {
                break;
            }
            (left, enumerated) = (left - count, size);
        }
        Coalitions { features, enumerated, drawn: weights[enumerated..].to_vec() }
    }

    /// True when nothing is left to be drawn.
    pub(super) fn is_complete(&self) -> bool {
        self.drawn.is_empty()
    }

    /// The weight of all coalitions that are drawn from.
    pub(super) fn drawn_weight(&self) -> f64 {
        self.drawn.iter().sum()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn enumerated_pairs(&self) -> usize {
        (1..=self.enumerated).map(|size| pairs_of_size(self.features, size) as usize).sum()
    }

    /// The pairs of the outer sizes: the smaller coalition, and the weight of each of the two.
    pub(super) fn enumerated(&self) -> impl Iterator<Item = (Vec<usize>, f64)> + use<> {
        let features = self.features;
        (1..=self.enumerated).flat_map(move |size| {
            let weight = weight_of_size(features, size) / (2.0 * pairs_of_size(features, size));
            // Of halves one of each two: that with the first feature.
            let halves = 2 * size == features;
            Subsets::new(features, size).take_while(move |subset| !halves || subset[0] == 0).map(move |s| (s, weight))
        })
    }

    /// Pairs of the sizes that are not enumerated, from a seed: one coalition of each.
    pub(super) fn draws(&self, seed: u64) -> Draws {
        Draws::new(self.features, self.enumerated + 1, &self.drawn, seed)
    }

    /// By how much the variance of a mean over so many draws of this size is smaller than of draws that are put back:
    /// whole rounds of all pairs have none.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn variance_left(&self, size: usize, draws: usize) -> f64 {
        let (pairs, draws) = (pairs_of_size(self.features, size), draws.max(1) as f64);
        let of_a_part = draws % pairs;
        of_a_part / draws * (1.0 - of_a_part / pairs)
    }
}

/// The kernel's weight of all coalitions of this size, and of their complements.
#[allow(clippy::cast_precision_loss)]
fn weight_of_size(features: usize, size: usize) -> f64 {
    let (all, size) = (features as f64, size as f64);
    let sides = if 2.0 * size == all { 1.0 } else { 2.0 };
    sides * (all - 1.0) / (size * (all - size))
}

/// All subsets of so many of the first numbers, in the order of a dictionary.
struct Subsets {
    of: usize,
    next: Option<Vec<usize>>,
}

impl Subsets {
    fn new(of: usize, size: usize) -> Self {
        Subsets { of, next: (size <= of).then(|| (0..size).collect()) }
    }
}

impl Iterator for Subsets {
    type Item = Vec<usize>;
    fn next(&mut self) -> Option<Vec<usize>> {
        let subset = self.next.take()?;
        let mut following = subset.clone();
        let size = subset.len();
        if let Some(place) = (0..size).rev().find(|&place| subset[place] < self.of - size + place) {
            following[place] += 1;
            for later in place + 1..size {
                following[later] = following[later - 1] + 1;
            }
            self.next = Some(following);
        }
        Some(subset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_coalitions_fit_or_the_outer_ones_do() {
        for features in 2..12 {
            let all = (1usize << features) - 2;
            let complete = Coalitions::new(features, all);
            assert!(complete.is_complete(), "{features}");
            assert_eq!(2 * complete.enumerated_pairs(), all);
            let pairs: Vec<_> = complete.enumerated().collect();
            assert_eq!(pairs.len(), all / 2);
            // Each once, and the weights are those of the sizes.
            let mut masks: Vec<usize> = pairs.iter().map(|(set, _)| set.iter().map(|f| 1 << f).sum()).collect();
            masks.extend(masks.clone().iter().map(|mask| all + 1 - mask));
            masks.sort_unstable();
            assert_eq!(masks, (1..=all).collect::<Vec<_>>());
            let total: f64 = pairs.iter().map(|(_, weight)| 2.0 * weight).sum();
            let expected: f64 = (1..features).map(|s| (features - 1) as f64 / (s * (features - s)) as f64).sum();
            assert!((total - expected).abs() < 1e-12);
        }
        let outer = Coalitions::new(30, 1000);
        assert_eq!((outer.enumerated, outer.enumerated_pairs()), (1, 30));
        assert_eq!(Coalitions::new(30, 20).enumerated, 0);
        assert!(Coalitions::new(2000, usize::MAX).enumerated_pairs() > 0);
    }

    #[test]
    fn sizes_are_spread_evenly() {
        let coalitions = Coalitions::new(9, 0);
        let mut draws = coalitions.draws(5);
        let mut counts = [0.0_f64; 5];
        for number in 1..=300 {
            counts[draws.next_coalition().len()] += 1.0;
            for size in 1..=4 {
                let expected = f64::from(number) * weight_of_size(9, size) / coalitions.drawn_weight();
                assert!((counts[size] - expected).abs() < 3.0, "{size}: {counts:?}");
            }
        }
    }

    #[test]
    fn sizes_are_drawn_by_their_weight() {
        let coalitions = Coalitions::new(9, 0);
        let mut draws = coalitions.draws(5);
        let mut counts = [0.0; 5];
        for _ in 0..20_000 {
            let drawn = draws.next_coalition();
            counts[drawn.len()] += 1.0 / 20_000.0;
        }
        for size in 1..=4 {
            let expected = weight_of_size(9, size) / coalitions.drawn_weight();
            assert!((counts[size] - expected).abs() < 0.015, "{size}: {counts:?}");
        }
    }

    #[test]
    fn whole_rounds_have_no_variance() {
        let coalitions = Coalitions::new(6, 0);
        // Two of six: 15 pairs.
        for (draws, left) in [(15, 0.0), (5, 2.0 / 3.0), (20, 1.0 / 6.0), (30, 0.0)] {
            assert!((coalitions.variance_left(2, draws) - left).abs() < 1e-12, "{draws}");
        }
    }
}
