//! Draws of references and places on the paths from them, evenly spread.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A draw: which reference, which place α on the path from it, and its weight. The weights add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stratum {
    pub(super) reference: usize,
    pub(super) alpha: f64,
    pub(super) weight: f64,
}

/// n draws of r references and α from 0 to 1, spread evenly in both, with the given seed.
///
/// With n ≥ r every reference has ⌊n / r⌋ or one more draws, and the same weight; its places are one in each of as many
/// cells of equal length. In each round of r draws, the places in that cell are again one in each of r cells, in random
/// order. With n < r, n references are drawn without replacement. Each reference is as likely as another, and each α as
/// likely as another, so that the mean has no bias.
#[allow(clippy::cast_precision_loss)]
pub(super) fn strata(n: usize, references: usize, seed: u64) -> Vec<Stratum> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Noise has the first stream of the same seed.
    rng.set_stream(1);
    let mut order: Vec<usize> = (0..references).collect();
    order.shuffle(&mut rng);
    let used = references.min(n);
    order.truncate(used);
    let draws_of = |place: usize| n / used.max(1) + usize::from(place < n % used.max(1));
    let mut draws = Vec::with_capacity(n);
    let mut round = 0;
    while draws.len() < n {
        let mut cells: Vec<usize> = (0..used).collect();
        cells.shuffle(&mut rng);
        for (place, (&reference, cell)) in order.iter().zip(cells).enumerate() {
            let of_it = draws_of(place);
            if round >= of_it {
                continue;
            }
            let inside = (cell as f64 + rng.random::<f64>()) / used as f64;
            let alpha = (round as f64 + inside) / of_it as f64;
            draws.push(Stratum { reference, alpha, weight: 1.0 / (used * of_it) as f64 });
        }
        round += 1;
    }
    draws
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_places_are_spread_evenly() {
        for (n, references) in [(1, 1), (7, 1), (12, 4), (14, 4), (3, 8), (8, 8), (50, 7)] {
            for seed in 0..5 {
                let draws = strata(n, references, seed);
                assert_eq!(draws.len(), n);
                assert!((draws.iter().map(|draw| draw.weight).sum::<f64>() - 1.0).abs() < 1e-12);
                assert!(draws.iter().all(|draw| (0.0..1.0).contains(&draw.alpha) && draw.reference < references));
                for reference in 0..references {
                    let mut of_it: Vec<f64> =
                        draws.iter().filter(|draw| draw.reference == reference).map(|draw| draw.alpha).collect();
                    of_it.sort_by(f64::total_cmp);
                    let count = of_it.len();
                    assert!(if n < references {
                        count <= 1
                    } else {
                        count == n / references || count == n / references + 1
                    });
                    for (cell, alpha) in of_it.iter().enumerate() {
                        assert_eq!((alpha * count as f64) as usize, cell, "{n} of {references}");
                    }
                }
                if n.is_multiple_of(references) {
                    let mut cells: Vec<usize> = draws.iter().map(|draw| (draw.alpha * n as f64) as usize).collect();
                    cells.sort_unstable();
                    assert_eq!(cells, (0..n).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_mean_over_seeds_has_no_bias() {
        // E over references k = 0..3 and α of k + α² is 1 + 1/3; two draws are fewer than the references.
        for n in [2, 5] {
            let of_seed = |seed| -> f64 {
                strata(n, 3, seed).iter().map(|d| d.weight * (d.reference as f64 + d.alpha * d.alpha)).sum()
            };
            let mean = (0..4000).map(of_seed).sum::<f64>() / 4000.0;
            assert!((mean - 4.0 / 3.0).abs() < 0.03, "{n}: {mean}");
        }
    }
}
