//! Shares of a variance, with errors that know of both.

use ndarray::{Array2, Zip};

/// Of rows of A and B: the mean of hⱼ = (f(A) - f(A with column j of B))² / 2, over the variance of all f(A) and f(B).
///
/// Rows are forgotten. Means and products of what differs from them are kept, by Welford's updates, of outputs told as
/// changes from the first one, so that nothing cancels.
#[derive(Debug)]
pub(super) struct Shares {
    rows: f64,
    first: Vec<f64>,
    of_samples: Vec<Outputs>,
    /// (samples, features).
    of_features: Array2<Squares>,
}

/// Of s = (f(A) + f(B)) / 2 and q = (f(A)² + f(B)²) / 2: means, and Σ of products of what differs from them.
#[derive(Debug, Clone, Copy, Default)]
struct Outputs {
    s: f64,
    q: f64,
    ss: f64,
    sq: f64,
    qq: f64,
    /// Σ (f(A) - f(B))² / 2.
    apart: f64,
}

/// The same of h, and of h with s and q.
#[derive(Debug, Clone, Copy, Default)]
struct Squares {
    h: f64,
    hh: f64,
    hs: f64,
    hq: f64,
}

impl Shares {
    pub(super) fn new(samples: usize, features: usize) -> Self {
        let of_features = Array2::from_elem((samples, features), Squares::default());
        Shares { rows: 0.0, first: Vec::new(), of_samples: vec![Outputs::default(); samples], of_features }
    }

    /// A row of A and B: the outputs of each sample, and h, (samples, features).
    pub(super) fn add(&mut self, at_a: &[f64], at_b: &[f64], h: &Array2<f64>) {
        if self.first.is_empty() {
            self.first = at_a.to_vec();
        }
        self.rows += 1.0;
        let of_features = self.of_features.rows_mut().into_iter().zip(h.rows());
        for (sample, (mut squares, h)) in of_features.enumerate() {
            let (a, b) = (at_a[sample] - self.first[sample], at_b[sample] - self.first[sample]);
            let (s, q) = (f64::midpoint(a, b), f64::midpoint(a * a, b * b));
            let outputs = &mut self.of_samples[sample];
            let (from_s, from_q) = (s - outputs.s, q - outputs.q);
            outputs.s += from_s / self.rows;
            outputs.q += from_q / self.rows;
            outputs.ss += from_s * (s - outputs.s);
            outputs.sq += from_s * (q - outputs.q);
            outputs.qq += from_q * (q - outputs.q);
            outputs.apart += (a - b).powi(2) / 2.0;
            let (to_s, to_q) = (s - outputs.s, q - outputs.q);
            Zip::from(&mut squares).and(&h).for_each(|squares, h| {
                let from = h - squares.h;
                squares.h += from / self.rows;
                squares.hh += from * (h - squares.h);
                squares.hs += from * to_s;
                squares.hq += from * to_q;
            });
        }
    }

    /// The shares and their standard errors, (samples, features); 0 of a constant output.
    ///
    /// By the delta method: the error of S = mean h / V is that of the mean of (h - S·v) / V, with v that part of V
    /// that a row has, ((f(A) - m)² + (f(B) - m)²) / 2 about the mean m.
    pub(super) fn found(&self) -> (Array2<f64>, Array2<f64>) {
        let (mut shares, mut errors) = (Array2::zeros(self.of_features.dim()), Array2::zeros(self.of_features.dim()));
        for ((sample, feature), of) in self.of_features.indexed_iter() {
            let outputs = &self.of_samples[sample];
            let variance = (2.0 * outputs.ss + outputs.apart) / (2.0 * self.rows - 1.0);
            if variance <= 0.0 {
                continue;
            }
            let share = of.h / variance;
            let twice = 2.0 * outputs.s;
            let of_both = of.hq - twice * of.hs;
            let of_parts = outputs.qq - 2.0 * twice * outputs.sq + twice * twice * outputs.ss;
            let squares = (of.hh - 2.0 * share * of_both + share * share * of_parts).max(0.0);
            shares[[sample, feature]] = share;
            errors[[sample, feature]] = match self.rows < 2.0 {
                true => f64::INFINITY,
                false => (squares / (self.rows * (self.rows - 1.0))).sqrt() / variance,
            };
        }
        (shares, errors)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr2};

    use super::Shares;

    /// By the formula, of all rows at once; far from zero, where sums of squares would cancel.
    #[test]
    fn sums_are_those_of_the_rows() {
        let rows = [[3.0, 1.5, 2.0, 0.5], [2.2, 4.0, 1.0, 3.0], [-1.0, 0.3, 0.7, 0.0], [0.4, 2.9, 0.1, 1.1]];
        for far in [0.0, 1e6] {
            let mut shares = Shares::new(1, 2);
            rows.iter().for_each(|[a, b, h, k]| shares.add(&[a + far], &[b + far], &arr2(&[[*h, *k]])));
            let (values, errors) = shares.found();
            let all: Vec<f64> = rows.iter().flat_map(|row| [row[0], row[1]]).collect();
            let mean = all.iter().sum::<f64>() / 8.0;
            let variance = all.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 7.0;
            for feature in 0..2 {
                let share = rows.iter().map(|row| row[2 + feature]).sum::<f64>() / 4.0 / variance;
                let part = |row: &[f64; 4]| ((row[0] - mean).powi(2) + (row[1] - mean).powi(2)) / 2.0;
                let influence = rows.map(|row| (row[2 + feature] - share * part(&row)) / variance);
                let middle = influence.iter().sum::<f64>() / 4.0;
                let error = (influence.iter().map(|d| (d - middle).powi(2)).sum::<f64>() / 12.0).sqrt();
                assert!((values[[0, feature]] - share).abs() < 1e-9, "{values} and {share}");
                assert!((errors[[0, feature]] - error).abs() < 1e-9, "{errors} and {error}");
            }
        }
    }

    #[test]
    fn a_constant_has_no_shares() {
        let mut shares = Shares::new(1, 1);
        (0..3).for_each(|_| shares.add(&[4.0], &[4.0], &Array2::zeros((1, 1))));
        assert_eq!(shares.found(), (arr2(&[[0.0]]), arr2(&[[0.0]])));
    }
}
