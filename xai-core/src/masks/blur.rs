//! Gaussian blur along the spatial axes, on the host.

use ndarray::{Array1, ArrayD, Axis};

/// The array, blurred along every axis behind the batch and the channels.
pub(super) fn blurred(mut x: ArrayD<f64>, sigma: f64) -> ArrayD<f64> {
    let half = half_kernel(sigma);
    for axis in 2..x.ndim() {
        for mut lane in x.lanes_mut(Axis(axis)) {
            let blurred = blurred_lane(&lane.to_vec(), &half);
            lane.assign(&Array1::from(blurred));
        }
    }
    x
}

/// The kernel from its middle to three standard deviations.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn half_kernel(sigma: f64) -> Vec<f64> {
    // A kernel wider than any photo is cut at the border anyway.
    let radius = (3.0 * sigma).ceil().min(1e5) as usize;
    (0..=radius).map(|at| (-0.5 * (at as f64 / sigma).powi(2)).exp()).collect()
}

/// Behind the border there is nothing: the weights of what there is have the sum 1.
fn blurred_lane(lane: &[f64], half: &[f64]) -> Vec<f64> {
    let of = |at: usize| {
        let (first, last) = (at.saturating_sub(half.len() - 1), (at + half.len() - 1).min(lane.len() - 1));
        let part = (first..=last).map(|from| (half[at.abs_diff(from)], lane[from]));
        let (sum, weight) =
            part.fold((0.0, 0.0), |(sum, total), (weight, value)| (sum + weight * value, total + weight));
        sum / weight
    };
    (0..lane.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::blurred;

    #[test]
    fn a_constant_stays_and_a_point_spreads_evenly() {
        let constant = ArrayD::from_elem(IxDyn(&[1, 2, 5, 7]), 3.0);
        assert!(blurred(constant, 2.0).iter().all(|v| (v - 3.0).abs() < 1e-12));
        let mut point = ArrayD::zeros(IxDyn(&[1, 1, 9]));
        point[[0, 0, 4]] = 1.0;
        let spread = blurred(point, 1.0);
        let weights = [1.0, (-0.5f64).exp(), (-2.0f64).exp(), (-4.5f64).exp()];
        let total = weights[0] + 2.0 * (weights[1] + weights[2] + weights[3]);
        assert!((spread[[0, 0, 4]] - 1.0 / total).abs() < 1e-15);
        assert!((spread[[0, 0, 3]] - spread[[0, 0, 5]]).abs() < 1e-15);
        assert!(spread[[0, 0, 0]] == 0.0);
    }
}
