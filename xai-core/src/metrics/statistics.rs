//! Correlations and shares.

/// Pearson's correlation of two lists; `None` where one of them does not vary.
pub(super) fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = count(a.len());
    let mean = |of: &[f64]| of.iter().sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    let scale = (of_a * of_b).sqrt();
    (scale > 0.0).then(|| (both / scale).clamp(-1.0, 1.0))
}

/// Spearman's rank correlation; equal numbers share their ranks. `None` where one of the lists does not vary.
pub(super) fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

/// The rank of each number, from 0; equal ones get the mean of theirs.
fn ranks(of: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..of.len()).collect();
    order.sort_by(|&a, &b| of[a].total_cmp(&of[b]));
    let mut ranks = vec![0.0; of.len()];
    let mut start = 0;
    for group in order.chunk_by(|&a, &b| of[a] == of[b]) {
        let rank = count(start) + count(group.len() - 1) / 2.0;
        group.iter().for_each(|&place| ranks[place] = rank);
        start += group.len();
    }
    ranks
}

/// Mean and standard error of the mean; the error of a single number is not known.
pub(super) fn mean_and_error(of: &[f64]) -> (f64, Option<f64>) {
    let n = count(of.len());
    let mean = of.iter().sum::<f64>() / n;
    let error = (of.len() > 1).then(|| (of.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt());
    (mean, error)
}

/// A number of things.
#[allow(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_by_hand() {
        assert!((pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap() - 1.0).abs() < 1e-15);
        assert_eq!(pearson(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 8.0, 27.0, 64.0]).unwrap() - 1.0).abs() < 1e-15);
        assert!((spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]).unwrap() + 1.0).abs() < 1e-15);
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 0.0]), [2.5, 1.0, 2.5, 0.0]);
    }

    #[test]
    fn a_mean_has_an_error_from_two_numbers_on() {
        assert_eq!(mean_and_error(&[3.0]), (3.0, None));
        let (mean, error) = mean_and_error(&[1.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-15 && (error.unwrap() - 1.0).abs() < 1e-15);
    }
}
