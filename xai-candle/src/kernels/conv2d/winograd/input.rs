//! The source at the points.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::points::of_source;
use super::sizes::{POINTS, TILE};
use super::tiles::TileRows;
use crate::kernels::Real;
use crate::kernels::conv2d::ends::{Plane, Source};
use crate::kernels::real::{Scratch, load, store};

/// Brings some channels of the source to the points.
///
/// First along the rows of the image, whole lines at a time; then along the columns, for which the six columns of each
/// tile are pulled apart.
pub(super) struct Input<'a, T> {
    pub(super) rows: &'a TileRows,
    pub(super) source: Source<'a, T>,
    /// How many channels the source has.
    pub(super) of: usize,
    /// Which of them.
    pub(super) channels: Range<usize>,
    /// Group of registers, point, channel, register. There is a slot more than channels, or the points would fall into
    /// the same set of the cache where a channel's size is a power of two.
    pub(super) at_points: &'a mut [T],
}

impl<T: Real> WithSimd for Input<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let mut buffers = Buffers::<T>::new(self.rows, lanes);
        let slots = self.channels.len() + 1;
        for (index, channel) in self.channels.clone().enumerate() {
            buffers.lines_to_points(simd, self.rows, |sample| {
                let [rows, columns] = self.rows.tiles.source;
                self.source.plane(sample, channel, self.of, rows * columns)
            });
            for (first, registers) in self.rows.groups(widest::<S>()) {
                let group = &mut self.at_points[POINTS * POINTS * slots * first * lanes..];
                for register in 0..registers {
                    let to = &mut group[(index * registers + register) * lanes..];
                    buffers.columns_to_points(simd, first + register, to, slots * registers * lanes);
                }
            }
        }
        T::give_scratch(Scratch::Task, buffers.all);
    }
}

/// The most registers in a group.
#[inline(always)]
pub(super) fn widest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 3 } else { 1 }
}

/// What a channel is kept in on its way.
struct Buffers<T> {
    all: Vec<T>,
    /// The length of a line of the source, with its padding.
    line: usize,
    /// The length of a stream: the lines of all rows of tiles at a point, one after the other without a gap.
    stream: usize,
}

impl<T: Real> Buffers<T> {
    /// With lines of zeros.
    fn new(rows: &TileRows, lanes: usize) -> Self {
        let line = (TILE * rows.tiles.columns + TILE).next_multiple_of(lanes);
        let stream = rows.registers * lanes * TILE + line;
        let mut all = T::take_scratch(Scratch::Task);
        if all.len() < POINTS * (line + 2 * stream) {
            all = vec![T::zero(); POINTS * (line + 2 * stream)];
        }
        all[..POINTS * line].fill(T::zero());
        Self { all, line, stream }
    }

    /// Brings all rows of tiles to the points along the rows, and keeps for each point two streams: the lines, and the
    /// lines one tile further on.
    #[inline(always)]
    fn lines_to_points<'a, S: Simd>(&mut self, simd: S, rows: &TileRows, plane: impl Fn(usize) -> Plane<'a, T>)
    where
        T: 'a,
    {
        let Self { line, stream, .. } = *self;
        let lanes = T::lanes::<S>();
        let tiles = rows.tiles;
        let width = TILE * tiles.columns;
        let (lines, streams) = self.all.split_at_mut(POINTS * line);
        let (heads, tails) = streams.split_at_mut(POINTS * stream);
        let [_, columns] = tiles.source;
        let inside = inside(tiles.origin[1], columns, line);
        let mut before = None;
        for index in 0..rows.range.len() {
            let (sample, row) = rows.place(index);
            let plane = plane(sample);
            // Two lines are those of the row of tiles above.
            let kept = if row > 0 && before == Some(sample) { POINTS - TILE } else { 0 };
            before = Some(sample);
            if kept > 0 {
                lines.copy_within(TILE * line.., 0);
            }
            for u in kept..POINTS {
                let to = &mut lines[u * line..][inside.clone()];
                match usize::try_from(tiles.origin[0] + (TILE * row + u) as isize).ok().filter(|&y| y < tiles.source[0])
                {
                    Some(y) if !to.is_empty() => {
                        plane.read(y * columns + (inside.start as isize + tiles.origin[1]) as usize, to);
                    }
                    _ => to.fill(T::zero()),
                }
            }
            let start = index * width;
            for x in (0..line).step_by(lanes) {
                let mut values = [T::splat(simd, T::zero()); POINTS];
                for u in 0..POINTS {
                    values[u] = load::<T, S>(&lines[u * line + x..]);
                }
                let values = of_source::<T, S>(simd, values);
                for u in 0..POINTS {
                    // What reaches over the end of the row is overwritten by the next.
                    store::<T, S>(&mut heads[u * stream + start + x..], values[u]);
                }
            }
            for u in 0..POINTS {
                let from = &heads[u * stream + start + TILE..][..width];
                tails[u * stream + start..][..width].copy_from_slice(from);
            }
        }
    }

    /// Brings one register of tiles to the points along the columns, and writes the points `each` apart.
    #[inline(always)]
    fn columns_to_points<S: Simd>(&self, simd: S, register: usize, to: &mut [T], each: usize) {
        let lanes = T::lanes::<S>();
        let (heads, tails) = self.all[POINTS * self.line..].split_at(POINTS * self.stream);
        for u in 0..POINTS {
            let at = u * self.stream + register * lanes * TILE;
            let head = fours::<T, S>(simd, &heads[at..][..TILE * lanes]);
            let tail = fours::<T, S>(simd, &tails[at..][..TILE * lanes]);
            let values = of_source::<T, S>(simd, [head[0], head[1], head[2], head[3], tail[0], tail[1]]);
            for v in 0..POINTS {
                store::<T, S>(&mut to[(u * POINTS + v) * each..], values[v]);
            }
        }
    }
}

/// Pulls the columns of a register of tiles apart.
#[inline(always)]
fn fours<T: Real, S: Simd>(simd: S, stream: &[T]) -> [T::Vector<S>; TILE] {
    let mut registers = [T::splat(simd, T::zero()); TILE];
    for v in 0..TILE {
        registers[v] = load::<T, S>(&stream[v * T::lanes::<S>()..]);
    }
    T::split_fours(simd, registers)
}

/// The places of a line from `origin` on that lie in a source of `len`.
fn inside(origin: isize, len: usize, line: usize) -> Range<usize> {
    let start = origin.min(0).unsigned_abs().min(line);
    let end = usize::try_from(len as isize - origin).unwrap_or(0).clamp(start, line);
    start..end
}
