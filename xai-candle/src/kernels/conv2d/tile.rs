//! The innermost loops: a tile of output channels by registers, summed over channels and taps.

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
    /// For each source channel and tap, in the order of the sum, where the band is read.
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
        self.weight_output == self.reads.len() && self.weight_source == self.taps.len()
    }

    /// Lays the weights of `M` output channels out in the order of the sum. `weight` starts at the first of them.
    #[inline(always)]
    fn pack<T: Real, const M: usize>(&self, packed: &mut [T], weight: &[T]) {
        let (packed, _) = packed.as_chunks_mut::<M>();
        if self.in_order() {
            for m in 0..M {
                for (to, from) in packed.iter_mut().zip(&weight[m * self.weight_output..]) {
                    to[m] = *from;
                }
            }
            return;
        }
        for (channel, packed) in packed.chunks_exact_mut(self.taps.len().max(1)).enumerate() {
            let weight = &weight[channel * self.weight_source..];
            if let ([to], 1) = (&mut *packed, self.weight_output) {
                to.copy_from_slice(&weight[..M]);
                continue;
            }
            for m in 0..M {
                let kernel = &weight[m * self.weight_output..][..self.kernel];
                for (to, &tap) in packed.iter_mut().zip(&self.taps) {
                    to[m] = kernel[tap];
                }
            }
        }
    }
}

/// A block of output channels of one group.
#[derive(Debug)]
pub(super) struct Block<'a, T> {
    /// The weight, from the first channel on.
    pub(super) weight: &'a [T],
    /// What the sums start from.
    pub(super) bias: Option<&'a [T]>,
    /// How many channels there are.
    pub(super) rows: usize,
}

/// Sums one phase of a band for `M` output channels from `first` on.
///
/// For each channel, `staged` gets the sums of the plan's registers one after the other.
#[inline(always)]
pub(super) fn sum_rows<T: Real, S: Simd, const M: usize>(
    simd: S,
    block: &Block<'_, T>,
    first: usize,
    reduction: &Reduction,
    plan: &Plan,
    band: &[T],
    packed: &mut [T],
    staged: &mut [T],
) {
    let packed = &mut packed[..M * reduction.reads.len()];
    reduction.pack::<T, M>(packed, block.weight.get(first * reduction.weight_output..).unwrap_or_default());
    let (packed, _) = packed.as_chunks::<M>();
    let mut bias = [T::zero(); M];
    if let Some(values) = block.bias {
        bias.copy_from_slice(&values[first..first + M]);
    }
    let lanes = T::lanes::<S>();
    // As many registers at a time as leave room for a weight and the values it meets.
    let widest = if M <= 1 || (M <= 4 && S::REGISTER_COUNT >= 32) { 6 } else { 3 };
    let mut at = 0;
    for span in &plan.spans {
        let (mut source, mut left) = (span.source, span.registers);
        while left > 0 {
            let band = &band[source..];
            let staged = &mut staged[at..];
            let count = match left {
                6.. if widest == 6 => tile::<T, S, M, 6>(simd, bias, packed, &reduction.reads, band, plan.staged, staged),
                3 | 5.. => tile::<T, S, M, 3>(simd, bias, packed, &reduction.reads, band, plan.staged, staged),
                2 | 4 => tile::<T, S, M, 2>(simd, bias, packed, &reduction.reads, band, plan.staged, staged),
                _ => tile::<T, S, M, 1>(simd, bias, packed, &reduction.reads, band, plan.staged, staged),
            };
            left -= count;
            source += count * lanes;
            at += count * lanes;
        }
    }
}

/// Sums `M` channels of `N` registers side by side; returns `N`.
#[inline(always)]
fn tile<T: Real, S: Simd, const M: usize, const N: usize>(
    simd: S,
    bias: [T; M],
    packed: &[[T; M]],
    reads: &[usize],
    band: &[T],
    pitch: usize,
    staged: &mut [T],
) -> usize {
    let lanes = T::lanes::<S>();
    let mut sums = [[T::splat(simd, T::zero()); N]; M];
    for m in 0..M {
        sums[m] = [T::splat(simd, bias[m]); N];
    }
    for (weights, &read) in packed.iter().zip(reads) {
        let source = &band[read..][..N * lanes];
        let mut values = [T::splat(simd, T::zero()); N];
        for v in 0..N {
            values[v] = load::<T, S>(&source[v * lanes..]);
        }
        for m in 0..M {
            let weight = T::splat(simd, weights[m]);
            for v in 0..N {
                sums[m][v] = T::multiply_add(simd, weight, values[v], sums[m][v]);
            }
        }
    }
    for m in 0..M {
        let row = &mut staged[m * pitch..][..N * lanes];
        for v in 0..N {
            row[v * lanes..][..lanes].copy_from_slice(floats::<T, S>(&sums[m][v]));
        }
    }
    N
}
