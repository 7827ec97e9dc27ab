//! The affine start of a graph.

use super::{Graph, Value};
use crate::Backend;

impl<B: Backend> Graph<'_, B> {
    /// The last value that the graph can be cut at up to which it is affine in its inputs, start(x) = J·x + b; none
    /// when it begins with a step that is not known to be.
    pub fn affine_end(&self) -> Option<Value> {
        let (varies, cuts) = (&self.reached, self.cuts());
        let mut affine: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let before = node.inputs.iter().all(|value| affine[value.0] || !varies[value.0]);
            let of_inputs: Vec<bool> = node.inputs.iter().map(|value| varies[value.0]).collect();
            affine.push(before && node.is_affine(&of_inputs));
        }
        let last = (self.inputs..self.nodes.len()).rev().find(|&i| cuts[i] && affine[i]);
        last.map(Value)
    }
}
