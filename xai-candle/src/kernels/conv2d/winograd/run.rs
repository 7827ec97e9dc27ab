//! The loops over rows of tiles, channels and blocks of output channels, spread over threads.

use pulp::Arch;
use rayon::prelude::*;

use super::Winograd;
use super::input::Input;
use super::output::{Output, Piece};
use super::sizes::{BLOCK, POINTS};
use super::tiles::TileRows;
use super::weights::Kernels;
use crate::kernels::Real;
use crate::kernels::conv2d::ends::{Finish, Source};
use crate::kernels::real::{Scratch, lanes};

impl Winograd {
    /// Runs it: `source` (B, sources, rows, columns) to `out` (B, outputs, rows, columns).
    pub(in super::super) fn run<T: Real>(
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
