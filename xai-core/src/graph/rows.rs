//! Where the samples' rows are in the values of a graph.

use super::{Graph, Node, Value};
use crate::{Backend, Op};

impl<B: Backend> Graph<'_, B> {
    /// For each node, whether the samples' rows stand first in its output and in order: one for each, or several, where
    /// the batch axis was put into one with those behind it.
    pub(crate) fn rows_in_front(&self) -> Vec<bool> {
        let mut in_front: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut rows = node.inputs.iter().filter(|value| self.reached[value.0]);
            in_front.push(rows.all(|value| in_front[value.0] && !self.moves_rows(node, *value)));
        }
        in_front
    }

    /// Whether a node takes one of its inputs' rows away from the front, or mixes them.
    pub(super) fn moves_rows(&self, node: &Node<'_, B>, input: Value) -> bool {
        let shape = |value: Value| self.nodes[value.0].shape();
        let rank = node.inputs.first().and_then(|&first| shape(first)).map(<[usize]>::len);
        let mixes = node.op().is_some_and(|op| op.mixes_rows(rank));
        // Beside others, what has fewer axes is broadcast; a gathered value gets axes behind its first.
        let several = node.inputs.len() > 1 && !matches!(node.op(), Some(Op::Gather(_)));
        let broadcast = shape(input).zip(node.shape()).is_some_and(|(from, to)| several && from.len() < to.len());
        mixes || broadcast
    }
}
