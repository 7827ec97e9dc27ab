//! Noisy linear imputation, on the host.

use ndarray::{ArrayD, ArrayViewD, Axis};

use super::stencil::{LANES, Numbers, Stencil};

/// What fills the absent pixels of a sample (channels, height, width) or (channels, length): each is the weighted mean
/// of its neighbours. `absent` broadcasts to the sample.
pub(super) fn imputed(x: &ArrayViewD<'_, f64>, absent: &ArrayD<bool>) -> ArrayD<f64> {
    let mut filled = x.to_owned();
    // Channels that lack the same pixels have the same equations, and are solved side by side.
    let together = if absent.shape().first() == Some(&1) { LANES } else { 1 };
    let Some(absent) = absent.broadcast(x.raw_dim()) else { return filled };
    let mut grid: Option<Grid> = None;
    let blocks = filled.axis_chunks_iter_mut(Axis(0), together).zip(absent.axis_chunks_iter(Axis(0), together));
    for (mut channels, absent) in blocks {
        let (rows, columns) = match channels.shape()[1..] {
            [length] => (1, length),
            [height, width] => (height, width),
            _ => continue,
        };
        let grid = match &mut grid {
            Some(grid) if together > 1 => grid,
            other => other.insert(Grid::new(rows, columns, absent.index_axis(Axis(0), 0).iter().copied())),
        };
        let mut numbers = grid.stencil.zeros();
        for (lane, channel) in channels.outer_iter().enumerate() {
            let values = channel.iter().copied();
            grid.stencil.places().zip(values).for_each(|(place, value)| numbers[place][lane] = value);
        }
        grid.fill(&mut numbers);
        for (lane, mut channel) in channels.outer_iter_mut().enumerate() {
            channel.iter_mut().zip(grid.stencil.places()).for_each(|(to, place)| *to = numbers[place][lane]);
        }
    }
    filled
}

/// The equations of the absent pixels, Σⱼ wᵢⱼ (xᵢ - xⱼ) = 0 over neighbours j, for up to [`LANES`] channels at once.
#[derive(Debug)]
struct Grid {
    stencil: Stencil,
    /// The places of the absent pixels, row by row.
    absent: Vec<usize>,
    /// For each of them, the sum of its weights.
    diagonal: Vec<f64>,
    /// For each of them, one over what divides in the preconditioner.
    inverse: Vec<f64>,
}

/// How much of what an incomplete factorisation leaves out is put on its diagonal: all of it, which preserves the sums
/// of rows, can make a zero there. The value is Bridson's (*Fluid Simulation for Computer Graphics*, 2015), as is the
/// least share of the diagonal.
const KEPT: f64 = 0.97;
const LEAST: f64 = 0.25;

impl Grid {
    fn new(rows: usize, columns: usize, absent: impl Iterator<Item = bool>) -> Self {
        let stencil = Stencil::new(rows, columns);
        let mut inside = vec![0.0; stencil.len()];
        stencil.places().for_each(|place| inside[place] = 1.0);
        let absent: Vec<usize> = stencil.places().zip(absent).filter_map(|(at, absent)| absent.then_some(at)).collect();
        let around = |at: &usize| stencil.before(&inside, *at) + stencil.after(&inside, *at);
        let diagonal: Vec<f64> = absent.iter().map(around).collect();
        let inverse = factorised(&stencil, &absent, &diagonal);
        Grid { stencil, absent, diagonal, inverse }
    }

    /// Solves for the absent pixels, from the mean of what is present: the equations are symmetric, and positive
    /// definite as soon as anything is present, because everything is connected.
    #[allow(clippy::cast_precision_loss)]
    fn fill(&self, values: &mut Numbers) {
        let (all, unknown) = (self.stencil.places().count(), self.absent.len());
        if unknown == 0 {
            return;
        }
        let mut sum = sums(self.stencil.places().map(|at| values[at]));
        if unknown < all {
            let absent = sums(self.absent.iter().map(|&at| values[at]));
            sum = std::array::from_fn(|lane| sum[lane] - absent[lane]);
        }
        let count = if unknown < all { all - unknown } else { all } as f64;
        self.absent.iter().for_each(|&at| values[at] = sum.map(|sum| sum / count));
        if unknown < all {
            let largest = values
                .iter()
                .fold([f64::MIN_POSITIVE; LANES], |most, v| std::array::from_fn(|lane| most[lane].max(v[lane].abs())));
            self.solve(values, largest.map(|largest| 1e-12 * largest * (unknown as f64).sqrt()));
        }
    }

    /// Conjugate gradients with the preconditioner (D + L) D⁻¹ (D + Lᵀ), whose steps are about the root of those
    /// without, until the residual's length is below the tolerance.
    fn solve(&self, x: &mut Numbers, tolerance: [f64; LANES]) {
        let (mut residual, mut z) = (self.stencil.zeros(), self.stencil.zeros());
        let (mut direction, mut image) = (self.stencil.zeros(), self.stencil.zeros());
        for (&at, diagonal) in self.absent.iter().zip(&self.diagonal) {
            let around = self.stencil.around(x, at);
            residual[at] = std::array::from_fn(|lane| around[lane] - diagonal * x[at][lane]);
        }
        let mut far = sums(self.absent.iter().map(|&at| residual[at].map(|r| r * r)));
        let mut last = [0.0; LANES];
        for _ in 0..10 * (self.stencil.rows() + self.stencil.stride()) {
            if far.iter().zip(tolerance).all(|(far, tolerance)| far.sqrt() <= tolerance) {
                break;
            }
            let next = self.precondition(&residual, &mut z);
            let ratio = quotients(next, last);
            last = next;
            for &at in &self.absent {
                direction[at] = std::array::from_fn(|lane| direction[at][lane] * ratio[lane] + z[at][lane]);
            }
            let mut across = [0.0; LANES];
            for (&at, diagonal) in self.absent.iter().zip(&self.diagonal) {
                let (around, d) = (self.stencil.around(&direction, at), direction[at]);
                image[at] = std::array::from_fn(|lane| diagonal * d[lane] - around[lane]);
                across = std::array::from_fn(|lane| across[lane] + d[lane] * image[at][lane]);
            }
            let step = quotients(last, across);
            far = [0.0; LANES];
            for &at in &self.absent {
                x[at] = std::array::from_fn(|lane| x[at][lane] + step[lane] * direction[at][lane]);
                let left: [f64; LANES] = std::array::from_fn(|lane| residual[at][lane] - step[lane] * image[at][lane]);
                far = std::array::from_fn(|lane| far[lane] + left[lane] * left[lane]);
                residual[at] = left;
            }
        }
    }

    /// The preconditioner's solution z, once forwards, once backwards, and z · residual. The neighbour that was
    /// computed just before comes last into each sum: all else need not wait for it.
    fn precondition(&self, residual: &Numbers, z: &mut Numbers) -> [f64; LANES] {
        let beside = self.stencil.beside();
        for (&at, inverse) in self.absent.iter().zip(&self.inverse) {
            let (above, from) = (self.stencil.above(z, at), residual[at]);
            let own: [f64; LANES] = std::array::from_fn(|lane| inverse * (from[lane] + above[lane]));
            let (left, weight) = (z[at - 1], inverse * beside);
            z[at] = std::array::from_fn(|lane| own[lane] + weight * left[lane]);
        }
        let mut product = [0.0; LANES];
        for (&at, inverse) in self.absent.iter().zip(&self.inverse).rev() {
            let (below, own) = (self.stencil.below(z, at), z[at]);
            let own: [f64; LANES] = std::array::from_fn(|lane| own[lane] + inverse * below[lane]);
            let (right, weight) = (z[at + 1], inverse * beside);
            let found: [f64; LANES] = std::array::from_fn(|lane| own[lane] + weight * right[lane]);
            product = std::array::from_fn(|lane| product[lane] + found[lane] * residual[at][lane]);
            z[at] = found;
        }
        product
    }
}

/// One over the diagonal D of the preconditioner, where L are the equations' own entries below the diagonal: that of an
/// incomplete Cholesky factorisation, modified so that it nearly preserves the sums of rows.
fn factorised(stencil: &Stencil, absent: &[usize], diagonal: &[f64]) -> Vec<f64> {
    let mut is_absent = vec![0.0; stencil.len()];
    absent.iter().for_each(|&at| is_absent[at] = 1.0);
    // For each pixel before: the sum of its entries behind the diagonal, over its D.
    let mut handed = vec![0.0; stencil.len()];
    let one = |(&at, &own): (&usize, &f64)| {
        let left = own - KEPT * stencil.before(&handed, at);
        let inverse = 1.0 / if left < LEAST * own { own } else { left };
        handed[at] = stencil.after(&is_absent, at) * inverse;
        inverse
    };
    absent.iter().zip(diagonal).map(one).collect()
}

fn sums(all: impl Iterator<Item = [f64; LANES]>) -> [f64; LANES] {
    all.fold([0.0; LANES], |sum, v| std::array::from_fn(|lane| sum[lane] + v[lane]))
}

/// A lane that is solved stands still.
fn quotients(over: [f64; LANES], under: [f64; LANES]) -> [f64; LANES] {
    std::array::from_fn(|lane| if under[lane] == 0.0 { 0.0 } else { over[lane] / under[lane] })
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn, array};

    use super::imputed;

    #[test]
    fn a_gap_in_a_row_is_a_straight_line() {
        let x = array![[1.0, 9.0, 9.0, 9.0, 5.0, 7.0]].into_dyn();
        let absent = array![[false, true, true, true, false, true]].into_dyn();
        let found = imputed(&x.view(), &absent);
        let expected = [1.0, 2.0, 3.0, 4.0, 5.0, 5.0];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-10), "{found}");
    }

    #[test]
    fn linear_images_are_found_again_inside() {
        let plane =
            ArrayD::from_shape_fn(IxDyn(&[2, 9, 8]), |p| 1.0 + p[0] as f64 + 2.0 * p[1] as f64 - 0.5 * p[2] as f64);
        let absent = ArrayD::from_shape_fn(IxDyn(&[1, 9, 8]), |p| (2..6).contains(&p[1]) && (1..7).contains(&p[2]));
        let gap = imputed(&plane.view(), &absent) - &plane;
        assert!(gap.iter().all(|gap| gap.abs() < 1e-9), "{gap}");
    }

    /// Corners, edges, islands, and channels that lack different pixels.
    #[test]
    fn each_absent_pixel_is_the_weighted_mean_of_its_neighbours() {
        let x = ArrayD::from_shape_fn(IxDyn(&[3, 6, 7]), |p| ((p[0] * 50 + p[1] * 7 + p[2] * p[2]) as f64 * 1.7).sin());
        let absent = ArrayD::from_shape_fn(IxDyn(&[3, 6, 7]), |p| (p[0] + p[1] * p[2] + 5 * p[1] + 3 * p[2]) % 3 != 1);
        let found = imputed(&x.view(), &absent);
        for (at, absent) in absent.indexed_iter() {
            let at = [at[0], at[1], at[2]];
            if !absent {
                assert_eq!(found[at], x[at]);
                continue;
            }
            let (mut sum, mut weights) = (0.0, 0.0);
            for (i, j) in (0..9).map(|k| (at[1] + k / 3, at[2] + k % 3)) {
                if (i, j) != (at[1] + 1, at[2] + 1) && (1..=6).contains(&i) && (1..=7).contains(&j) {
                    let weight = if i == at[1] + 1 || j == at[2] + 1 { 1.0 / 6.0 } else { 1.0 / 12.0 };
                    sum += weight * found[[at[0], i - 1, j - 1]];
                    weights += weight;
                }
            }
            assert!((found[at] - sum / weights).abs() < 1e-10, "{at:?}");
        }
    }

    #[test]
    fn nothing_present_leaves_the_mean() {
        let x = array![[[1.0, 2.0], [3.0, 6.0]]].into_dyn();
        let found = imputed(&x.view(), &ArrayD::from_elem(IxDyn(&[1, 2, 2]), true));
        assert!(found.iter().all(|v| *v == 3.0));
    }
}
