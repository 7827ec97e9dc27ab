//! Where a network can be looked into.

use xai::{Backend, Graph};

/// A place with feature maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) name: String,
    /// (samples, channels, spatial axes...)
    pub(crate) shape: Vec<usize>,
}

/// The places with feature maps that have as many axes as the input, in the order in which they are computed: of those
/// in a row that have the same rows and columns the last one at which the network can be cut; without those that have
/// one number for each channel, and without the output.
pub(crate) fn maps<B: Backend>(graph: &Graph<'_, B>, input: &[usize]) -> Vec<Map> {
    let mut found: Vec<Map> = Vec::new();
    for place in graph.places() {
        let Some(shape) = place.shape else { continue };
        let is_map = shape.len() == input.len()
            && shape.len() > 2
            && shape.first() == input.first()
            && shape.get(1).is_some_and(|&channels| channels > 1)
            && shape.iter().skip(2).product::<usize>() > 1;
        let value = graph.place(&place.name);
        if !is_map || value.as_ref().is_ok_and(|value| *value == graph.output()) {
            continue;
        }
        // A node and its output have the same value: the node's name is the first.
        if found.last().is_some_and(|last| graph.place(&last.name).ok() == value.as_ref().ok().copied()) {
            continue;
        }
        if !value.is_ok_and(|value| graph.split(value).is_ok()) {
            continue;
        }
        match found.last_mut() {
            Some(last) if last.shape[2..] == shape[2..] => *last = Map { name: place.name, shape },
            _ => found.push(Map { name: place.name, shape }),
        }
    }
    found
}
