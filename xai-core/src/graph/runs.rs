//! Straight runs of nodes that rules take together.

use super::{Graph, Step};
use crate::{Backend, Error, Pullback, Result, Tensor};

impl<'m, B: Backend> Graph<'m, B> {
    /// So many nodes from one on, each the only reader of the one before.
    pub(super) fn run_of(&self, node: usize, len: usize) -> Result<Vec<usize>> {
        let next = |node: &usize| self.reader[*node].filter(|&reader| self.nodes[reader].inputs.len() == 1);
        let run: Vec<usize> = std::iter::successors(Some(node), next).take(len.max(1)).collect();
        if run.len() == len.max(1) {
            return Ok(run);
        }
        Err(Error::InvalidParameter {
            name: "run of rules",
            value: len.to_string(),
            reason: format!("only {} node(s) follow one another there: `Site::next` tells them", run.len()),
        })
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
            inputs = vec![y];
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
            inputs = vec![y];
            pulls.push(pull);
        }
        let y = inputs.swap_remove(0);
        let pull = move |v: &Tensor<B>| {
            let mut parts = vec![Some(v.clone())];
            for pull in pulls.iter().rev() {
                let Some(Some(v)) = parts.first() else { return Ok(parts) };
                parts = pull.pull_all(v)?;
            }
            Ok(parts)
        };
        Ok((y, Pullback::of_all(pull)))
    }
}
