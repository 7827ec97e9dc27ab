//! One task: some bands of a block of output channels, of one unit or of several.

use std::marker::PhantomData;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::bands::Bands;
use super::ends::{Last, Plane};
use super::source::fill;
use super::tile::{Block, sum_rows};
use crate::kernels::Real;
use crate::kernels::real::Scratch;

/// The output channels of a task.
pub(super) trait OutputRows<T> {
    /// The plane of channel `index`, from place `start` on.
    fn row(&mut self, index: usize, start: usize) -> &mut [T];
}

/// Whole planes, one after the other.
pub(super) struct Planes<'a, T> {
    pub(super) out: &'a mut [T],
    pub(super) plane: usize,
}

impl<T> OutputRows<T> for Planes<'_, T> {
    #[inline(always)]
    fn row(&mut self, index: usize, start: usize) -> &mut [T] {
        &mut self.out[index * self.plane + start..(index + 1) * self.plane]
    }
}

/// One band of each plane.
impl<T> OutputRows<T> for Vec<&mut [T]> {
    #[inline(always)]
    fn row(&mut self, index: usize, _: usize) -> &mut [T] {
        self[index]
    }
}

/// What a task does for one unit.
pub(super) struct Unit<'a, T, P, L> {
    /// The source planes.
    pub(super) planes: P,
    /// The output channels.
    pub(super) block: Block<'a, T>,
    /// What is done last to each of them.
    pub(super) last: L,
}

/// Some bands of some units.
pub(super) struct Task<'a, U, O> {
    pub(super) bands: &'a Bands<'a>,
    /// Which bands.
    pub(super) range: Range<usize>,
    pub(super) units: U,
    pub(super) out: O,
}

/// A task, with the types that its units have.
pub(super) struct Typed<'a, T, U, O>(pub(super) Task<'a, U, O>, pub(super) PhantomData<T>);

impl<'a, T, U, O, P, L> WithSimd for Typed<'a, T, U, O>
where
    T: Real,
    U: Iterator<Item = Unit<'a, T, P, L>>,
    P: ExactSizeIterator<Item = Plane<'a, T>> + Clone,
    L: Fn(usize) -> Last<'a, T>,
    O: OutputRows<T>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut task = self.0;
        let bands = task.bands;
        let sizes = bands.scratch;
        let mut scratch = T::take_scratch(Scratch::Task);
        let needed = sizes.band + sizes.packed + sizes.staged;
        if scratch.len() < needed {
            scratch.resize(needed, T::zero());
        }
        let (source, rest) = scratch.split_at_mut(sizes.band);
        let (packed, staged) = rest.split_at_mut(sizes.packed);
        let mut row = 0;
        // The padding stays where it is from unit to unit while the band is the same.
        let mut padded = None;
        for Unit { planes, block, last } in task.units {
            for band in task.range.clone() {
                let steps = band * bands.steps..(band + 1) * bands.steps;
                let all = planes.len();
                // Also where there are no sources: then the sums are zeros.
                for from in (0..all.max(1)).step_by(bands.sources_at_once) {
                    let sources = from..all.min(from + bands.sources_at_once);
                    let fresh = padded.replace(band) != Some(band);
                    let now = planes.clone().skip(from).take(sources.len());
                    fill(source, bands.layout, now, bands.axes, steps.clone(), fresh);
                    let last = (sources.end == all).then_some(&last);
                    let mut sums =
                        Sums { bands, band, block: &block, sources, source, packed, staged, row, out: &mut task.out };
                    sums.work(simd, last);
                }
            }
            row += block.rows;
        }
        T::give_scratch(Scratch::Task, scratch);
    }
}

/// What the sums over one band need.
struct Sums<'a, T, O> {
    bands: &'a Bands<'a>,
    band: usize,
    block: &'a Block<'a, T>,
    /// The source channels that the band holds.
    sources: Range<usize>,
    source: &'a [T],
    packed: &'a mut [T],
    staged: &'a mut [T],
    /// The place of the block's first channel in the task's output.
    row: usize,
    out: &'a mut O,
}

impl<T: Real, O: OutputRows<T>> Sums<'_, T, O> {
    /// All channels of the block, and what is done last to each of them if no more sources come.
    #[inline(always)]
    fn work<'l, S: Simd>(&mut self, simd: S, last: Option<&impl Fn(usize) -> Last<'l, T>>)
    where
        T: 'l,
    {
        let mut first = 0;
        while first < self.block.rows {
            let wide = S::REGISTER_COUNT >= 32;
            let count = match self.block.rows - first {
                8.. if wide => self.rows::<S, 8>(simd, first),
                4.. => self.rows::<S, 4>(simd, first),
                3 => self.rows::<S, 3>(simd, first),
                2 => self.rows::<S, 2>(simd, first),
                _ => self.rows::<S, 1>(simd, first),
            };
            if let Some(last) = last {
                for channel in first..first + count {
                    let start = self.bands.start(self.band);
                    let len = self.bands.start(self.band + 1) - start;
                    last(channel).finish(start, &mut self.out.row(self.row + channel, start)[..len]);
                }
            }
            first += count;
        }
    }

    /// All phases of `M` channels from `first` on; returns `M`.
    #[inline(always)]
    fn rows<S: Simd, const M: usize>(&mut self, simd: S, first: usize) -> usize {
        let bands = self.bands;
        let phases = bands.axes[1].phases.len();
        let start = bands.start(self.band);
        let adds = self.sources.start > 0;
        let row_phases = bands.reductions.chunks(phases).zip(bands.plans[self.band].chunks(phases));
        for (reductions, plans) in row_phases {
            let mut staged = &mut *self.staged;
            for (reduction, plan) in reductions.iter().zip(plans) {
                let (block, both) = ((self.block, first), (reduction, plan));
                sum_rows::<T, S, M>(simd, block, &self.sources, both, self.source, self.packed, staged);
                staged = &mut staged[M * plan.staged..];
            }
            for m in 0..M {
                let out = self.out.row(self.row + first + m, start);
                if let [even, odd] = plans {
                    let next = &self.staged[M * even.staged + m * odd.staged..];
                    even.store_pair(&self.staged[m * even.staged..], odd, next, out, adds);
                    continue;
                }
                let mut at = 0;
                for plan in plans {
                    plan.store(&self.staged[at + m * plan.staged..], out, adds);
                    at += M * plan.staged;
                }
            }
        }
        M
    }
}
