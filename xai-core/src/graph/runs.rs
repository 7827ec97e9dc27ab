//! Straight runs of nodes that rules take together.

use super::{Graph, Step, Value};
use crate::{Backend, Error, Pullback, Result, Tensor, Weight};

impl<'m, B: Backend> Graph<'m, B> {
    /// The only node that reads a value, if there is but one and nobody else wants it.
    pub(super) fn reader(&self, node: usize) -> Option<usize> {
        self.first_reader[node].filter(|_| self.readers[node] == 1)
    }

    /// The node behind one, if that is the only one that reads it, and reads nothing else but constants.
    pub(super) fn next(&self, node: usize) -> Option<usize> {
        let mut others = |value: &Value| value.0 == node || self.constant(*value).is_some();
        self.reader(node).filter(|&reader| self.nodes[reader].inputs.iter().all(&mut others))
    }

    /// What a value is, if it is a constant of the network's own.
    pub(super) fn constant(&self, value: Value) -> Option<&Weight<B>> {
        match &self.nodes[value.0].step {
            Step::Constant(weight) => Some(weight),
            _ => None,
        }
    }

    /// So many nodes from one on, each [behind](Self::next) the one before.
    pub(super) fn run_of(&self, node: usize, len: usize) -> Result<Vec<usize>> {
        let run: Vec<usize> = std::iter::successors(Some(node), |&node| self.next(node)).take(len.max(1)).collect();
        if run.len() == len.max(1) {
            return Ok(run);
        }
        Err(Error::InvalidParameter {
            name: "run of rules",
            value: len.to_string(),
            reason: format!("only {} node(s) follow one another there: `Site::next` tells them", run.len()),
        })
    }

    /// What the next node of a run reads, where y is the output of the one before.
    fn inputs_behind(&self, run: &[usize], at: usize, y: Tensor<B>) -> Vec<Tensor<B>> {
        let Some(&node) = run.get(at) else { return vec![y] };
        let tensor = |&value: &Value| self.constant(value).map_or_else(|| y.clone(), Weight::tensor);
        self.nodes[node].inputs.iter().map(tensor).collect()
    }

    /// The output of so many nodes from one on: what the backend computes together, it does.
    pub(super) fn run_forward(&self, node: usize, len: usize, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        let run = self.run_of(node, len)?;
        let (mut inputs, mut at) = (inputs.to_vec(), 0);
        while at < run.len() {
            let rest = &run[at..];
            let fused = self.fused(rest, &inputs);
            let y = match (fused, &self.nodes[rest[0]].step) {
                (0, Step::Op(op)) => B::forward(op, &inputs.iter().collect::<Vec<_>>())?,
                (0, Step::Opaque(code)) => (code.forward)(&inputs)?,
                (0, _) => return Err(Error::backend(B::NAME, "a value that no step computes")),
                _ => B::forward_fused(&self.ops(&rest[..fused]), &inputs[0]).map_err(|(_, error)| error)?,
            };
            at += fused.max(1);
            inputs = self.inputs_behind(&run, at, y);
        }
        Ok(inputs.swap_remove(0))
    }

    /// The output of so many nodes from one on, and the gradient's way back through all of them: what the backend
    /// computes together, it does.
    pub(super) fn run_vjp(
        &self,
        node: usize,
        len: usize,
        inputs: &[Tensor<B>],
        varies: &[bool],
    ) -> Result<(Tensor<B>, Pullback<'m, B>)> {
        let run = self.run_of(node, len)?;
        let wanted = |node: usize| self.nodes[node].inputs.iter().map(|value| varies[value.0]).collect::<Vec<_>>();
        let first = inputs.len();
        let (mut inputs, mut pulls, mut at) = (inputs.to_vec(), Vec::new(), 0);
        while at < run.len() {
            let rest = &run[at..];
            let (y, pull) = match self.fused(rest, &inputs) {
                0 => {
                    at += 1;
                    self.nodes[rest[0]].vjp(&inputs, &wanted(rest[0]))?
                }
                fused => {
                    at += fused;
                    let found = B::vjp_fused(&self.ops(&rest[..fused]), &inputs[0]);
                    found.map_err(|(_, error)| error)?
                }
            };
            let place = self.nodes[rest[0]].inputs.iter().position(|value| varies[value.0]).unwrap_or(0);
            pulls.push((pull, place));
            inputs = self.inputs_behind(&run, at, y);
        }
        let y = inputs.swap_remove(0);
        let pull = move |v: &Tensor<B>| {
            let (mut v, mut parts) = (v.clone(), Vec::new());
            for (i, (pull, place)) in pulls.iter().enumerate().rev() {
                parts = pull.pull_all(&v)?;
                if i > 0 {
                    let part = std::mem::take(&mut parts).into_iter().nth(*place).flatten();
                    let Some(part) = part else { return Ok(vec![None; first]) };
                    v = part;
                }
            }
            Ok(parts)
        };
        Ok((y, Pullback::of_all(pull)))
    }
}
