//! The weights at the points.

use std::ops::Range;

use pulp::Simd;

use super::Winograd;
use super::points::of_kernel;
use super::sizes::{BLOCK, POINTS};
use crate::kernels::Real;
use crate::kernels::conv2d::tile::transpose;
use crate::kernels::real::{load, store};

/// Weights in a kernel.
const KERNEL: usize = 9;
/// Source channels whose kernels are brought to the points at a time.
const AT_ONCE: usize = 16;

/// The kernels of a block of output channels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernels<'a, T> {
    weight: &'a [T],
    pub(super) sources: usize,
    outputs: usize,
    weight_source: usize,
    weight_output: usize,
    turned: bool,
}

impl<'a, T: Real> Kernels<'a, T> {
    pub(super) fn new(of: &Winograd, weight: &'a [T], outputs: Range<usize>) -> Self {
        Self {
            weight: &weight[outputs.start * of.weight_output..],
            sources: of.sources,
            outputs: outputs.len(),
            weight_source: of.weight_source,
            weight_output: of.weight_output,
            turned: of.turned,
        }
    }

    /// The distance between points, in blocks of output channels.
    ///
    /// Never a multiple of the size of a page, or they would all fall into the same set of the cache.
    pub(super) fn pitch(&self) -> usize {
        self.sources.next_multiple_of(AT_ONCE) + 2
    }

    /// How many numbers they are at the points.
    pub(super) fn len(&self) -> usize {
        POINTS * POINTS * self.pitch() * BLOCK
    }

    /// Writes them: point, source channel, output channel.
    #[inline(always)]
    pub(super) fn to_points<S: Simd>(self, simd: S, at_points: &mut [T]) {
        let lanes = T::lanes::<S>();
        let pitch = self.pitch() * BLOCK;
        // Tap, source channel, output channel.
        let mut taps = [[[T::zero(); BLOCK]; AT_ONCE]; KERNEL];
        for first in (0..self.sources).step_by(AT_ONCE) {
            self.gather(first, &mut taps);
            for part in (0..AT_ONCE * BLOCK).step_by(lanes) {
                let mut columns = [[T::splat(simd, T::zero()); POINTS]; 3];
                for column in 0..3 {
                    let mut kernel = [T::splat(simd, T::zero()); 3];
                    for row in 0..3 {
                        kernel[row] = load::<T, S>(&taps[3 * row + column].as_flattened()[part..]);
                    }
                    columns[column] = of_kernel::<T, S>(simd, kernel);
                }
                let to = &mut at_points[first * BLOCK + part..];
                for row in 0..POINTS {
                    let points = of_kernel::<T, S>(simd, [columns[0][row], columns[1][row], columns[2][row]]);
                    for column in 0..POINTS {
                        store::<T, S>(&mut to[(row * POINTS + column) * pitch..], points[column]);
                    }
                }
            }
        }
    }

    /// The taps of some source channels, with the block's output channels side by side.
    ///
    /// Not inlined, so that it is compiled without the wide registers: see `Reduction::pack`.
    #[inline(never)]
    fn gather(&self, first: usize, taps: &mut [[[T; BLOCK]; AT_ONCE]; KERNEL]) {
        let from = &self.weight[first * self.weight_source..];
        let count = AT_ONCE.min(self.sources - first);
        let turn = |tap: usize| if self.turned { KERNEL - 1 - tap } else { tap };
        if self.outputs == BLOCK && self.weight_source == KERNEL && !self.turned {
            let mut sorted = [[T::zero(); BLOCK]; KERNEL * AT_ONCE];
            let sorted = &mut sorted[..KERNEL * count];
            transpose(sorted, from, self.weight_output);
            for (channel, kernel) in sorted.chunks_exact(KERNEL).enumerate() {
                for tap in 0..KERNEL {
                    taps[tap][channel] = kernel[tap];
                }
            }
            return;
        }
        if self.outputs == BLOCK && self.weight_output == KERNEL {
            for channel in 0..count {
                let (kernels, _) = from[channel * self.weight_source..][..BLOCK * KERNEL].as_chunks::<KERNEL>();
                for tap in 0..KERNEL {
                    for m in 0..BLOCK {
                        taps[turn(tap)][channel][m] = kernels[m][tap];
                    }
                }
            }
            return;
        }
        for tap in 0..KERNEL {
            for (channel, to) in taps[turn(tap)].iter_mut().enumerate().take(count) {
                let from = &from[channel * self.weight_source + tap..];
                for (to, from) in to.iter_mut().zip(from.iter().step_by(self.weight_output)).take(self.outputs) {
                    *to = *from;
                }
            }
        }
    }
}
