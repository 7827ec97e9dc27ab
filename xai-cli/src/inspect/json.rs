//! What is in a file, for programs.

use std::path::Path;

use serde_json::{Map, Value, json};
use xai_cli::command_line::shown;
use xai_cli::options::Tokens;

use super::findings::Findings;
use crate::model::Facts;
use crate::notes::Notes;

/// What the file says, and what was found of its network; null where nothing was, with the reason.
pub(super) fn whole(file: &Path, facts: &Facts, found: Result<&Findings, &str>, notes: &Notes) -> Value {
    let place = |place: &xai::Place| json!({"name": place.name, "shape": place.shape});
    let map = |map: &crate::model::Map| {
        let tokens = map.tokens.map(|Tokens(numbers)| numbers);
        json!({"name": map.name, "shape": map.shape, "tokens": tokens, "channels_last": map.channels_last})
    };
    let counted = |operators: &[(String, usize)]| -> Map<String, Value> {
        operators.iter().map(|(name, count)| (name.clone(), json!(count))).collect()
    };
    let ways = |found: &Findings| -> Map<String, Value> {
        let way = |(way, can): &(&str, Result<(), String>)| {
            ((*way).to_owned(), json!({"possible": can.is_ok(), "reason": can.as_ref().err()}))
        };
        found.ways.iter().map(way).collect()
    };
    let (why, found) = (found.err(), found.ok());
    json!({
        "network": shown(file),
        "format": facts.format,
        "inputs": facts.inputs,
        "outputs": facts.outputs.iter().map(|(_, output)| output).collect::<Vec<_>>(),
        "explained_output": facts.output,
        "operators": counted(&facts.operators),
        "operators_in_branches": counted(&facts.in_branches),
        "not_supported": facts.unsupported,
        "not_looked_into": why,
        "input_shape": found.map(|found| &found.shape),
        "output_shape": found.and_then(|found| found.output.as_ref()),
        "explained_place": found.and_then(|found| found.start.as_ref()),
        "largest_value": found.map(|found| found.largest).filter(|&largest| largest > 0),
        "largest_place": found.and_then(Findings::largest_place),
        "explained_by": found.map(ways),
        "places_for_cams": found.map(|found| found.maps.iter().rev().map(map).collect::<Vec<_>>()),
        "places": found.map(|found| found.places.iter().map(place).collect::<Vec<_>>()),
        "notes": notes.list(),
    })
}
