//! The outer loops: samples, groups, blocks of output channels and bands of rows, spread over threads.

use rayon::prelude::*;

use super::ConvGeometry;
use super::axis::Axis;
use super::bands::{BandTask, Bands};
use super::split::Split;
use super::tile::{OutputRows, Rows};
use crate::kernels::Real;

/// A convolution or its transpose: both sum shifted source planes, weighted.
#[derive(Debug)]
pub(super) struct Correlation {
    pub(super) axes: [Axis; 2],
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Source channels in a group.
    pub(super) sources: usize,
    /// Output channels in a group.
    pub(super) outputs: usize,
    /// The distance in the weight between a group's source channels.
    pub(super) weight_source: usize,
    /// The distance in the weight between a group's output channels.
    pub(super) weight_output: usize,
    /// The distance in the weight between kernel rows.
    pub(super) kernel_width: usize,
}

impl Correlation {
    pub(super) fn forward(g: &ConvGeometry) -> Self {
        Self::new(g, Axis::forward)
    }

    pub(super) fn transposed(g: &ConvGeometry) -> Self {
        let forward = Self::new(g, Axis::transposed);
        Self {
            sources: forward.outputs,
            outputs: forward.sources,
            weight_source: forward.weight_output,
            weight_output: forward.weight_source,
            ..forward
        }
    }

    fn new(g: &ConvGeometry, axis: fn(&ConvGeometry, usize) -> Axis) -> Self {
        // Without a weight there is nothing to read, whatever size and stride the kernel claims.
        let empty = ConvGeometry { kernel: [0, 0], stride: [1, 1], ..*g };
        let g = if g.weight_shape().contains(&0) { &empty } else { g };
        let taps = g.kernel[0] * g.kernel[1];
        let sources = g.in_channels / g.groups;
        Self {
            axes: [axis(g, 0), axis(g, 1)],
            batch: g.batch,
            groups: g.groups,
            sources,
            outputs: g.out_channels / g.groups,
            weight_source: taps,
            weight_output: sources * taps,
            kernel_width: g.kernel[1],
        }
    }

    /// Runs it: `source` (B, groups · sources, rows, columns) to (B, groups · outputs, rows, columns).
    pub(super) fn run<T: Real>(&self, source: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
        let [rows, columns] = [&self.axes[0], &self.axes[1]];
        let mut out = vec![T::ZERO; self.batch * (self.groups * self.outputs) * rows.out_len * columns.out_len];
        if out.is_empty() {
            return out;
        }
        let split = Split::new(self, size_of::<T>());
        let bands = Bands::new::<T>(self, split.band_steps);
        let unit_source = self.sources * rows.source_len * columns.source_len;
        let unit_weight = weight.len() / self.groups;
        let task = |unit: usize, block: usize| {
            let (group, first) = (unit % self.groups, block * split.block_rows);
            let count = split.block_rows.min(self.outputs - first);
            let weight = &weight[group * unit_weight..][..unit_weight];
            Task {
                bands: &bands,
                source: &source[unit * unit_source..][..unit_source],
                rows: Rows {
                    weight: weight.get(first * self.weight_output..).unwrap_or_default(),
                    bias: bias.map(|bias| &bias[group * self.outputs + first..][..count]),
                    count,
                    out_step: columns.out_step,
                },
            }
        };
        let plane = rows.out_len * columns.out_len;
        let units = out.par_chunks_mut(self.outputs * plane).enumerate().with_min_len(split.units_at_once);
        units.for_each(|(unit, out)| {
            if split.block_rows >= self.outputs {
                return task(unit, 0).run(out, split.bands_apart);
            }
            out.par_chunks_mut(split.block_rows * plane)
                .enumerate()
                .for_each(|(block, out)| task(unit, block).run(out, split.bands_apart));
        });
        out
    }
}

/// All bands of a block of output channels of one sample and group.
struct Task<'a, T> {
    bands: &'a Bands<'a>,
    source: &'a [T],
    rows: Rows<'a, T>,
}

impl<T: Real> Task<'_, T> {
    fn run(&self, out: &mut [T], bands_apart: bool) {
        let plane = out.len() / self.rows.count;
        let Self { bands, source, rows } = self;
        if !bands_apart {
            for band in 0..bands.count() {
                let out = Planes { out: &mut *out, plane, start: bands.start(band) };
                BandTask { bands, band, source, rows, out }.run();
            }
            return;
        }
        let mut parts: Vec<Vec<&mut [T]>> = (0..bands.count()).map(|_| Vec::with_capacity(rows.count)).collect();
        for plane in out.chunks_exact_mut(plane) {
            let mut left = plane;
            for (band, part) in parts.iter_mut().enumerate() {
                let (now, later) = left.split_at_mut(bands.start(band + 1) - bands.start(band));
                part.push(now);
                left = later;
            }
        }
        parts.into_par_iter().enumerate().for_each(|(band, out)| BandTask { bands, band, source, rows, out }.run());
    }
}

/// Whole output planes, of which a band starts at `start`.
struct Planes<'a, T> {
    out: &'a mut [T],
    plane: usize,
    start: usize,
}

impl<T> OutputRows<T> for Planes<'_, T> {
    #[inline(always)]
    fn row(&mut self, index: usize) -> &mut [T] {
        &mut self.out[index * self.plane + self.start..]
    }
}

impl<T> OutputRows<T> for Vec<&mut [T]> {
    #[inline(always)]
    fn row(&mut self, index: usize) -> &mut [T] {
        self[index]
    }
}
