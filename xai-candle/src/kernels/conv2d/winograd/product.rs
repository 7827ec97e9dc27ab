//! The matrix product at one point: output channels by tiles, summed over source channels.

use pulp::Simd;

use super::sizes::BLOCK;
use crate::kernels::Real;
use crate::kernels::real::{load, store};

/// Writes, for each output channel, `N` registers of sums.
///
/// `sources` gives the source at the point: for some channels after the other, `N` registers each. `weights` has the
/// output channels of each source channel.
#[inline(always)]
pub(super) fn product<'a, T: Real, S: Simd, const N: usize>(
    simd: S,
    sources: impl Iterator<Item = &'a [T]>,
    weights: &[[T; BLOCK]],
    sums: &mut [T],
) {
    let lanes = T::lanes::<S>();
    let mut totals = [[T::splat(simd, T::zero()); N]; BLOCK];
    let mut weights = weights;
    for source in sources {
        let (now, later) = weights.split_at(source.len() / (N * lanes));
        weights = later;
        for (source, weights) in source.chunks_exact(N * lanes).zip(now) {
            let mut values = [T::splat(simd, T::zero()); N];
            for v in 0..N {
                values[v] = load::<T, S>(&source[v * lanes..]);
            }
            for m in 0..BLOCK {
                let weight = T::splat(simd, weights[m]);
                for v in 0..N {
                    totals[m][v] = T::multiply_add(simd, weight, values[v], totals[m][v]);
                }
            }
        }
    }
    for m in 0..BLOCK {
        for v in 0..N {
            store::<T, S>(&mut sums[(m * N + v) * lanes..], totals[m][v]);
        }
    }
}
