//! The regression of LIME.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::weighted::{Normal, Solver};

/// Masks of even chances, from a seed.
pub(super) struct Coins {
    rng: ChaCha8Rng,
    features: usize,
}

impl Coins {
    pub(super) fn new(seed: u64, features: usize) -> Self {
        Coins { rng: ChaCha8Rng::seed_from_u64(seed), features }
    }

    pub(super) fn next_mask(&mut self) -> Vec<bool> {
        (0..self.features).map(|_| self.rng.random()).collect()
    }
}

/// What the regression has seen. Outputs are told as changes from the clean one, so that nothing cancels.
pub(super) struct Fit<'a> {
    clean: &'a [f64],
    normal: Normal,
    /// Σ w, Σ w·m and Σ w·y.
    weight: f64,
    masks: Array1<f64>,
    outputs: Array1<f64>,
    /// Of each mask, of all samples: a number each, for masks are drawn again.
    changes: Vec<f64>,
}

impl<'a> Fit<'a> {
    pub(super) fn new(features: usize, clean: &'a [f64]) -> Self {
        let normal = Normal::new(features, clean.len());
        let (masks, outputs) = (Array1::zeros(features), Array1::zeros(clean.len()));
        Fit { clean, normal, weight: 0.0, masks, outputs, changes: Vec::new() }
    }

    pub(super) fn add(&mut self, weight: f64, present: &[bool], y: &[f64]) {
        let change: Vec<f64> = y.iter().zip(self.clean).map(|(y, clean)| y - clean).collect();
        let z = degrees(present);
        self.normal.add(z.as_slice().unwrap_or_default(), &change, weight);
        self.weight += weight;
        self.masks.scaled_add(weight, &z);
        self.outputs.scaled_add(weight, &ArrayView1::from(&change));
        self.changes.extend(change);
    }

    /// The values, (samples, features).
    pub(super) fn values(&self, ridge: f64) -> Array2<f64> {
        self.solver(ridge).1
    }

    /// The values and their standard errors, (samples, features). The masks are those that were added, in their order,
    /// with their weights: they are drawn again, so that none is kept.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn solve(
        &self,
        ridge: f64,
        masks: impl Iterator<Item = (f64, Vec<bool>)>,
    ) -> (Array2<f64>, Array2<f64>) {
        let (solver, values) = self.solver(ridge);
        let (mean, outputs) = self.means();
        let samples = self.clean.len().max(1);
        let (count, features) = (self.changes.len() / samples, mean.len());
        if solver.is_singular() || count < features + 2 {
            let unknown = Array2::from_elem(values.dim(), f64::INFINITY);
            return (values, unknown);
        }
        let mut squares = Array2::<f64>::zeros(values.dim());
        for ((weight, present), change) in masks.zip(self.changes.chunks(samples)) {
            let z = degrees(&present) - &mean;
            let direction = solver.solve(z.view()) * weight;
            for (sample, mut squares) in squares.rows_mut().into_iter().enumerate() {
                let left = change[sample] - outputs[sample] - z.dot(&values.row(sample));
                squares.zip_mut_with(&direction, |square, direction| *square += (direction * left).powi(2));
            }
        }
        let freedom = count as f64 / (count - features - 1) as f64;
        (values, squares.mapv(|square| (square * freedom).sqrt()))
    }

    /// The weighted means of masks and outputs.
    fn means(&self) -> (Array1<f64>, Array1<f64>) {
        (&self.masks / self.weight, &self.outputs / self.weight)
    }

    /// With the constant taken out by the means.
    fn solver(&self, ridge: f64) -> (Solver, Array2<f64>) {
        let (mean, outputs) = self.means();
        let outer =
            |a: &Array1<f64>, b: &Array1<f64>| a.view().insert_axis(Axis(1)).dot(&b.view().insert_axis(Axis(0)));
        let mut matrix = &self.normal.matrix - &(outer(&mean, &mean) * self.weight);
        let right = &self.normal.right - &(outer(&outputs, &mean) * self.weight);
        matrix.diag_mut().mapv_inplace(|v| v + ridge);
        let solver = Solver::new(matrix);
        let values = solver.solve_rows(&right);
        (solver, values)
    }
}

fn degrees(present: &[bool]) -> Array1<f64> {
    present.iter().map(|&present| f64::from(u8::from(present))).collect()
}
