//! Which tiles there are, and which of them are worked off together.

use std::ops::Range;

use super::sizes::TILE;

/// The tiles of all samples, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    pub(super) batch: usize,
    /// The source's (rows, columns).
    pub(super) source: [usize; 2],
    /// The output's (rows, columns).
    pub(super) out: [usize; 2],
    /// Where in the source the first tile's reads begin; in the padding, if negative.
    pub(super) origin: [isize; 2],
    /// Rows of tiles in a sample.
    pub(super) rows_each: usize,
    /// Tiles in a row.
    pub(super) columns: usize,
}

impl Tiles {
    pub(super) fn new(batch: usize, source: [usize; 2], out: [usize; 2], origin: [isize; 2]) -> Self {
        let [rows_each, columns] = out.map(|len| len.div_ceil(TILE));
        Self { batch, source, out, origin, rows_each, columns }
    }

    /// Rows of tiles in all samples.
    pub(super) fn rows(&self) -> usize {
        self.batch * self.rows_each
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.rows() * self.columns
    }
}

/// Rows of tiles that are worked off together. Their tiles are counted on from row to row and from sample to sample,
/// and fill whole registers but for the last.
#[derive(Debug, Clone)]
pub(super) struct TileRows {
    pub(super) tiles: Tiles,
    /// Which of the rows of all samples.
    pub(super) range: Range<usize>,
    /// How many registers the tiles fill.
    pub(super) registers: usize,
}

impl TileRows {
    pub(super) fn new(tiles: Tiles, range: Range<usize>, lanes: usize) -> Self {
        let registers = (range.len() * tiles.columns).div_ceil(lanes);
        Self { tiles, range, registers }
    }

    /// The samples that they belong to.
    pub(super) fn samples(&self) -> Range<usize> {
        self.range.start / self.tiles.rows_each..self.range.end.div_ceil(self.tiles.rows_each)
    }

    /// The output rows of a sample that they cover.
    pub(super) fn covered(&self, sample: usize) -> Range<usize> {
        let row = |row: usize| {
            let in_sample = row.saturating_sub(sample * self.tiles.rows_each).min(self.tiles.rows_each);
            (in_sample * TILE).min(self.tiles.out[0])
        };
        row(self.range.start)..row(self.range.end)
    }

    /// The sample and the row of tiles in it of the `index`-th of these rows.
    pub(super) fn place(&self, index: usize) -> (usize, usize) {
        let row = self.range.start + index;
        (row / self.tiles.rows_each, row % self.tiles.rows_each)
    }

    /// The registers in groups that are multiplied together: the first of each group, and how many there are.
    pub(super) fn groups(&self, widest: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let left = self.registers - next;
            // Two and two, rather than three and one.
            let count = if left == 4 && widest == 3 { 2 } else { left.min(widest) };
            let first = next;
            next += count;
            (count > 0).then_some((first, count))
        })
    }
}
