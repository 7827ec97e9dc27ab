//! What an explanation's file calls its parts, and how they are read.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use ndarray::ArrayD;
use safetensors::SafeTensors;

use super::number;
use super::reading::bad_format;
use crate::{Extras, Note, Result};

/// The weights of the outputs, where weighted sums of them are explained.
pub(super) const WEIGHTS: &str = "selection_weights";
pub(super) const SCALE: &str = "output_scale";
pub(super) const GAP: &str = "completeness_gap";
pub(super) const EVALUATIONS: &str = "evaluations";
pub(super) const ERROR: &str = "estimated_error";
pub(super) const WITHIN: &str = "within_tolerance";
pub(super) const ARRIVED: &str = "relevance_arrived";
pub(super) const KEPT: &str = "relevance_kept";
/// Numbers for the features of each sample, one sample after another.
pub(super) const FEATURES: &str = "feature_values";
pub(super) const STANDARD: &str = "standard_error";
/// How many each sample has, behind the name of what they are counted in.
pub(super) const COUNTS: &str = "features";
/// The error of a note that rows were run one by one.
pub(super) const ONE_BY_ONE: &str = "note.one_by_one";
/// The sample, the gap and the change of a note of a large gap.
pub(super) const LARGE_GAP: &str = "note.large_gap";
/// How many inputs were explained, unless it is one.
pub(super) const INPUTS: &str = "inputs";
/// The samples' names.
pub(super) const NAMES: &str = "names";
/// Before the key of an entry of the user's own.
pub(super) const OWN: &str = "metadata.";

/// What the values of an explained input are called.
pub(super) fn name_of(part: usize, parts: usize) -> String {
    if parts == 1 { "values".into() } else { format!("values.{part}") }
}

/// The values of each explained input.
pub(super) fn read_values<E>(
    entries: &HashMap<String, String>,
    array: impl Fn(&str) -> Result<ArrayD<E>>,
) -> Result<Vec<ArrayD<E>>> {
    let Some(count) = entries.get(INPUTS) else { return Ok(vec![array("values")?]) };
    let parts: usize = count.parse().map_err(|e| bad_format(format!("`{INPUTS}` is `{}`: {e}", short(count))))?;
    if parts == 0 {
        return Err(bad_format(format!("`{INPUTS}` is 0: an explanation is of one input at least")));
    }
    // An explained input that the file lacks ends it: a count alone reserves nothing.
    (0..parts).map(|part| array(&name_of(part, parts))).collect()
}

/// The note of a large gap, if the file has it.
pub(super) fn large_gap(entries: &HashMap<String, String>) -> Result<Option<Note>> {
    let Some(text) = entries.get(LARGE_GAP) else { return Ok(None) };
    let wrong =
        || bad_format(format!("`{LARGE_GAP}` is `{}`, and should be a sample, a gap and a change", short(text)));
    let [sample, gap, change] = text.split(' ').collect::<Vec<_>>()[..] else { return Err(wrong()) };
    let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
    let sample = sample.parse().map_err(|_| wrong())?;
    Ok(Some(Note::LargeGap { sample, gap: number(gap)?, change: number(change)? }))
}

/// Numbers for the features of each sample, if the file has them.
pub(super) fn of_features(
    file: &SafeTensors<'_>,
    entries: &HashMap<String, String>,
    key: &str,
) -> Result<Option<Vec<Vec<f64>>>> {
    let Some(counts) = list::<usize>(entries, &format!("{key}_{COUNTS}"))? else { return Ok(None) };
    let numbers = number::array::<f64>(key, &file.tensor(key).map_err(bad_format)?)?;
    let wanted = counts.iter().try_fold(0usize, |sum, count| sum.checked_add(*count));
    if wanted != Some(numbers.len()) {
        return Err(bad_format(format!("`{key}` has {} numbers, for {counts:?} features", numbers.len())));
    }
    let mut numbers = numbers.into_iter();
    Ok(Some(counts.into_iter().map(|count| numbers.by_ref().take(count).collect()).collect()))
}

/// A row of values for each row of the output, and as many extras.
pub(super) fn check_batch(values: &[usize], output: &[usize], extras: &Extras) -> Result<()> {
    let batch = output.first().copied().unwrap_or(0);
    if values.first() != Some(&batch) || values.contains(&0) || output.contains(&0) {
        return Err(bad_format(format!(
            "its values have shape {values:?} and its output {output:?}: both need a row for each sample, and a number"
        )));
    }
    let lengths = [
        (GAP, extras.completeness_gap.as_ref().map(Vec::len)),
        (EVALUATIONS, extras.evaluations.as_ref().map(Vec::len)),
        (ERROR, extras.estimated_error.as_ref().map(Vec::len)),
        (WITHIN, extras.within_tolerance.as_ref().map(Vec::len)),
        (ARRIVED, extras.relevance_arrived.as_ref().map(Vec::len)),
        (KEPT, extras.relevance_kept.as_ref().map(Vec::len)),
        (FEATURES, extras.feature_values.as_ref().map(Vec::len)),
        (STANDARD, extras.standard_error.as_ref().map(Vec::len)),
    ];
    match lengths.into_iter().find(|(_, length)| length.is_some_and(|length| length != batch)) {
        None => Ok(()),
        Some((key, length)) => {
            let length = length.unwrap_or(0);
            Err(bad_format(format!("`{key}` has {length} entries for {batch} sample(s)")))
        }
    }
}

/// The beginning of a text that may be as long as the file.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// A list as `[0.01, NaN]`, if the header has it: not JSON, which has no NaN.
pub(super) fn list<T: FromStr<Err: Display>>(entries: &HashMap<String, String>, key: &str) -> Result<Option<Vec<T>>> {
    let Some(list) = entries.get(key) else { return Ok(None) };
    let inner = list.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner = inner.ok_or_else(|| bad_format(format!("`{key}` is `{}`, which is no list", short(list))))?;
    let entry = |text: &str| text.trim().parse().map_err(|e| bad_format(format!("`{key}` has `{}`: {e}", short(text))));
    inner.split(',').filter(|text| !text.trim().is_empty()).map(entry).collect::<Result<_>>().map(Some)
}
