//! Points that crowd towards the reference, where a network's gradient changes most.

/// Where the crowding begins: over the first c of the path, the points are about evenly dense.
const C: f64 = 0.05;

/// α(t) = (√c + t (√(1 + c) - √c))² - c with c = 0.05, which maps 0 to 0 and 1 to 1: evenly spaced t give points whose
/// density falls like 1 / √(α + c).
///
/// The gradient of a network of rectifiers is constant between kinks and changes at each. A unit whose input is b + α·w
/// has its kink at α = -b / w. For b and w of about the same spread, those are densest at the reference, and thin out
/// like 1 / (α + c)²: ratios have heavy tails. Cells that all have the same error then are of a length like
/// (α + c)^⅔ in theory; the measured optimum is a little flatter and very broad: √(α + c).
pub(super) fn graded(t: f64) -> f64 {
    let (low, high) = (C.sqrt(), (1.0 + C).sqrt());
    // The ends are met exactly.
    if t >= 1.0 { 1.0 } else { ((low + t * (high - low)).powi(2) - C).max(0.0) }
}

/// α'(t).
pub(super) fn graded_slope(t: f64) -> f64 {
    let (low, high) = (C.sqrt(), (1.0 + C).sqrt());
    2.0 * (high - low) * (low + t * (high - low))
}

#[cfg(test)]
mod tests {
    use super::graded;

    #[test]
    fn it_rises_from_0_to_1_and_is_steepest_at_the_end() {
        assert_eq!((graded(0.0), graded(1.0)), (0.0, 1.0));
        let at: Vec<f64> = (0..=100).map(|i| graded(f64::from(i) / 100.0)).collect();
        let steps: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|&step| step > 0.0));
        assert!(steps.windows(2).all(|pair| pair[1] > pair[0]), "{steps:?}");
    }
}
