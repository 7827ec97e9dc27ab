//! What a backend computes together when a graph runs forward.

use super::{Graph, Value};
use crate::nn::Binary;
use crate::{Backend, Op, Residual, Tensor};

/// Parts of a graph, one behind the other.
pub(super) struct Together<'a, B: Backend> {
    pub(super) parts: Vec<Residual<'a, B>>,
    /// All of theirs, in order.
    pub(super) nodes: Vec<usize>,
}

impl<B: Backend> Graph<'_, B> {
    /// What is computed together from a node on, with the residual blocks behind it: as far as what comes in between is
    /// needed by nothing else. No parts, where it is not computed together with anything.
    pub(super) fn together(&self, start: usize, end: usize, inputs: &[Tensor<B>]) -> Together<'_, B> {
        let mut found = Together { parts: Vec::new(), nodes: Vec::new() };
        let mut next = Some(start);
        while let Some(start) = next {
            let run = self.fused_run(start, end, |_| true, inputs);
            let (Some(&last), [input]) = (run.last(), &self.nodes[start].inputs[..]) else { break };
            let sum = self.sum_behind(*input, last).filter(|&sum| sum < end);
            // The input of the first part is there, whoever else reads it.
            if !found.parts.is_empty() && self.readers[input.0] != 1 + usize::from(sum.is_some()) {
                break;
            }
            found.parts.push(Residual { ops: self.ops(&run), plus_input: sum.is_some() });
            found.nodes.extend(run.into_iter().chain(sum));
            let last = sum.unwrap_or(last);
            next = self.first_reader[last].filter(|&next| next < end && self.nodes[next].inputs == [Value(last)]);
        }
        found
    }

    /// The node that adds a value to what was computed of it, if that has no other reader.
    fn sum_behind(&self, value: Value, computed: usize) -> Option<usize> {
        let sum = self.reader(computed)?;
        let is_sum = matches!(self.nodes[sum].op(), Some(Op::Binary(Binary::Add)));
        let shape = |node: usize| self.nodes[node].shape();
        let reads = [[value, Value(computed)], [Value(computed), value]];
        let fits = shape(computed).is_some() && shape(computed) == shape(value.0);
        (is_sum && fits && reads.iter().any(|reads| self.nodes[sum].inputs == reads)).then_some(sum)
    }
}
