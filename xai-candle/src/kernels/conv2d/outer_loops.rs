//! The outer loops: samples, groups, blocks of output channels and bands of rows, spread over threads.

use std::marker::PhantomData;
use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::bands::Bands;
use super::correlation::Correlation;
use super::ends::{Finish, Source};
use super::split::Split;
use super::task::{OutputRows, Planes, Task, Typed, Unit};
use super::tile::Block;
use crate::kernels::Real;

impl Correlation {
    /// Runs it: `source` (B, groups · sources, rows, columns) to (B, groups · outputs, rows, columns), whose numbers
    /// `out` holds afterwards.
    pub(super) fn run<T: Real>(
        &self,
        arch: Arch,
        source: Source<'_, T>,
        weight: &[T],
        finish: Finish<'_, T>,
        out: &mut [T],
    ) {
        if out.is_empty() {
            return;
        }
        let [rows, columns] = &self.axes;
        let split = Split::new(self, size_of::<T>());
        let bands = Bands::new::<T>(self, &split, arch);
        let all = Operands { correlation: self, source, weight, finish };
        let plane = rows.out_len * columns.out_len;
        let chunks = out.par_chunks_mut(split.units_at_once * self.outputs * plane).enumerate();
        chunks.for_each(|(chunk, out)| {
            let first = chunk * split.units_at_once;
            let units = first..first + out.len() / (self.outputs * plane);
            out.par_chunks_mut(if split.block_rows < self.outputs { split.block_rows * plane } else { out.len() })
                .enumerate()
                .for_each(|(block, out)| {
                    let block = block * split.block_rows..((block + 1) * split.block_rows).min(self.outputs);
                    if !split.bands_apart {
                        return all.work(arch, &bands, 0..bands.count(), units.clone(), block, Planes { out, plane });
                    }
                    let parts = bands.parts(out, plane).into_par_iter().enumerate();
                    parts.for_each(|(band, out)| {
                        all.work(arch, &bands, band..band + 1, units.clone(), block.clone(), out);
                    });
                });
        });
    }
}

/// The values that a convolution is of.
struct Operands<'a, T> {
    correlation: &'a Correlation,
    source: Source<'a, T>,
    weight: &'a [T],
    finish: Finish<'a, T>,
}

impl<T: Real> Operands<'_, T> {
    /// Works off the bands `range` of the output channels `block` of each of `units`.
    fn work(
        &self,
        arch: Arch,
        bands: &Bands<'_>,
        range: Range<usize>,
        units: Range<usize>,
        block: Range<usize>,
        out: impl OutputRows<T>,
    ) {
        let Self { correlation, source, weight, finish } = self;
        let &Correlation { groups, sources, outputs, ref axes, .. } = *correlation;
        let source_plane = axes[0].source_len * axes[1].source_len;
        let out_plane = axes[0].out_len * axes[1].out_len;
        let weights = weight.len() / groups;
        let units = units.map(|unit| {
            let (sample, group) = (unit / groups, unit % groups);
            let weight = &weight[group * weights..][..weights];
            let channels = group * sources..(group + 1) * sources;
            let first = group * outputs + block.start;
            Unit {
                planes: channels.map(move |channel| source.plane(sample, channel, groups * sources, source_plane)),
                block: Block {
                    weight: weight.get(block.start * correlation.weight_output..).unwrap_or_default(),
                    rows: block.len(),
                },
                last: move |channel| finish.plane(sample, first + channel, groups * outputs, out_plane),
            }
        });
        arch.dispatch(Typed(Task { bands, range, units, out }, PhantomData));
    }
}
