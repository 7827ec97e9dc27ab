//! Whether values are any, and what to do where they are not, or do not add up.

use ndarray::ArrayViewD;
use xai::Extras;

/// Above this share of the values, an estimated error says that there is more noise in them than anything else.
const NOISE: f64 = 1.0;

/// Below this share of what was given out, relevance has hardly arrived; and above its inverse it has grown.
const ARRIVED: f64 = 0.1;

/// The estimated error of a sample's values, where it is larger than they are.
pub(crate) fn noise(extras: &Extras, sample: usize) -> Option<f64> {
    let error = extras.estimated_error.as_ref()?.get(sample).copied();
    error.filter(|error| *error > NOISE)
}

/// The relevance that arrived, and all that was given out, where the one is no measure of the other. That is no fault:
/// no rule promises that biases, norms and units without a positive part keep nothing.
pub(crate) fn hardly_arrived(extras: &Extras, sample: usize) -> Option<(f64, f64)> {
    let at = |list: &Option<Vec<f64>>| list.as_ref().and_then(|list| list.get(sample)).copied();
    let (arrived, kept) = (at(&extras.relevance_arrived)?, at(&extras.relevance_kept)?);
    let whole = arrived + kept;
    let is_like = (ARRIVED..=1.0 / ARRIVED).contains(&(arrived / whole).abs());
    (whole != 0.0 && arrived != 0.0 && !is_like).then_some((arrived, whole))
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

/// What makes an estimated error smaller, of a method that takes these settings.
pub(crate) fn advice_for_noise(settings: &[&str]) -> &'static str {
    let takes = |name: &str| settings.contains(&name);
    match (takes("n"), takes("tolerance")) {
        // It is of what differs between them.
        _ if takes("references") => "try other --references",
        (true, true) => "try a larger --n, or a --tolerance as 0.1",
        (true, false) => "try a larger --n",
        (false, true) => "try a --tolerance as 0.1",
        (false, false) => "they are more noise than anything else",
    }
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

    use xai::Extras;

    use super::{advice, advice_for_noise, advice_for_nothing, hardly_arrived, is_nothing, noise};

    #[test]
    fn zeros_explain_nothing() {
        assert!(is_nothing(array![[0.0f32, -0.0]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, 1e-30]].into_dyn().view()));
        assert!(!is_nothing(array![[0.0f32, f32::NAN]].into_dyn().view()));
        assert!(advice_for_nothing(&["unknown"]).contains("integrated-gradients"));
        assert!(!advice_for_nothing(&["n"]).contains("rules"));
    }

    /// Extras are made by analyzers alone: what is set is what is asked about.
    fn extras(set: impl Fn(&mut Extras)) -> Extras {
        let mut extras = Extras::default();
        set(&mut extras);
        extras
    }

    #[test]
    fn an_error_larger_than_the_values_is_noise() {
        let of = |error: f64| noise(&extras(|extras| extras.estimated_error = Some(vec![0.0, error])), 1);
        assert_eq!([of(1.455), of(0.99), of(f64::NAN)], [Some(1.455), None, None]);
        assert_eq!(noise(&Extras::default(), 0), None);
        assert_eq!(advice_for_noise(&["n"]), "try a larger --n");
        assert_eq!(advice_for_noise(&["n", "references"]), "try other --references");
    }

    #[test]
    fn relevance_that_hardly_arrives_is_told() {
        let of = |arrived: f64, kept: f64| {
            let set = |extras: &mut Extras| {
                extras.relevance_arrived = Some(vec![arrived]);
                extras.relevance_kept = Some(vec![kept]);
            };
            hardly_arrived(&extras(set), 0)
        };
        assert_eq!(of(0.5, 6.5), Some((0.5, 7.0)));
        assert_eq!(of(70.0, -66.0), Some((70.0, 4.0)));
        assert_eq!([of(5.0, 2.0), of(-2.0, 5.0), of(0.0, 7.0)], [None; 3]);
    }

    #[test]
    fn what_to_do_is_what_the_method_takes() {
        assert_eq!(advice(&["n", "chunk"]), "try a larger --n");
        assert_eq!(advice(&["n", "reference"]), "try a larger --n, or another --reference");
        assert!(advice(&[]).contains("no shares"));
    }
}
