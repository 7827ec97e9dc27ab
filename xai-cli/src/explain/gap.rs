//! Whether what a method found is what it promises.

use super::digits::number;
use super::finding::Finding;
use crate::methods::{advice, advice_for_noise, advice_for_nothing, hardly_arrived, is_nothing, noise};

/// What should be looked at: values that are all 0, do not add up or are more noise than anything else, a tolerance
/// that was not met; with what to do.
pub(super) fn noticed(finding: &Finding) -> Option<String> {
    let (title, extras) = (&finding.title, &finding.explanation.extras);
    if extras.within_tolerance.as_ref().is_some_and(|within| within.contains(&false)) {
        let error = extras.estimated_error.as_ref().and_then(|errors| errors.first().copied());
        let error = error.map(|error| format!(", its error is about {:.1} %", error * 100.0)).unwrap_or_default();
        return Some(format!("{title} ends before its tolerance is met{error}: take a larger --tolerance"));
    }
    let values = &finding.explanation.values;
    if is_nothing(values.view()) {
        return Some(format!("{title}: {}: {}", nothing(finding), advice_for_nothing(finding.info.settings)));
    }
    if let Some(error) = noise(extras, 0) {
        let advice = advice_for_noise(finding.info.settings);
        return Some(format!(
            "{title}: the error of its values is estimated as {:.1} % of them, more than they are: {advice}",
            error * 100.0
        ));
    }
    let gap = extras.completeness_gap.as_ref()?.first().copied()?;
    let change = extras.missed_change(0, values.iter().copied().map(f64::from))?;
    let sum = change + gap;
    Some(format!(
        "{title}: the values add up to {}, and the output changed by {} from the reference, a completeness gap of {}: \
         {}",
        number(sum),
        number(change),
        number(gap),
        advice(finding.info.settings)
    ))
}

/// What has to be known of the values and is no fault: relevance that hardly arrived.
pub(super) fn remark(finding: &Finding) -> Option<String> {
    let (arrived, whole) = hardly_arrived(&finding.explanation.extras, 0)?;
    let place = if finding.at.is_some() { "there" } else { "at the input" };
    Some(format!(
        "{}: of the relevance {}, {} arrived {place}: the rest, of either sign, is what the rules keep on the way, at \
         biases, norms and units without a positive part, so that the values say where, and not how much",
        finding.title,
        number(whole),
        number(arrived)
    ))
}

/// That all values are 0, with where the relevance is that should have arrived, or how the output changed all the same.
fn nothing(finding: &Finding) -> String {
    let extras = &finding.explanation.extras;
    let first = |list: &Option<Vec<f64>>| list.as_ref().and_then(|list| list.first().copied());
    if let (Some(arrived), Some(kept)) = (first(&extras.relevance_arrived), first(&extras.relevance_kept)) {
        let (whole, place) = (arrived + kept, if finding.at.is_some() { "there" } else { "at the input" });
        return format!(
            "all values are 0: of the relevance {} nothing arrived {place}, all of it was kept on the way, by biases \
             and by steps whose slope is 0",
            number(whole)
        );
    }
    match first(&extras.completeness_gap).filter(|gap| *gap != 0.0) {
        Some(gap) => format!("all values are 0, and the output changed by {} from the reference", number(-gap)),
        None => "all values are 0, so that they explain nothing".into(),
    }
}
