//! Where a network can be looked into.

use xai::{Backend, Graph, Value};

use super::layout::Layouts;
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

/// What is known to have its channels last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelsLast {
    No,
    /// What has as many axes as the input.
    OfMaps,
    /// What has others, as tokens have.
    OfOthers,
}

/// Whether what is at a place is known to have its channels last.
pub(crate) fn channels_last<B: Backend>(graph: &Graph<'_, B>, input: &[usize], at: &str) -> ChannelsLast {
    let Ok(value) = graph.place(at) else { return ChannelsLast::No };
    match graph.nodes().get(value.index()).and_then(|node| node.shape()) {
        Some(shape) if shape.len() > 2 && Layouts::new(graph, input).is_last(value, shape) == Some(true) => {
            if shape.len() == input.len() { ChannelsLast::OfMaps } else { ChannelsLast::OfOthers }
        }
        _ => ChannelsLast::No,
    }
}

/// The places with feature maps that have as many axes as the input, and of which it is known which axis holds the
/// channels: of those in a row that have the same rows and columns, and the channels at the same end, the last one at
/// which the network can be cut; without those that have one number for each channel, and without the output.
fn feature_maps<B: Backend>(graph: &Graph<'_, B>, input: &[usize]) -> Vec<(Map, Value)> {
    let layouts = Layouts::new(graph, input);
    let mut found: Vec<(Map, Value)> = Vec::new();
    for place in graph.places() {
        let Some(shape) = place.shape else { continue };
        if shape.len() != input.len() || shape.len() < 3 || shape.first() != input.first() {
            continue;
        }
        let Some(value) = graph.place(&place.name).ok().filter(|value| *value != graph.output()) else { continue };
        // A node and its output have the same value: the node's name is the first.
        if found.last().is_some_and(|(_, last)| *last == value) || !graph.is_cut(value) {
            continue;
        }
        let Some(channels_last) = layouts.is_last(value, &shape) else { continue };
        let map = Map { name: place.name, shape, tokens: None, channels_last };
        let channels = if channels_last { map.shape.last() } else { map.shape.get(1) };
        if channels.is_none_or(|&channels| channels < 2) || map.sides().iter().product::<usize>() < 2 {
            continue;
        }
        let same_sides = found.iter().rev().take_while(|(before, _)| before.sides() == map.sides()).count();
        let mut in_a_row = found.iter().rev().take(same_sides);
        if let Some(behind) = in_a_row.position(|(before, _)| before.channels_last == channels_last) {
            found.remove(found.len() - 1 - behind);
        }
        found.push((map, value));
    }
    found
}
