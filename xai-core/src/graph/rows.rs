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

    /// How many samples the graph was written down for, as far as that is known.
    fn samples(&self) -> usize {
        let of_input = self.nodes.first().and_then(|node| node.shape()?.first().copied());
        of_input.unwrap_or(0)
    }

    /// Whether a node takes one of its inputs' rows away from the front, or mixes them.
    pub(super) fn moves_rows(&self, node: &Node<'_, B>, input: Value) -> bool {
        let shape = |value: Value| self.nodes[value.0].shape();
        let rank = node.inputs.first().and_then(|&first| shape(first)).map(<[usize]>::len);
        let mixes = node.op().is_some_and(|op| op.mixes_rows(rank));
        // Beside others, what has fewer axes is broadcast; a gathered value gets axes behind its first.
        let several = node.inputs.len() > 1 && !matches!(node.op(), Some(Op::Gather(_)));
        // A matrix that is multiplied from the left is summed over its rows, however few axes it has.
        let summed = matches!(node.op(), Some(Op::MatMul(_)))
            && node.inputs.get(1) == Some(&input)
            && shape(input).is_some_and(|shape| shape.len() == 2);
        let broadcast = shape(input).zip(node.shape()).is_some_and(|(from, to)| several && from.len() < to.len());
        mixes || broadcast || summed && self.samples() > 1
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, NdArray, Tensor};

    #[test]
    fn a_matrix_from_the_left_sums_over_the_rows_of_another() {
        let by_matrix = |samples: usize, joined: &[usize]| {
            let graph = Graph::<NdArray>::trace(&[vec![samples, 3, 2]], |x| {
                let rows = x[0].reshape(joined);
                let length = joined[joined.len() - 2];
                let ones = ndarray::ArrayD::ones(vec![length, length]);
                Ok(x[0].constant(Tensor::upload(ones.view(), &())?).matmul(&rows))
            });
            let graph = graph.unwrap();
            graph.rows_in_front()[graph.output().0]
        };
        assert!(!by_matrix(2, &[6, 2]));
        // Those of one sample are all its own, and so are those behind the batch axis.
        assert!(by_matrix(1, &[3, 2]) && by_matrix(2, &[2, 3, 2]));
    }
}
