//! The outer loops: samples, groups, blocks of output channels and bands of rows, spread over threads.

use std::marker::PhantomData;
use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use super::ConvGeometry;
use super::axis::Axis;
use super::bands::Bands;
use super::split::Split;
use super::task::{OutputRows, Planes, Task};
use super::tile::Block;
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
    /// How many weights a kernel has.
    pub(super) kernel: usize,
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
        let kernel = g.kernel[0] * g.kernel[1];
        let sources = g.in_channels / g.groups;
        Self {
            axes: [axis(g, 0), axis(g, 1)],
            batch: g.batch,
            groups: g.groups,
            sources,
            outputs: g.out_channels / g.groups,
            weight_source: kernel,
            weight_output: sources * kernel,
            kernel,
            kernel_width: g.kernel[1],
        }
    }

    /// Runs it: `source` (B, groups · sources, rows, columns) to (B, groups · outputs, rows, columns).
    pub(super) fn run<T: Real>(&self, arch: Arch, source: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
        let [rows, columns] = &self.axes;
        let mut out = vec![T::zero(); self.batch * (self.groups * self.outputs) * rows.out_len * columns.out_len];
        if out.is_empty() {
            return out;
        }
        let split = Split::new(self, size_of::<T>());
        let bands = Bands::new::<T>(self, split.band_steps, arch);
        let all = Operands { correlation: self, source, weight, bias };
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
        out
    }
}

/// The values that a convolution is of.
struct Operands<'a, T> {
    correlation: &'a Correlation,
    source: &'a [T],
    weight: &'a [T],
    bias: Option<&'a [T]>,
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
        let correlation = self.correlation;
        let source = correlation.sources * correlation.axes[0].source_len * correlation.axes[1].source_len;
        let weight = self.weight.len() / correlation.groups;
        let units = units.map(|unit| {
            let group = unit % correlation.groups;
            let weight = &self.weight[group * weight..][..weight];
            let block = Block {
                weight: weight.get(block.start * correlation.weight_output..).unwrap_or_default(),
                bias: self.bias.map(|bias| &bias[group * correlation.outputs..][block.clone()]),
                rows: block.len(),
            };
            (&self.source[unit * source..][..source], block)
        });
        arch.dispatch(Task { bands, range, units, out, float: PhantomData });
    }
}
