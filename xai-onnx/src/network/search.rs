//! Operators of which nothing is known: [`Search`].

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use xai_core::Backend;

use crate::fault::Refused;
use crate::file::{Attribute, Graph, Model, Node};
use crate::ops;
use crate::value::Known;
use crate::write::graph;

/// Says whether a condition holds, if that is known.
type Condition<'c> = &'c dyn Fn(&str) -> Option<bool>;

/// True for a condition that holds.
pub(super) fn is_true(known: &Known) -> bool {
    known.first().is_some_and(|n| n != 0.0)
}

/// The condition that a node `Constant` says.
pub(super) fn of_constant(nodes: &[Node], name: &str) -> Option<bool> {
    let node = nodes.iter().find(|node| node.outputs.first().is_some_and(|output| output == name))?;
    match node.attributes.values().next() {
        Some(Attribute::Tensor(known)) if node.domain.is_empty() && node.operator == "Constant" => Some(is_true(known)),
        _ => None,
    }
}

/// A search for operators of which nothing is known.
pub(super) struct Search<'m, B: Backend> {
    model: &'m Model,
    pub(super) found: Vec<Refused>,
    /// Functions that have been looked into.
    seen: HashSet<(&'m str, &'m str)>,
    backend: PhantomData<B>,
}

impl<'m, B: Backend> Search<'m, B> {
    pub(super) fn new(model: &'m Model) -> Self {
        Search { model, found: Vec::new(), seen: HashSet::new(), backend: PhantomData }
    }

    /// In a node, and in what it stands for.
    pub(super) fn node(&mut self, node: &Node, opsets: &HashMap<String, i64>, holds: Condition<'_>) {
        let key = (node.domain.clone(), node.operator.clone());
        if let Some(((domain, name), function)) = self.model.functions.get_key_value(&key) {
            if self.seen.insert((domain, name)) {
                let inner = |name: &str| of_constant(&function.nodes, name);
                function.nodes.iter().for_each(|node| self.node(node, &function.opsets, &inner));
            }
        } else if node.domain.is_empty() && node.operator == "If" {
            let condition = node.inputs.first().and_then(|name| holds(name));
            for (name, runs) in [("then_branch", true), ("else_branch", false)] {
                if let Some(branch) = graph(node, name).filter(|_| condition.is_none_or(|holds| holds == runs)) {
                    self.branch(branch, opsets, holds);
                }
            }
        } else if ops::find::<B>(&node.domain, &node.operator).is_none() {
            self.found.push(Refused {
                node: node.name.clone(),
                operator: node.full_operator(),
                opset: opsets.get(&node.domain).or(self.model.opsets.get(&node.domain)).copied().unwrap_or(1),
                reason: ops::missing(&node.domain, &node.operator),
            });
        }
    }

    fn branch(&mut self, graph: &Graph, opsets: &HashMap<String, i64>, outer: Condition<'_>) {
        let holds = |name: &str| {
            graph.tensors.get(name).map(is_true).or_else(|| of_constant(&graph.nodes, name)).or_else(|| outer(name))
        };
        graph.nodes.iter().for_each(|node| self.node(node, opsets, &holds));
    }
}
