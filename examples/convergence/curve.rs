//! Errors against costs.

use ndarray::Array4;

/// ‖got - truth‖₂ / ‖truth‖₂, summed in f64.
pub(crate) fn relative_error(got: &Array4<f32>, truth: &Array4<f32>) -> f64 {
    let square = |v: f64| v * v;
    let error: f64 = got.iter().zip(truth).map(|(&got, &truth)| square(f64::from(got) - f64::from(truth))).sum();
    let size: f64 = truth.iter().map(|&truth| square(f64::from(truth))).sum();
    (error / size).sqrt()
}

/// How many evaluations an error takes, on the straight line through ln(error) over ln(evaluations) that is nearest to
/// the points (evaluations, error).
pub(crate) fn evaluations_for(error: f64, points: &[(usize, f64)]) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let logs: Vec<(f64, f64)> = points.iter().map(|&(n, error)| ((n as f64).ln(), error.ln())).collect();
    #[allow(clippy::cast_precision_loss)]
    let count = logs.len().max(1) as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (n, e) = (mean(&|p| p.0), mean(&|p| p.1));
    let slope = mean(&|p| (p.0 - n) * (p.1 - e)) / mean(&|p| (p.0 - n) * (p.0 - n));
    (n + (error.ln() - e) / slope).exp()
}

/// The mean of numbers, and the half width of its 95 % confidence interval.
pub(crate) fn mean_and_interval(numbers: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss)]
    let count = numbers.len().max(2) as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, 1.96 * (variance / count).sqrt())
}
