//! The affine start of a graph.

use std::collections::BTreeSet;

use super::{Graph, Node, Value};
use crate::{Backend, Op};

impl<B: Backend> Graph<'_, B> {
    /// The last value that the graph can be cut at up to which it is affine in its inputs, start(x) = J·x + b; none
    /// when it begins with a step that is not known to be, or that brings in numbers that are not finite, as a mask: of
    /// those there are no differences.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// let graph =
    ///     Graph::<NdArray>::trace(&[vec![1, 3]], |x| Ok(x[0].within("scaled", || Ok(&x[0] * 2.0 + 1.0))?.relu()))?;
    /// assert_eq!(graph.affine_end(), Some(graph.place("scaled")?));
    ///
    /// let graph = Graph::<NdArray>::trace(&[vec![1, 3]], |x| Ok(x[0].relu() + 1.0))?;
    /// assert_eq!(graph.affine_end(), None);
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn affine_end(&self) -> Option<Value> {
        let (varies, cuts) = (&self.reached, self.cuts());
        let mut affine: Vec<bool> = Vec::with_capacity(self.nodes.len());
        // Whether a value still has the samples' rows: first, in order, one for each.
        let mut rows: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for (place, node) in self.nodes.iter().enumerate() {
            let before = node.inputs.iter().all(|value| affine[value.0] || !varies[value.0]);
            let of_inputs: Vec<bool> = node.inputs.iter().map(|value| varies[value.0]).collect();
            // Asked last: constants are read for it.
            affine.push(before && node.is_affine(&of_inputs) && (!varies[place] || self.brings_finite(place)));
            let varying = || node.inputs.iter().filter(|value| varies[value.0]);
            rows.push(varying().all(|value| rows[value.0] && self.keeps_rows(node, *value)));
        }
        let last = (self.inputs..self.nodes.len()).rev().find(|&i| cuts[i] && affine[i] && rows[i]);
        last.map(Value)
    }

    /// Whether a node, and the constants that it is computed with, have finite numbers alone.
    fn brings_finite(&self, place: usize) -> bool {
        let (mut left, mut seen) = (vec![place], BTreeSet::new());
        while let Some(place) = left.pop() {
            let node = &self.nodes[place];
            if !node.is_finite() {
                return false;
            }
            // A condition says which, and is no number of what comes out.
            let condition = usize::from(matches!(node.op(), Some(Op::Where(_))));
            let fixed = node.inputs.iter().skip(condition).filter(|value| !self.reached[value.0]);
            left.extend(fixed.map(|value| value.0).filter(|&value| seen.insert(value)));
        }
        true
    }

    /// Whether the rows of a node's output are those of one of its inputs, as far as shapes are known.
    fn keeps_rows(&self, node: &Node<'_, B>, input: Value) -> bool {
        if self.moves_rows(node, input) {
            return false;
        }
        let (Some(from), Some(to)) = (self.nodes[input.0].shape(), node.shape()) else { return true };
        from.first() == to.first()
    }
}
