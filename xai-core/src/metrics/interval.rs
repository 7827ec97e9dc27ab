//! How far a mean may be off: Student's interval, of samples or of groups of samples.

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI};

use super::statistics::{count, mean_and_error};

/// The mean of numbers, and the half-width of its 95 % interval, t · s / √n with Student's t of n - 1 degrees of
/// freedom; none for a single number. Of groups the numbers are their means: what is alike within a group says nothing
/// about how far the mean is off.
pub(super) fn mean_and_interval<G: Ord>(numbers: &[f64], groups: Option<&[G]>) -> (f64, Option<f64>) {
    let means: Vec<f64> = match groups {
        None => numbers.to_vec(),
        Some(groups) => {
            let mut of_group: BTreeMap<&G, (f64, usize)> = BTreeMap::new();
            for (group, number) in groups.iter().zip(numbers) {
                let (sum, n) = of_group.entry(group).or_default();
                *sum += number;
                *n += 1;
            }
            of_group.into_values().map(|(sum, n)| sum / count(n)).collect()
        }
    };
    let (mean, error) = mean_and_error(&means);
    (mean, error.map(|error| t95(means.len() - 1) * error))
}

/// From so many degrees of freedom on the expansion below is exact to the last digits.
const MANY: usize = 500;

/// The t that Student's distribution with so many degrees of freedom exceeds in size one time in twenty.
fn t95(degrees: usize) -> f64 {
    if degrees >= MANY {
        return expanded(count(degrees));
    }
    // The share within ±t grows with t = √ν tan θ.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    // As many halvings as an f64 has bits, and some more.
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if within(middle, degrees) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    count(degrees).sqrt() * high.tan()
}

/// The share of Student's distribution within ±√ν tan θ, a finite sum for whole ν (Abramowitz, Stegun 26.7.3 and 4).
fn within(theta: f64, degrees: usize) -> f64 {
    let (sin, cos) = theta.sin_cos();
    let odd = degrees % 2 == 1;
    // sin θ (1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ ..), or with cos θ (1 + 2/3 cos² θ + 2·4/(3·5) cos⁴ θ ..).
    let (mut term, mut sum) = (if odd { cos } else { 1.0 }, 0.0);
    let mut k = if odd { 3 } else { 2 };
    while k <= degrees {
        sum += term;
        term *= cos * cos * count(k - 1) / count(k);
        k += 2;
    }
    if odd { (theta + sin * sum) * 2.0 / PI } else { sin * sum }
}

/// Fisher's expansion about the normal distribution's quantile (Abramowitz, Stegun 26.7.5).
fn expanded(degrees: f64) -> f64 {
    let z: f64 = 1.959_963_984_540_054;
    let [z3, z5, z7] = [z.powi(3), z.powi(5), z.powi(7)];
    let terms = [
        (z3 + z) / 4.0,
        (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0,
        (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / 384.0,
        (79.0 * z.powi(9) + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z) / 92160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees) + z
}

#[cfg(test)]
mod tests {
    use super::{MANY, expanded, mean_and_interval, t95};

    #[test]
    fn quantiles_are_students() {
        // Closed forms of one and two degrees, and the tables'.
        assert!((t95(1) - (0.95 * std::f64::consts::FRAC_PI_2).tan()).abs() < 1e-12);
        assert!((t95(2) - 0.95 * (2.0_f64 / (1.0 - 0.95 * 0.95)).sqrt()).abs() < 1e-13);
        let table =
            [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (29, 2.045), (31, 2.040), (120, 1.980)];
        for (degrees, t) in table {
            assert!((t95(degrees) - t).abs() < 5e-4, "{degrees}: {}", t95(degrees));
        }
        assert!((t95(1_000_000_000) - 1.959_963_984_5).abs() < 1e-8);
    }

    #[test]
    fn the_sum_and_the_expansion_meet() {
        for degrees in [MANY - 1, MANY - 2] {
            assert!((t95(degrees) - expanded(degrees as f64)).abs() < 1e-11, "{degrees}");
        }
    }

    #[test]
    fn an_interval_is_of_groups_where_there_are_some() {
        // Mean 2, s = 1, n = 3.
        let (mean, half) = mean_and_interval::<&str>(&[1.0, 2.0, 3.0], None);
        assert!((mean - 2.0).abs() < 1e-15 && (half.unwrap() - t95(2) / 3.0_f64.sqrt()).abs() < 1e-12);
        // Means 1 and 4 of groups of different sizes: mean 2.5, s = 3 / √2, n = 2.
        let (mean, half) = mean_and_interval(&[0.0, 4.0, 2.0], Some(&["a", "b", "a"]));
        assert!((mean - 2.5).abs() < 1e-15 && (half.unwrap() - t95(1) * 1.5).abs() < 1e-12);
        // One group says nothing about others.
        assert_eq!(mean_and_interval(&[1.0, 3.0], Some(&["a", "a"])), (2.0, None));
    }
}
