//! Noisy linear imputation, on the host.

use ndarray::{Array1, ArrayD, ArrayViewD, Axis, Zip};

/// What fills the absent pixels of a sample (channels, height, width) or (channels, length): each is the weighted mean
/// of its neighbours. `absent` broadcasts to the sample.
pub(super) fn imputed(x: &ArrayViewD<'_, f64>, absent: &ArrayD<bool>) -> ArrayD<f64> {
    let mut filled = x.to_owned();
    let shared = absent.shape().first() == Some(&1);
    let Some(absent) = absent.broadcast(x.raw_dim()) else { return filled };
    let mut grid: Option<Grid> = None;
    for (mut channel, absent) in filled.axis_iter_mut(Axis(0)).zip(absent.axis_iter(Axis(0))) {
        let (rows, columns) = match *channel.shape() {
            [length] => (1, length),
            [height, width] => (height, width),
            _ => continue,
        };
        let grid = match &mut grid {
            Some(grid) if shared => grid,
            other => other.insert(Grid::new(rows, columns, absent.iter().copied())),
        };
        let values = grid.solve(channel.iter().copied());
        channel.iter_mut().zip(grid.inside(&values)).for_each(|(to, from)| *to = from);
    }
    filled
}

/// The equations of one channel. Pixels lie in a frame of zeros, so that each has all its neighbours.
#[derive(Debug)]
struct Grid {
    rows: usize,
    /// The pixels of a row with the frame's on both sides.
    stride: usize,
    /// 1 where a pixel is absent, else 0.
    absent: Array1<f64>,
    /// The sum of an absent pixel's weights, those in the frame left out; else 0.
    diagonal: Array1<f64>,
    /// The weights of direct neighbours and of diagonal ones.
    weights: (f64, f64),
}

impl Grid {
    /// Direct neighbours weigh 1/6, diagonal ones 1/12; in a row alone both weigh 1/2.
    fn new(rows: usize, columns: usize, absent: impl Iterator<Item = bool>) -> Self {
        let weights = if rows == 1 { (0.5, 0.0) } else { (1.0 / 6.0, 1.0 / 12.0) };
        let stride = columns + 2;
        let empty = Array1::zeros((rows + 2) * stride);
        let mut grid = Grid { rows, stride, absent: empty.clone(), diagonal: empty, weights };
        let ones = grid.framed(std::iter::repeat_n(1.0, rows * columns));
        let around = grid.neighbours(&ones);
        grid.absent = grid.framed(absent.map(|absent| if absent { 1.0 } else { 0.0 }));
        grid.diagonal = around * &grid.absent;
        grid
    }

    fn framed(&self, pixels: impl Iterator<Item = f64>) -> Array1<f64> {
        let mut all = Array1::zeros((self.rows + 2) * self.stride);
        let inside = all.exact_chunks_mut(self.stride).into_iter().skip(1).take(self.rows);
        let places = inside.flat_map(|row| row.into_iter().skip(1).take(self.stride - 2));
        places.zip(pixels).for_each(|(to, from)| *to = from);
        all
    }

    fn inside<'a>(&'a self, all: &'a Array1<f64>) -> impl Iterator<Item = f64> + 'a {
        let rows = (1..=self.rows).map(|row| row * self.stride);
        rows.flat_map(move |start| (start + 1..start + self.stride - 1).map(move |place| all[place]))
    }

    /// The whole channel, by conjugate gradients: the matrix is symmetric, and positive definite as soon as anything is
    /// present, because everything is connected.
    #[allow(clippy::cast_precision_loss)]
    fn solve(&self, values: impl Iterator<Item = f64>) -> Array1<f64> {
        let values = self.framed(values);
        let unknown = self.absent.sum();
        let known = &values - &(&values * &self.absent);
        let present = (self.rows * (self.stride - 2)) as f64 - unknown;
        if unknown == 0.0 {
            return values;
        }
        if present == 0.0 {
            return &self.absent * (values.sum() / unknown);
        }
        // From the mean of what is present: x = mean + correction.
        let mut x = &self.absent * (known.sum() / present);
        let mut residual = self.neighbours(&known) * &self.absent - self.applied(&x);
        let mut direction = residual.clone();
        let mut squared = residual.dot(&residual);
        let scale = known.iter().fold(0.0f64, |most, v| most.max(v.abs())).max(f64::MIN_POSITIVE);
        for _ in 0..10 * (self.rows + self.stride) {
            if squared.sqrt() <= 1e-12 * scale * unknown.sqrt() {
                break;
            }
            let image = self.applied(&direction);
            let step = squared / direction.dot(&image);
            x.scaled_add(step, &direction);
            residual.scaled_add(-step, &image);
            let next = residual.dot(&residual);
            let ratio = next / squared;
            direction.zip_mut_with(&residual, |d, r| *d = *d * ratio + r);
            squared = next;
        }
        x + known
    }

    /// (W x)ᵢ = (Σⱼ wᵢⱼ) xᵢ - Σⱼ wᵢⱼ xⱼ over neighbours, for absent i; x is zero elsewhere.
    fn applied(&self, x: &Array1<f64>) -> Array1<f64> {
        let mut image = self.neighbours(x);
        Zip::from(&mut image)
            .and(x)
            .and(&self.diagonal)
            .and(&self.absent)
            .for_each(|n, x, sum, absent| *n = sum * x - absent * *n);
        image
    }

    /// Σⱼ wᵢⱼ xⱼ over the neighbours of each pixel, row by row: a loop without a branch.
    fn neighbours(&self, x: &Array1<f64>) -> Array1<f64> {
        let (direct, diagonal) = self.weights;
        let mut sums = Array1::zeros(x.len());
        let (Some(x), Some(all)) = (x.as_slice(), sums.as_slice_mut()) else { return sums };
        let rows = x.chunks_exact(self.stride);
        let three = rows.clone().zip(rows.clone().skip(1)).zip(rows.skip(2));
        for (to, ((above, row), below)) in all.chunks_exact_mut(self.stride).skip(1).zip(three) {
            let beside = |row: &[f64], k: usize| row[k] + row[k + 2];
            for (k, to) in to[1..self.stride - 1].iter_mut().enumerate() {
                *to = direct * (above[k + 1] + below[k + 1] + beside(row, k))
                    + diagonal * (beside(above, k) + beside(below, k));
            }
        }
        sums
    }
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
