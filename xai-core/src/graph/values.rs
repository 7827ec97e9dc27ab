//! The values of a pass: each is let go of when nothing reads it any more.

use super::{Graph, Value};
use crate::{Backend, Error, Result, Tensor};

/// What the nodes have computed so far.
pub(super) struct Values<B: Backend> {
    held: Vec<Option<Tensor<B>>>,
    /// How often each is still to be read.
    left: Vec<usize>,
}

impl<B: Backend> Values<B> {
    /// The graph's inputs, checked against the shapes that it was written down for.
    pub(super) fn of_inputs(graph: &Graph<'_, B>, inputs: &[Tensor<B>]) -> Result<Self> {
        graph.check_count(inputs.len())?;
        let mut values = Values::none(graph);
        for (i, input) in inputs.iter().enumerate() {
            if let Some(shape) = graph.nodes[i].shape() {
                Error::check_shape("input of the model", shape, &input.shape())?;
            }
            values.set(i, input.clone());
        }
        Ok(values)
    }

    pub(super) fn none(graph: &Graph<'_, B>) -> Self {
        Values { held: vec![None; graph.nodes.len()], left: graph.readers.clone() }
    }

    pub(super) fn set(&mut self, node: usize, value: Tensor<B>) {
        if self.left[node] > 0 {
            self.held[node] = Some(value);
        }
    }

    /// The value, without counting it as read.
    pub(super) fn peek(&self, node: usize) -> Result<Tensor<B>> {
        self.held[node].clone().ok_or_else(|| Error::backend(B::NAME, format!("node {node} has not run yet")))
    }

    /// One reader less.
    pub(super) fn read(&mut self, value: Value) -> Result<Tensor<B>> {
        let tensor = self.peek(value.0)?;
        self.left[value.0] -= 1;
        if self.left[value.0] == 0 {
            self.held[value.0] = None;
        }
        Ok(tensor)
    }

    pub(super) fn read_all(&mut self, values: &[Value]) -> Result<Vec<Tensor<B>>> {
        values.iter().map(|&value| self.read(value)).collect()
    }
}
