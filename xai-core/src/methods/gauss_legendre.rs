//! The points and weights of Gauss-Legendre, in a time that grows like their number.

use std::f64::consts::PI;

/// Up to so many points, each root is found by the three-term recurrence, whose time grows like n² in all.
const FEW: usize = 200;

/// The n points of [0, 1] and their weights, which add up to 1.
pub(super) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let mut points = vec![(0.5, 1.0); n];
    let half = if n <= FEW { by_recurrence(n) } else { by_series(n) };
    for (i, (root, weight)) in half.into_iter().enumerate() {
        points[i] = (0.5 - 0.5 * root, weight);
        points[n - 1 - i] = (0.5 + 0.5 * root, weight);
    }
    points
}

/// A guess of the i-th root from above, off by less than the distance to its neighbours.
#[allow(clippy::cast_precision_loss)]
fn guess(i: usize, n: usize) -> f64 {
    (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos()
}

/// The roots that are not negative, from above, with their weights: Newton's method, which converges quadratically.
fn by_recurrence(n: usize) -> Vec<(f64, f64)> {
    let root_of = |i| {
        let mut root = guess(i, n);
        let mut slope = 1.0;
        // Five steps reach rounding for any n.
        for _ in 0..8 {
            let (value, derivative) = legendre(n, root);
            slope = derivative;
            root -= value / derivative;
        }
        (root, 1.0 / ((1.0 - root * root) * slope * slope))
    };
    (0..n.div_ceil(2)).map(root_of).collect()
}

/// Pₙ(x) and its derivative.
#[allow(clippy::cast_precision_loss)]
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for k in 2..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

/// As [`by_recurrence`], from each root to the next by the Taylor series that the differential equation of the Legendre
/// polynomials gives (Glaser, Liu, Rokhlin 2007, *A Fast Algorithm for the Calculation of the Roots of Special
/// Functions*).
///
/// Only slopes relative to each other are known, which is enough, for the weights add up to 1.
fn by_series(n: usize) -> Vec<(f64, f64)> {
    let roots = n.div_ceil(2);
    let mut found = vec![(0.0, 0.0); roots];
    // At 0 stands a root of an odd polynomial, and an extreme of an even one.
    let (mut x, mut value, mut slope) = if n % 2 == 1 { (0.0, 0.0, 1.0) } else { (0.0, 1.0, 0.0) };
    for i in (0..roots).rev() {
        if n.is_multiple_of(2) || i + 1 < roots {
            let series = Series::new(n, x, value, slope, guess(i, n) - x);
            (x, slope) = series.root();
            value = 0.0;
        }
        found[i] = (x, 1.0 / ((1.0 - x * x) * slope * slope));
    }
    let twice: f64 = found.iter().map(|(_, weight)| 2.0 * weight).sum();
    let middle = if n % 2 == 1 { found.last().map_or(0.0, |last| last.1) } else { 0.0 };
    found.iter_mut().for_each(|(_, weight)| *weight /= twice - middle);
    found
}

/// Pₙ(x + h·s) as a power series in s, up to a factor.
struct Series {
    x: f64,
    h: f64,
    terms: [f64; Series::TERMS],
}

impl Series {
    const TERMS: usize = 36;

    /// From (1 - x²) P″ - 2x P′ + n (n + 1) P = 0, the terms two by two.
    #[allow(clippy::cast_precision_loss)]
    fn new(n: usize, x: f64, value: f64, slope: f64, h: f64) -> Self {
        let (order, side) = (n as f64 * (n as f64 + 1.0), (1.0 - x) * (1.0 + x));
        let mut terms = [0.0; Series::TERMS];
        (terms[0], terms[1]) = (value, slope * h);
        for k in 0..Series::TERMS - 2 {
            let j = k as f64;
            let next = 2.0 * x * (j + 1.0).powi(2) * h * terms[k + 1] + (j * (j + 1.0) - order) * h * h * terms[k];
            terms[k + 2] = next / (side * (j + 1.0) * (j + 2.0));
        }
        Series { x, h, terms }
    }

    fn at(&self, s: f64) -> (f64, f64) {
        self.terms.iter().rev().fold((0.0, 0.0), |(value, slope), term| (value * s + term, slope * s + value))
    }

    /// The root next to x + h, and the slope there.
    fn root(&self) -> (f64, f64) {
        let mut s = 1.0;
        for _ in 0..6 {
            let (value, slope) = self.at(s);
            s -= value / slope;
        }
        (self.x + self.h * s, self.at(s).1 / self.h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_recurrence_agree() {
        for n in [5, 6, 50, 51, 200, 201, 1000, 1001] {
            for ((a, wa), (b, wb)) in by_series(n).into_iter().zip(by_recurrence(n)) {
                assert!((a - b).abs() < 2e-15, "{n}: {a} {b}");
                // Close to the ends, 1 - x² has lost digits in both.
                assert!((wa / wb - 1.0).abs() < 1e-10, "{n}: {wa} {wb}");
            }
        }
    }

    /// Of ∫₀¹ xᵏ dx with k up to far beyond what fewer points are exact for; and points do not repeat.
    #[test]
    fn many_points_are_exact_and_quick() {
        let started = std::time::Instant::now();
        let points = gauss_legendre(50_000);
        assert!(started.elapsed().as_secs() < 20, "it took 88 s by the recurrence, optimised");
        for k in [0_i32, 1, 2, 7, 101, 5000, 99_999] {
            let sum: f64 = points.iter().map(|(x, w)| w * x.powi(k)).sum();
            let exact = 1.0 / (f64::from(k) + 1.0);
            assert!((sum / exact - 1.0).abs() < 1e-9, "{k}: {sum} {exact}");
        }
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 > 0.0));
    }
}
