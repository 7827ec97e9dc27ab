//! Where a network can be looked into.

use xai::{Backend, Graph, Value};

use super::map::Map;
use super::tokens::tokens;

/// The places for class activation maps, in the order in which they are computed: those with feature maps, and of a
/// network that sees an image as tokens, those before its last attention.
pub(crate) fn maps<B: Backend>(graph: &Graph<'_, B>, input: &[usize]) -> Vec<Map> {
    let mut found = feature_maps(graph, input);
    if let Some(of_tokens) = tokens(graph, input, &found) {
        found.push(of_tokens);
        found.sort_by_key(|(_, value)| *value);
    }
    found.into_iter().map(|(map, _)| map).collect()
}

/// The places with feature maps that have as many axes as the input: of those in a row that have the same rows and
/// columns the last one at which the network can be cut; without those that have one number for each channel, and
/// without the output.
fn feature_maps<B: Backend>(graph: &Graph<'_, B>, input: &[usize]) -> Vec<(Map, Value)> {
    let mut found: Vec<(Map, Value)> = Vec::new();
    for place in graph.places() {
        let Some(shape) = place.shape else { continue };
        let is_map = shape.len() == input.len()
            && shape.len() > 2
            && shape.first() == input.first()
            && shape.get(1).is_some_and(|&channels| channels > 1)
            && shape.iter().skip(2).product::<usize>() > 1;
        let Some(value) = graph.place(&place.name).ok().filter(|value| is_map && *value != graph.output()) else {
            continue;
        };
        // A node and its output have the same value: the node's name is the first.
        if found.last().is_some_and(|(_, last)| *last == value) || !graph.is_cut(value) {
            continue;
        }
        let map = Map { name: place.name, shape, tokens: None };
        match found.last_mut() {
            Some(last) if last.0.shape[2..] == map.shape[2..] => *last = (map, value),
            _ => found.push((map, value)),
        }
    }
    found
}
