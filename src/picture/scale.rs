//! The magnitude that gets the full colour.

/// The smallest magnitude such that all magnitudes up to it hold at least 100 - `outliers` percent of the sum of all.
///
/// Zero only if every value is.
pub(super) fn scale<'a>(values: impl Iterator<Item = &'a f64>, outliers: f64) -> f64 {
    let mut magnitudes: Vec<f64> = values.map(|v| v.abs()).collect();
    magnitudes.sort_by(f64::total_cmp);
    let Some(&largest) = magnitudes.last() else { return 0.0 };
    if largest == 0.0 || outliers == 0.0 {
        return largest;
    }
    // Relative to the largest, so that the sum of huge values stays finite.
    let total: f64 = magnitudes.iter().map(|m| m / largest).sum();
    let enough = total * (1.0 - outliers / 100.0);
    let mut sum = 0.0;
    for &magnitude in &magnitudes {
        sum += magnitude / largest;
        if sum >= enough && magnitude > 0.0 {
            return magnitude;
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn one_hot_value_sets_the_scale_and_is_not_clipped_away() {
        let mut values = [0.0; 100];
        values[7] = -3.0;
        assert_eq!(scale(values.iter(), 2.0), 3.0);
    }

    #[test]
    fn an_outlier_is_clipped_when_it_holds_less_than_its_share() {
        let mut values = vec![1.0; 1000];
        values.push(15.0);
        assert_eq!(scale(values.iter(), 2.0), 1.0);
        assert_eq!(scale(values.iter(), 1.0), 15.0);
        assert_eq!(scale(values.iter(), 0.0), 15.0);
    }

    #[test]
    fn the_share_is_of_the_summed_magnitude() {
        // The magnitudes up to 3 hold 6 of 10, those up to 2 hold 3 of 10.
        let values = [4.0, -3.0, 2.0, -1.0];
        assert_eq!(scale(values.iter(), 40.0), 3.0);
        assert_eq!(scale(values.iter(), 39.0), 4.0);
        assert_eq!(scale(values.iter(), 71.0), 2.0);
    }

    #[test]
    fn zeros_and_nothing_have_no_scale() {
        assert_eq!(scale([0.0, -0.0].iter(), 2.0), 0.0);
        assert_eq!(scale([].iter(), 2.0), 0.0);
    }

    #[test]
    fn huge_and_tiny_values_keep_a_finite_scale() {
        assert_eq!(scale([f64::MAX, f64::MAX, -f64::MAX].iter(), 2.0), f64::MAX);
        assert_eq!(scale([5e-324, 0.0].iter(), 2.0), 5e-324);
    }
}
