//! Whether what a method found is what it promises.

use super::finding::Finding;
use crate::methods::{advice, missed};

/// What should be looked at: values that do not add up, a tolerance that was not met; with what to do.
pub(super) fn noticed(finding: &Finding) -> Option<String> {
    let (title, extras) = (&finding.title, &finding.explanation.extras);
    if extras.within_tolerance.as_ref().is_some_and(|within| within.contains(&false)) {
        let error = extras.estimated_error.as_ref().and_then(|errors| errors.first().copied());
        let error = error.map(|error| format!(", its error is about {:.1} %", error * 100.0)).unwrap_or_default();
        return Some(format!("{title} ends before its tolerance is met{error}: take a larger --tolerance"));
    }
    let gap = extras.completeness_gap.as_ref()?.first().copied()?;
    let values = &finding.explanation.values;
    let change = missed(values.view(), gap)?;
    let sum = values.iter().copied().map(f64::from).sum::<f64>();
    Some(format!(
        "{title}: the values add up to {sum:+.4}, and the output changed by {change:+.4} from the reference, a \
         completeness gap of {gap:+.4}: {}",
        advice(finding.info.settings)
    ))
}
