//! Whether values that are shares of a change add up to it.

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

    use super::{advice, missed};

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
