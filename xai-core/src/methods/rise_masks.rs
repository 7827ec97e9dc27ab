//! The random masks of RISE.

use ndarray::{ArrayD, Dimension, IxDyn};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Grids of cells that are present with the probability p, enlarged by linear interpolation to one cell more than the
/// plane, and cut out at a random place.
pub(super) struct RiseMasks {
    rng: ChaCha8Rng,
    p: f64,
    cells: Vec<usize>,
    plane: Vec<usize>,
}

impl RiseMasks {
    pub(super) fn new(seed: u64, p: f64, cells: &[usize], plane: &[usize]) -> Self {
        RiseMasks { rng: ChaCha8Rng::seed_from_u64(seed), p, cells: cells.to_vec(), plane: plane.to_vec() }
    }

    /// The next mask, of the plane's axes.
    pub(super) fn next_mask(&mut self) -> ArrayD<f64> {
        let p = self.p;
        let grid =
            ArrayD::from_shape_simple_fn(IxDyn(&self.cells), || f64::from(u8::from(self.rng.random::<f64>() < p)));
        let mut offset = |(&cells, &length): (&usize, &usize)| self.rng.random_range(0..length.div_ceil(cells));
        let offsets: Vec<usize> = self.cells.iter().zip(&self.plane).map(&mut offset).collect();
        self.enlarged(&grid, &offsets)
    }

    /// The grid's part of the plane's size from `offsets` on.
    pub(super) fn enlarged(&self, grid: &ArrayD<f64>, offsets: &[usize]) -> ArrayD<f64> {
        let along = |axis: usize| {
            let (cells, length) = (self.cells[axis], self.plane[axis]);
            (0..length).map(|at| between(at + offsets[axis], cells, length.div_ceil(cells))).collect::<Vec<_>>()
        };
        let axes: Vec<Vec<(usize, usize, f64)>> = (0..self.cells.len()).map(along).collect();
        let cells: Vec<f64> = grid.iter().copied().collect();
        ArrayD::from_shape_fn(IxDyn(&self.plane), |place| {
            // Every corner of the cell, with the product of its shares. It runs for each place of each mask: nothing is
            // allocated.
            (0..1usize << self.cells.len())
                .map(|corner| {
                    let (mut at, mut share) = (0, 1.0);
                    for (axis, &along) in place.slice().iter().enumerate() {
                        let (low, high, part) = axes[axis][along];
                        let upper = corner >> axis & 1 == 1;
                        at = at * self.cells[axis] + if upper { high } else { low };
                        share *= if upper { part } else { 1.0 - part };
                    }
                    if share == 0.0 { 0.0 } else { share * cells[at] }
                })
                // Shares that add up to 1 may be rounded to more.
                .sum::<f64>()
                .min(1.0)
        })
    }
}

/// Between which cells a place is, and the share of the second one: cells have their values in their middles.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn between(at: usize, cells: usize, size: usize) -> (usize, usize, f64) {
    // A cell of one number is that number: it cannot be shifted, and between cells there is nothing.
    if size == 1 {
        return (at, at, 0.0);
    }
    // One cell more than the plane has is as long as all cells of the grid are.
    let enlarged = ((cells + 1) * size) as f64;
    let place = ((at as f64 + 0.5) * cells as f64 / enlarged - 0.5).clamp(0.0, (cells - 1) as f64);
    let low = place.floor();
    (low as usize, (low as usize + 1).min(cells - 1), place - low)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::RiseMasks;

    #[test]
    fn a_cell_of_one_number_is_that_number() {
        let masks = RiseMasks::new(0, 0.5, &[2, 3], &[2, 3]);
        let grid = ndarray::array![[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]].into_dyn();
        assert_eq!(masks.enlarged(&grid, &[0, 0]), grid);
    }

    #[test]
    fn no_place_is_more_than_present() {
        for length in 1..=64 {
            let masks = RiseMasks::new(0, 0.5, &[7, 7], &[length, length]);
            let all = ArrayD::from_elem(IxDyn(&[7, 7]), 1.0);
            for offset in 0..length.div_ceil(7) {
                let mask = masks.enlarged(&all, &[offset, 0]);
                assert!(mask.iter().all(|&degree| degree <= 1.0 && degree > 1.0 - 1e-12), "{length} {offset}");
            }
        }
    }
}
