//! Whether values are any, and whether those that are shares of a change add up to it.

use ndarray::ArrayViewD;

/// Of a gap above this share of what is shared out, something is wrong.
const LARGE: f64 = 0.1;

/// The change that one sample's values are shares of, where a completeness gap is large beside it.
///
/// Beside the values' length, where that is more, as a tolerance measures it: of values that nearly cancel each other,
/// the change is no measure.
pub(crate) fn missed(values: ArrayViewD<'_, f32>, gap: f64) -> Option<f64> {
    let numbers = || values.iter().copied().map(f64::from);
    let (sum, length) = (numbers().sum::<f64>(), numbers().fold(0.0, f64::hypot));
    let change = sum - gap;
    (gap.abs() > LARGE * change.abs().max(length)).then_some(change)
}

/// Whether there are values and all of them are 0, so that they explain nothing.
pub(crate) fn is_nothing(values: ArrayViewD<'_, f32>) -> bool {
    !values.is_empty() && values.iter().all(|&value| value == 0.0)
}

/// What to do about values that are all 0, of a method that takes these settings.
pub(crate) fn advice_for_nothing(settings: &[&str]) -> String {
    let ways = [
        (settings.contains(&"unknown"), "a method without rules, as integrated-gradients"),
        (settings.contains(&"reference"), "another --reference"),
        (true, "another --at, nearer to the output"),
        (true, "another --target"),
    ];
    let ways: Vec<&str> = ways.into_iter().filter_map(|(can, way)| can.then_some(way)).collect();
    format!("try {}", ways.join(", or "))
}

/// What makes a gap smaller, of a method that takes these settings.
pub(crate) fn advice(settings: &[&str]) -> String {
    let takes = |names: &[&str]| names.iter().any(|name| settings.contains(name));
    let ways = [
        (takes(&["n"]), "a larger --n"),
        (takes(&["tolerance"]), "a --tolerance as 0.05"),
        (takes(&["reference", "references"]), "another --reference"),
    ];
    let ways: Vec<&str> = ways.into_iter().filter_map(|(can, way)| can.then_some(way)).collect();
    match ways.split_last() {
        Some((last, [])) => format!("try {last}"),
        Some((last, others)) => format!("try {}, or {last}", others.join(", ")),
        None => "they are no shares of that change".into(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::{advice, advice_for_nothing, is_nothing, missed};

    #[test]
    fn zeros_explain_nothing() {
        assert!(is_nothing(array![[0.0f32, -0.0]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, 1e-30]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, f32::NAN]].into_dyn().view()));
        assert!(advice_for_nothing(&["unknown"]).contains("integrated-gradients"));
        assert!(!advice_for_nothing(&["n"]).contains("rules"));
    }

    #[test]
    fn a_gap_is_large_beside_what_is_shared_out() {
        let values = array![[3.0f32, 1.0]].into_dyn();
        assert_eq!(missed(values.view(), 0.2), None);
        assert_eq!(missed(values.view(), -1.0), Some(5.0));
        // They cancel each other.
        assert_eq!(missed(array![[3.0f32, -2.9]].into_dyn().view(), 0.1), None);
        assert_eq!(missed(array![[0.0f32]].into_dyn().view(), 0.0), None);
    }

    #[test]
    fn what_to_do_is_what_the_method_takes() {
        assert_eq!(advice(&["n", "chunk"]), "try a larger --n");
        assert_eq!(advice(&["n", "reference"]), "try a larger --n, or another --reference");
        assert!(advice(&[]).contains("no shares"));
    }
}
