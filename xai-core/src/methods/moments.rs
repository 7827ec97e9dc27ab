//! Means and their standard errors, of draws that are forgotten.

use ndarray::{Array2, Zip};

/// The mean of draws and its standard error, (samples, features), by Welford's updates: nothing cancels.
#[derive(Debug)]
pub(super) struct Moments {
    draws: usize,
    mean: Array2<f64>,
    squares: Array2<f64>,
}

impl Moments {
    pub(super) fn new(samples: usize, features: usize) -> Self {
        Moments { draws: 0, mean: Array2::zeros((samples, features)), squares: Array2::zeros((samples, features)) }
    }

    #[allow(clippy::cast_precision_loss)]
    pub(super) fn add(&mut self, draw: &Array2<f64>) {
        self.draws += 1;
        let share = 1.0 / self.draws as f64;
        Zip::from(&mut self.mean).and(&mut self.squares).and(draw).for_each(|mean, squares, &draw| {
            let change = draw - *mean;
            *mean += change * share;
            *squares += change * (draw - *mean);
        });
    }

    pub(super) fn mean(&self) -> &Array2<f64> {
        &self.mean
    }

    /// The standard deviation of the mean; infinite after a single draw, which says nothing about it.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn standard_error(&self) -> Array2<f64> {
        if self.draws < 2 {
            return Array2::from_elem(self.mean.dim(), f64::INFINITY);
        }
        let n = self.draws as f64;
        self.squares.mapv(|squares| (squares / (n * (n - 1.0))).sqrt())
    }
}
