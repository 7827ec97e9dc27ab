//! An order in which each node reads what stands before it.

use std::collections::HashMap;

use crate::Fault;

/// What an order is found of.
pub(super) trait Step {
    /// The names of the values that it makes.
    fn makes(&self) -> &[String];

    /// The names of the values that it reads.
    fn reads(&self) -> Vec<&str>;

    /// Its name.
    fn name(&self) -> &str;
}

/// The nodes in such an order: the file's own, where it is one, as the format asks for.
pub(super) fn sorted<N: Step>(nodes: Vec<N>) -> Result<Vec<N>, Fault> {
    let mut makers: HashMap<&str, usize> = HashMap::new();
    for (i, node) in nodes.iter().enumerate() {
        for output in node.makes().iter().filter(|name| !name.is_empty()) {
            if makers.insert(output, i).is_some() {
                return Err(Fault::Twice { value: output.clone() });
            }
        }
    }
    let waits: Vec<Vec<usize>> =
        nodes.iter().map(|node| node.reads().iter().filter_map(|name| makers.get(name).copied()).collect()).collect();
    if waits.iter().enumerate().all(|(i, waits)| waits.iter().all(|&before| before < i)) {
        return Ok(nodes);
    }
    let mut left: Vec<usize> = waits.iter().map(Vec::len).collect();
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    waits.iter().enumerate().for_each(|(i, waits)| waits.iter().for_each(|&before| readers[before].push(i)));
    let mut ready: std::collections::BTreeSet<usize> = (0..nodes.len()).filter(|&i| left[i] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(i) = ready.pop_first() {
        order.push(i);
        for &reader in &readers[i] {
            left[reader] -= 1;
            if left[reader] == 0 {
                ready.insert(reader);
            }
        }
    }
    if order.len() < nodes.len() {
        let stuck = left.iter().position(|&left| left > 0).map(|i| nodes[i].name().to_owned());
        return Err(Fault::Cyclic { node: stuck.unwrap_or_default() });
    }
    let mut nodes: Vec<Option<N>> = nodes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|i| nodes[i].take()).collect())
}
