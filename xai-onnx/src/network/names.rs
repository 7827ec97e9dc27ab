//! Places of one name are told apart: [`tell_apart`].

use std::collections::{HashMap, HashSet};

use super::walk::Traced;
use crate::tape::Id;

/// Gives places that have one name names of their own. A node's, which another node or another value has too, has that
/// of its first output behind it; what is still of one name, as the nodes of a function that is called twice, has
/// numbers in the order in which it is computed.
pub(super) fn tell_apart(traced: &mut [Traced]) {
    let several = shared(traced);
    for node in traced.iter_mut().filter(|node| several.contains(&node.label)) {
        match node.outputs.first() {
            Some((output, _)) if *output != node.label => node.label = format!("{}:{output}", node.label),
            _ => {}
        }
    }
    let several = shared(traced);
    if several.is_empty() {
        return;
    }
    let mut numbers: HashMap<String, HashMap<Id, usize>> = HashMap::new();
    let mut numbered = |name: &mut String, id: Id| {
        if several.contains(name) {
            let known = numbers.entry(name.clone()).or_default();
            let next = known.len() + 1;
            let number = *known.entry(id).or_insert(next);
            *name = format!("{name}#{number}");
        }
    };
    for Traced { label, outputs, .. } in traced {
        if let Some((_, id)) = outputs.first() {
            numbered(label, *id);
        }
        outputs.iter_mut().for_each(|(name, id)| numbered(name, *id));
    }
}

/// The names that several values have. A node and its first output are the same.
fn shared(traced: &[Traced]) -> HashSet<String> {
    let mut first: HashMap<&str, Id> = HashMap::new();
    let labels = traced.iter().filter_map(|node| Some((&node.label, node.outputs.first()?.1)));
    let all = labels.chain(traced.iter().flat_map(|node| node.outputs.iter().map(|(name, id)| (name, *id))));
    all.filter(|(name, id)| *first.entry(name.as_str()).or_insert(*id) != *id).map(|(name, _)| name.clone()).collect()
}
