//! The regression of KernelSHAP.

use ndarray::{Array1, Array2, Axis};

use super::coalition_draws::Draws;
use super::coalitions::Coalitions;
use super::masking::Found;
use super::moments::Moments;
use super::sampling::Met;
use super::shapley_sampling::gap;
use super::weighted::{Normal, Solver};
use crate::masks::{Mask, Masked};
use crate::passes::Running;
use crate::{Differentiable, Result};

/// A coalition, and its complement.
pub(super) fn both(coalition: &[usize], features: usize) -> [Mask; 2] {
    let mut present = vec![false; features];
    coalition.iter().for_each(|&feature| present[feature] = true);
    [Mask::of(present.iter().copied()), Mask::of(present.iter().map(|present| !present))]
}

/// The regression, for φ = even shares + u with Σu = 0. A pair of a coalition z of s features and its complement z'
/// says one thing of u: z̃·u = r with z̃ = z - s/D and r = (y(z) - y(z') - Δ·(2s/D - 1)) / 2.
pub(super) struct Regression<'m, 'a, M: Differentiable + ?Sized> {
    masked: &'m Masked<'a, M>,
    coalitions: &'m Coalitions,
    seed: u64,
    /// Δ = y(x) - y(fill).
    change: Vec<f64>,
    enumerated: Normal,
    /// As if each pair had the weight 1.
    drawn: Normal,
    /// r of each pair that was drawn, of all samples: a number each, for pairs are drawn again.
    rests: Vec<f64>,
    /// How many were drawn of each size.
    counts: Vec<usize>,
}

impl<'m, 'a, M: Differentiable + ?Sized> Regression<'m, 'a, M> {
    pub(super) fn new(masked: &'m Masked<'a, M>, empty: &[f64], coalitions: &'m Coalitions, seed: u64) -> Self {
        let change: Vec<f64> = masked.clean().iter().zip(empty).map(|(clean, empty)| clean - empty).collect();
        let normal = Normal::new(masked.features(), change.len());
        let (drawn, counts) = (normal.clone(), vec![0; masked.features() + 1]);
        Regression { masked, coalitions, seed, change, enumerated: normal, drawn, rests: Vec::new(), counts }
    }

    /// All pairs of the outer sizes.
    pub(super) fn enumerate(&mut self, progress: &mut Running<'_>) -> Result<()> {
        let features = self.masked.features();
        let masks = self.coalitions.enumerated().flat_map(|(coalition, _)| both(&coalition, features));
        let mut followed = self.coalitions.enumerated();
        let (change, normal) = (&self.change, &mut self.enumerated);
        let mut first = Vec::new();
        self.masked.run(masks, progress, |copy, y| {
            if copy % 2 == 0 {
                first = y.to_vec();
            } else if let Some((coalition, weight)) = followed.next() {
                let rest = rest(change, &first, y, coalition.len(), features);
                normal.add(&centred(&coalition, features), &rest, 2.0 * weight);
            }
            Ok(())
        })
    }

    /// Pairs that are drawn; `followed` draws the same ones as the masks.
    pub(super) fn draw(
        &mut self,
        masks: impl Iterator<Item = Mask>,
        followed: &mut Draws,
        progress: &mut Running<'_>,
    ) -> Result<()> {
        let features = self.masked.features();
        let (change, normal, rests, counts) = (&self.change, &mut self.drawn, &mut self.rests, &mut self.counts);
        let mut first = Vec::new();
        self.masked.run(masks, progress, |copy, y| {
            if copy % 2 == 0 {
                first = y.to_vec();
                return Ok(());
            }
            let coalition = followed.next_coalition();
            let rest = rest(change, &first, y, coalition.len(), features);
            normal.add(&centred(&coalition, features), &rest, 1.0);
            rests.extend(rest);
            counts[coalition.len()] += 1;
            Ok(())
        })
    }

    /// How many pairs were drawn.
    fn draws(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The values and their standard errors, (samples, features).
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn solve(&self) -> (Array2<f64>, Array2<f64>) {
        let features = self.masked.features();
        let (mut matrix, mut right) = (self.enumerated.matrix.clone(), self.enumerated.right.clone());
        let draws = self.draws();
        if draws > 0 {
            let weight = self.coalitions.drawn_weight() / draws as f64;
            matrix.scaled_add(weight, &self.drawn.matrix);
            right.scaled_add(weight, &self.drawn.right);
        }
        // Every z̃ is orthogonal to (1, ..., 1), and so is what this leaves.
        let trace = matrix.diag().sum();
        matrix += trace / (features * features) as f64;
        let solver = Solver::new(matrix);
        let u = solver.solve_rows(&right);
        let errors = self.standard_errors(&solver, &u);
        let shares = Array1::from_iter(self.change.iter().map(|change| change / features as f64));
        (u + shares.insert_axis(Axis(1)), errors)
    }

    /// Of what a draw adds to u, A⁻¹ z̃ (r - z̃·u), the deviation of the mean; with the freedom that D - 1 values take
    /// from the pairs, and with what is left of the variance where nothing is put back.
    #[allow(clippy::cast_precision_loss)]
    fn standard_errors(&self, solver: &Solver, u: &Array2<f64>) -> Array2<f64> {
        let (draws, features) = (self.draws(), self.masked.features());
        if self.coalitions.is_complete() {
            return Array2::zeros(u.dim());
        }
        let pairs = draws + self.coalitions.enumerated_pairs();
        if solver.is_singular() || pairs < features || draws < 2 {
            return Array2::from_elem(u.dim(), f64::INFINITY);
        }
        let mut moments = Moments::new(u.nrows(), features);
        let mut again = self.coalitions.draws(self.seed);
        for rest in self.rests.chunks(self.change.len().max(1)) {
            let coalition = again.next_coalition();
            let left = self.coalitions.variance_left(coalition.len(), self.counts[coalition.len()]);
            let z = Array1::from(centred(&coalition, features));
            let direction = solver.solve(z.view()) * left.sqrt();
            let left = Array1::from_iter(u.rows().into_iter().zip(rest).map(|(u, rest)| rest - z.dot(&u)));
            moments.add(&(left.insert_axis(Axis(1)) * &direction));
        }
        let freedom = (pairs as f64 / (pairs + 1 - features) as f64).sqrt();
        moments.standard_error() * (self.coalitions.drawn_weight() * freedom)
    }

    pub(super) fn found(&self, empty: &[f64], evaluations: usize, tolerance: Met) -> Found {
        let (values, standard_error) = self.solve();
        let gap = Some(gap(&values, self.masked.clean(), empty));
        Found { values, standard_error: Some(standard_error), gap, evaluations, tolerance }
    }
}

#[allow(clippy::cast_precision_loss)]
fn centred(coalition: &[usize], features: usize) -> Vec<f64> {
    let share = coalition.len() as f64 / features as f64;
    let mut z = vec![-share; features];
    coalition.iter().for_each(|&feature| z[feature] += 1.0);
    z
}

#[allow(clippy::cast_precision_loss)]
fn rest(change: &[f64], with: &[f64], without: &[f64], size: usize, features: usize) -> Vec<f64> {
    let tilt = 2.0 * size as f64 / features as f64 - 1.0;
    change.iter().zip(with.iter().zip(without)).map(|(change, (y, other))| (y - other - change * tilt) / 2.0).collect()
}
