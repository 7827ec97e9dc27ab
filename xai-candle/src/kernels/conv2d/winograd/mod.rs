//! Convolutions of 3 × 3 with stride 1, by a quarter of the multiplications.
//!
//! Outputs are computed in tiles of 4 × 4. The 6 × 6 of the source that a tile reads, and the kernel, are evaluated at
//! 36 points, where a convolution is a product: 36 multiplications for each tile, channel and output channel, and not
//! 144. They are 36 matrix products over the channels (`product`), between the source at the points (`input`) and the
//! weights at the points (`weights`); `output` goes back to the tile. The transpose has the same form, with the kernel
//! turned round.
//!
//! Reference: Lavin, Gray (2016), *Fast Algorithms for Convolutional Neural Networks*, arXiv:1509.09308.

mod input;
mod output;
mod points;
mod product;
mod tiles;
mod weights;

use pulp::Arch;
use rayon::prelude::*;

use self::input::Input;
use self::output::{Output, Piece};
use self::tiles::{TileRows, Tiles};
use self::weights::Kernels;
use super::ConvGeometry;
use super::bands::lanes;
use super::ends::{Finish, Source};
use crate::kernels::Real;
use crate::kernels::real::Scratch;

/// The side of the tiles.
const TILE: usize = 4;
/// The points along an axis: the side of what a tile reads.
const POINTS: usize = 6;
/// Output channels that are worked off together.
const BLOCK: usize = 8;
/// The source at the points is kept below this for the tiles that are worked off at a time.
const SOURCE_BYTES: usize = 3 << 20;

/// A convolution that can be computed like this, or its transpose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Winograd {
    tiles: Tiles,
    /// Source channels.
    sources: usize,
    /// Output channels.
    outputs: usize,
    /// The distance in the weight between source channels.
    weight_source: usize,
    /// The distance in the weight between output channels.
    weight_output: usize,
    /// Whether the kernel is turned round.
    turned: bool,
}

impl Winograd {
    /// The forward pass, if it is of this kind.
    pub(super) fn forward(g: &ConvGeometry) -> Option<Self> {
        let kernel = POINTS - TILE + 1;
        let fits = g.kernel == [kernel; 2] && g.stride == [1; 2] && g.dilation == [1; 2] && g.groups == 1;
        fits.then(|| Self {
            tiles: Tiles::new(g.batch, g.input, g.output, g.pad_before.map(|pad| -(pad as isize))),
            sources: g.in_channels,
            outputs: g.out_channels,
            weight_source: kernel * kernel,
            weight_output: g.in_channels * kernel * kernel,
            turned: false,
        })
    }

    /// The transpose, if it is of this kind.
    pub(super) fn transposed(g: &ConvGeometry) -> Option<Self> {
        let forward = Self::forward(g)?;
        let reach = (POINTS - TILE) as isize;
        Some(Self {
            tiles: Tiles::new(g.batch, g.output, g.input, g.pad_before.map(|pad| pad as isize - reach)),
            sources: forward.outputs,
            outputs: forward.sources,
            weight_source: forward.weight_output,
            weight_output: forward.weight_source,
            turned: true,
        })
    }

    /// Whether it is faster than the sum of products: not for so few channels or pixels that the way to the points
    /// and back takes longer than what is saved. In multiplications of registers, or what takes as long.
    pub(super) fn pays<T: Real>(&self, arch: Arch) -> bool {
        const TO_POINTS: usize = 400;
        const WEIGHT_TO_POINTS: usize = 25;
        let lanes = lanes::<T>(arch);
        let channels = self.sources * self.outputs;
        let registers = self.tiles.count().div_ceil(lanes);
        let products = registers * POINTS * POINTS * channels;
        let ways = registers * TO_POINTS * (self.sources + self.outputs)
            + self.blocks::<T>(lanes) * WEIGHT_TO_POINTS * channels;
        let [rows, columns] = self.tiles.out;
        let direct = (self.tiles.batch * rows * (columns + 2)).div_ceil(lanes) * 9 * channels;
        self.sources >= BLOCK && self.outputs >= BLOCK && products + ways < direct
    }

    /// Rows of tiles that are worked off at a time.
    fn rows_at_once<T: Real>(&self, lanes: usize) -> usize {
        let tiles = SOURCE_BYTES / (POINTS * POINTS * self.sources * size_of::<T>()).max(1) / lanes * lanes;
        let fitting = (tiles.max(lanes) / self.tiles.columns.max(1)).max(1);
        let rows = self.tiles.rows();
        rows.div_ceil(rows.div_ceil(fitting).max(1)).max(1)
    }

    fn blocks<T: Real>(&self, lanes: usize) -> usize {
        self.tiles.rows().div_ceil(self.rows_at_once::<T>(lanes))
    }

    /// Runs it: `source` (B, sources, rows, columns) to `out` (B, outputs, rows, columns).
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
        let lanes = lanes::<T>(arch);
        let at_once = self.rows_at_once::<T>(lanes);
        let channels_at_once = self.sources.div_ceil(4 * rayon::current_num_threads()).max(BLOCK);
        let mut at_points = T::take_scratch(Scratch::Call);
        for first in (0..self.tiles.rows()).step_by(at_once) {
            let rows = TileRows::new(self.tiles, first..(first + at_once).min(self.tiles.rows()), lanes);
            let channel = POINTS * POINTS * rows.registers * lanes;
            let needed = (self.sources + self.sources.div_ceil(channels_at_once)) * channel;
            if at_points.len() < needed {
                at_points = vec![T::zero(); needed];
            }
            let at_points = &mut at_points[..needed];
            at_points.par_chunks_mut((channels_at_once + 1) * channel).enumerate().for_each(|(chunk, at_points)| {
                let start = chunk * channels_at_once;
                let channels = start..(start + channels_at_once).min(self.sources);
                arch.dispatch(Input { rows: &rows, source, of: self.sources, channels, at_points });
            });
            let pieces = self.pieces(&rows, out).into_par_iter().enumerate();
            pieces.for_each(|(block, pieces)| {
                let start = block * BLOCK;
                let outputs = start..(start + BLOCK).min(self.outputs);
                arch.dispatch(Output {
                    rows: &rows,
                    kernels: Kernels::new(self, weight, outputs.clone()),
                    at_points,
                    chunk: (channels_at_once + 1) * channel,
                    finish,
                    of: self.outputs,
                    outputs,
                    pieces,
                });
            });
        }
        T::give_scratch(Scratch::Call, at_points);
    }

    /// For each block of output channels, the rows of the output that the tiles cover: sample by sample, channel by
    /// channel.
    fn pieces<'o, T>(&self, rows: &TileRows, out: &'o mut [T]) -> Vec<Vec<Piece<'o, T>>> {
        let plane = self.tiles.out[0] * self.tiles.out[1];
        let mut pieces: Vec<Vec<Piece<'o, T>>> = (0..self.outputs.div_ceil(BLOCK)).map(|_| Vec::new()).collect();
        let samples = rows.samples();
        let planes = out.chunks_exact_mut(plane).enumerate().skip(samples.start * self.outputs);
        for (index, plane) in planes.take(samples.len() * self.outputs) {
            let (sample, channel) = (index / self.outputs, index % self.outputs);
            let covered = rows.covered(sample);
            let start = covered.start * self.tiles.out[1];
            let out = &mut plane[start..covered.end * self.tiles.out[1]];
            pieces[channel / BLOCK].push(Piece { start, out });
        }
        pieces
    }
}
