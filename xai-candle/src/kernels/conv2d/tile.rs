//! The innermost loops: a tile of output channels by registers, summed over channels and taps.

use std::ops::Range;

use pulp::Simd;

use super::plan::Plan;
use crate::kernels::Real;
use crate::kernels::real::{floats, load};

/// The most output channels in a tile.
pub(super) const TILE_ROWS: usize = 8;

/// What the outputs of one phase sum over.
#[derive(Debug)]
pub(super) struct Reduction {
    /// The kernel index of each tap.
    pub(super) taps: Vec<usize>,
    /// For each source channel that a band holds at a time and each tap, in the order of the sum, where it is read.
    pub(super) reads: Vec<usize>,
    /// How many weights a kernel has.
    pub(super) kernel: usize,
    /// The distance between source channels in the weight.
    pub(super) weight_source: usize,
    /// The distance between output channels in the weight.
    pub(super) weight_output: usize,
}

impl Reduction {
    /// Whether each output channel's weights are stored in the order of the sum.
    fn in_order(&self) -> bool {
        self.weight_source == self.taps.len() && self.weight_output > self.weight_source
    }

    /// Lays the weights of `M` output channels out in the order of the sum, of as many source channels as `packed` has
    /// room for. `weight` starts at the first of both.
    ///
    /// Not inlined, so that it is compiled without the wide registers: with them, the compiler transposes by scattering
    /// single numbers, which takes longer than the sums themselves.
    #[inline(never)]
    fn pack<T: Real, const M: usize>(&self, packed: &mut [T], weight: &[T]) {
        let (packed, _) = packed.as_chunks_mut::<M>();
        if self.in_order() {
            transpose(packed, weight, self.weight_output);
            return;
        }
        let full = self.weight_output == self.kernel && self.taps.len() == self.kernel;
        for (channel, packed) in packed.chunks_exact_mut(self.taps.len().max(1)).enumerate() {
            let weight = &weight[channel * self.weight_source..];
            match packed {
                [to] if full => to.copy_from_slice(&weight[..M]),
                packed if full => transpose(packed, weight, self.weight_output),
                packed => self.pick(packed, weight),
            }
        }
    }

    /// Transposes the weights of one source channel, the taps alone.
    fn pick<T: Real, const M: usize>(&self, packed: &mut [[T; M]], weight: &[T]) {
        for (to, &tap) in packed.iter_mut().zip(&self.taps) {
            for m in 0..M {
                to[m] = weight[m * self.weight_output + tap];
            }
        }
    }
}

/// Writes columns of `M` elements whose rows are `pitch` apart, in blocks small enough for the machine's registers.
pub(super) fn transpose<T: Real, const M: usize>(to: &mut [[T; M]], from: &[T], pitch: usize) {
    let len = to.len();
    let mut rows: [&[T]; M] = [&[]; M];
    for m in 0..M {
        rows[m] = &from[m * pitch..][..len];
    }
    let (blocks, _) = to.as_chunks_mut::<8>();
    for (at, block) in blocks.iter_mut().enumerate() {
        let mut columns = [[T::zero(); M]; 8];
        for m in 0..M {
            let row = &rows[m][8 * at..8 * at + 8];
            for i in 0..8 {
                columns[i][m] = row[i];
            }
        }
        *block = columns;
    }
    for at in len / 8 * 8..len {
        for m in 0..M {
            to[at][m] = rows[m][at];
        }
    }
}

/// A block of output channels of one group.
#[derive(Debug)]
pub(super) struct Block<'a, T> {
    /// The weight, from the first channel on.
    pub(super) weight: &'a [T],
    /// How many channels there are.
    pub(super) rows: usize,
}

/// What a tile of `M` output channels sums.
struct Tile<'a, T, const M: usize> {
    weights: &'a [[T; M]],
    reads: &'a [usize],
    band: &'a [T],
    /// The distance between the channels' staged sums.
    pitch: usize,
}

/// Sums one phase of a band, over some source channels, for the `M` output channels of a block from `first` on.
///
/// For each channel, `staged` gets the sums of the plan's registers one after the other.
#[inline(always)]
pub(super) fn sum_rows<T: Real, S: Simd, const M: usize>(
    simd: S,
    (block, first): (&Block<'_, T>, usize),
    sources: &Range<usize>,
    (reduction, plan): (&Reduction, &Plan),
    band: &[T],
    packed: &mut [T],
    staged: &mut [T],
) {
    let packed = &mut packed[..M * sources.len() * reduction.taps.len()];
    let start = first * reduction.weight_output + sources.start * reduction.weight_source;
    reduction.pack::<T, M>(packed, block.weight.get(start..).unwrap_or_default());
    let tile = Tile { weights: packed.as_chunks::<M>().0, reads: &reduction.reads, band, pitch: plan.staged };
    let lanes = T::lanes::<S>();
    // As many registers at a time as leave room for a weight and the values it meets.
    let widest = if M == 1 || (M <= 4 && S::REGISTER_COUNT >= 32) { 6 } else { 3 };
    let mut at = 0;
    for span in &plan.spans {
        let (mut source, mut left) = (span.source, span.registers);
        while left > 0 {
            let staged = &mut staged[at..];
            let count = match left {
                6.. if widest == 6 => tile.sum::<S, 6>(simd, source, staged),
                3 | 5.. => tile.sum::<S, 3>(simd, source, staged),
                2 | 4 => tile.sum::<S, 2>(simd, source, staged),
                _ => tile.sum::<S, 1>(simd, source, staged),
            };
            left -= count;
            source += count * lanes;
            at += count * lanes;
        }
    }
}

impl<T: Real, const M: usize> Tile<'_, T, M> {
    /// Sums `N` registers side by side, the first of which reads the band from `source` on; returns `N`.
    #[inline(always)]
    fn sum<S: Simd, const N: usize>(&self, simd: S, source: usize, staged: &mut [T]) -> usize {
        let lanes = T::lanes::<S>();
        let mut sums = [[T::splat(simd, T::zero()); N]; M];
        for (weights, &read) in self.weights.iter().zip(self.reads) {
            let from = &self.band[source + read..][..N * lanes];
            let mut values = [T::splat(simd, T::zero()); N];
            for v in 0..N {
                values[v] = load::<T, S>(&from[v * lanes..]);
            }
            for m in 0..M {
                let weight = T::splat(simd, weights[m]);
                for v in 0..N {
                    sums[m][v] = T::multiply_add(simd, weight, values[v], sums[m][v]);
                }
            }
        }
        // Constant indices all the way keep the sums in registers.
        for m in 0..M {
            let row = &mut staged[m * self.pitch..][..N * lanes];
            for v in 0..N {
                row[v * lanes..][..lanes].copy_from_slice(floats::<T, S>(&sums[m][v]));
            }
        }
        N
    }
}
