//! Whether values are any, and what to do where they are not, or do not add up.

use ndarray::ArrayViewD;

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

    use super::{advice, advice_for_nothing, is_nothing};

    #[test]
    fn zeros_explain_nothing() {
        assert!(is_nothing(array![[0.0f32, -0.0]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, 1e-30]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, f32::NAN]].into_dyn().view()));
        assert!(advice_for_nothing(&["unknown"]).contains("integrated-gradients"));
        assert!(!advice_for_nothing(&["n"]).contains("rules"));
    }

    #[test]
    fn what_to_do_is_what_the_method_takes() {
        assert_eq!(advice(&["n", "chunk"]), "try a larger --n");
        assert_eq!(advice(&["n", "reference"]), "try a larger --n, or another --reference");
        assert!(advice(&[]).contains("no shares"));
    }
}
