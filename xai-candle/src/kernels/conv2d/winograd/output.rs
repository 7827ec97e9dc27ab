//! From the source at the points to the outputs of a block of channels.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::input::widest;
use super::points::to_outputs;
use super::product::product;
use super::sizes::{BLOCK, POINTS, TILE};
use super::tiles::TileRows;
use super::weights::Kernels;
use crate::kernels::Real;
use crate::kernels::conv2d::ends::Finish;
use crate::kernels::real::{Scratch, load, store};

/// Rows of an output plane.
pub(super) struct Piece<'a, T> {
    /// The place in the plane where they start.
    pub(super) start: usize,
    pub(super) out: &'a mut [T],
}

/// Computes a block of output channels.
pub(super) struct Output<'a, 'o, T> {
    pub(super) rows: &'a TileRows,
    pub(super) kernels: Kernels<'a, T>,
    /// The source at the points: chunks of channels, each as [`Input`](super::input::Input) leaves it.
    pub(super) at_points: &'a [T],
    /// The length of a chunk.
    pub(super) chunk: usize,
    pub(super) finish: Finish<'a, T>,
    /// How many output channels there are.
    pub(super) of: usize,
    /// Which of them.
    pub(super) outputs: Range<usize>,
    /// Sample by sample, channel by channel.
    pub(super) pieces: Vec<Piece<'o, T>>,
}

impl<T: Real> WithSimd for Output<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = T::lanes::<S>();
        let sums = POINTS * POINTS * BLOCK * widest::<S>() * lanes;
        let tiles = TILE * TILE * widest::<S>() * lanes;
        let mut scratch = T::take_scratch(Scratch::Task);
        let needed = self.kernels.len() + sums + tiles;
        if scratch.len() < needed {
            scratch = vec![T::zero(); needed];
        }
        let (kernels, rest) = scratch.split_at_mut(self.kernels.len());
        let (sums, tiles) = rest.split_at_mut(sums);
        self.kernels.to_points(simd, kernels);
        for (first, registers) in self.rows.groups(widest::<S>()) {
            match registers {
                3 => self.group::<S, 3>(simd, first, kernels, sums, tiles),
                2 => self.group::<S, 2>(simd, first, kernels, sums, tiles),
                _ => self.group::<S, 1>(simd, first, kernels, sums, tiles),
            }
        }
        T::give_scratch(Scratch::Task, scratch);
    }
}

impl<T: Real> Output<'_, '_, T> {
    /// The outputs of `N` registers of tiles from the `first` on.
    #[inline(always)]
    fn group<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        kernels: &[T],
        sums: &mut [T],
        tiles: &mut [T],
    ) {
        let lanes = T::lanes::<S>();
        let each = BLOCK * N * lanes;
        let (sources, pitch) = (self.kernels.sources, self.kernels.pitch());
        let channel = POINTS * POINTS * self.rows.registers * lanes;
        let (kernels, _) = kernels.as_chunks::<BLOCK>();
        for point in 0..POINTS * POINTS {
            let chunks = self.at_points.chunks(self.chunk).map(|chunk| {
                let slots = chunk.len() / channel;
                let start = (POINTS * POINTS * first + point * N) * slots * lanes;
                &chunk[start..][..(slots - 1) * N * lanes]
            });
            product::<T, S, N>(simd, chunks, &kernels[point * pitch..][..sources], &mut sums[point * each..]);
        }
        for m in 0..self.outputs.len() {
            for register in 0..N {
                to_tiles::<T, S>(
                    simd,
                    &sums[(m * N + register) * lanes..],
                    each,
                    &mut tiles[register * TILE * lanes..],
                    N,
                );
            }
            self.scatter(m, first * lanes, N * lanes, tiles);
        }
    }

    /// Puts the rows of some tiles of a channel where they belong. `tiles` has the rows of all of them one after the
    /// other.
    #[inline(always)]
    fn scatter(&mut self, m: usize, first: usize, count: usize, tiles: &[T]) {
        let grid = self.rows.tiles;
        let [out_rows, out_columns] = grid.out;
        let end = (first + count).min(self.rows.range.len() * grid.columns);
        let sample = self.rows.samples().start;
        let mut tile = first;
        while tile < end {
            let (row, column) = (tile / grid.columns, tile % grid.columns);
            let next = end.min((row + 1) * grid.columns);
            let (sample_now, row) = self.rows.place(row);
            let piece = &mut self.pieces[(sample_now - sample) * self.outputs.len() + m];
            let last = self.finish.plane(sample_now, self.outputs.start + m, self.of, out_rows * out_columns);
            let len = (TILE * (next - tile)).min(out_columns - TILE * column);
            for i in 0..TILE.min(out_rows - TILE * row) {
                let place = (TILE * row + i) * out_columns + TILE * column;
                let out = &mut piece.out[place - piece.start..][..len];
                out.copy_from_slice(&tiles[TILE * (i * count + tile - first)..][..len]);
                last.finish(place, out);
            }
            tile = next;
        }
    }
}

/// Goes back from the points to one register of tiles. `sums` has those of the points `each` apart; the rows of the
/// tiles are `registers` of them apart.
#[inline(always)]
fn to_tiles<T: Real, S: Simd>(simd: S, sums: &[T], each: usize, tiles: &mut [T], registers: usize) {
    let lanes = T::lanes::<S>();
    let mut columns = [[T::splat(simd, T::zero()); TILE]; POINTS];
    for v in 0..POINTS {
        let mut points = [T::splat(simd, T::zero()); POINTS];
        for u in 0..POINTS {
            points[u] = load::<T, S>(&sums[(u * POINTS + v) * each..]);
        }
        columns[v] = to_outputs::<T, S>(simd, points);
    }
    for i in 0..TILE {
        let mut points = [T::splat(simd, T::zero()); POINTS];
        for v in 0..POINTS {
            points[v] = columns[v][i];
        }
        let row = T::join_fours(simd, to_outputs::<T, S>(simd, points));
        for v in 0..TILE {
            store::<T, S>(&mut tiles[(i * registers * TILE + v) * lanes..], row[v]);
        }
    }
}
