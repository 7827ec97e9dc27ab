//! Running a graph forward.

use std::ops::Range;

use super::values::Values;
use super::{Graph, Opaque, Step};
use crate::{Backend, Error, Op, Result, Tensor};

impl<'m, B: Backend> Graph<'m, B> {
    /// y = f(inputs), without a tape. A value is let go of when nothing reads it any more.
    ///
    /// # Errors
    /// [`Error::Shape`] when the inputs have not the shapes that it was written down for; those of the operations and
    /// the code, with the names of their layer.
    pub fn forward(&self, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        let mut values = Values::of_inputs(self, inputs)?;
        self.run(self.inputs..self.nodes.len(), &mut values, false)?;
        values.read(self.output)
    }

    /// Runs the nodes of a range that are needed; `taped` while the framework records it.
    pub(super) fn run(&self, nodes: Range<usize>, values: &mut Values<B>, taped: bool) -> Result<()> {
        let mut done = vec![false; nodes.len()];
        let first = nodes.start;
        for i in nodes.clone() {
            if !self.needed[i] || done[i - first] {
                continue;
            }
            let node = &self.nodes[i];
            match &node.step {
                Step::Input => {}
                Step::Constant(weight) => values.set(i, weight.tensor()),
                Step::Op(op) => {
                    let inputs = values.read_all(&node.inputs)?;
                    let run = self.together(i, nodes.end, &inputs);
                    let Some(&last) = run.nodes.last() else {
                        values.set(i, self.op_forward(i, op, &inputs)?);
                        continue;
                    };
                    if run.parts.first().is_some_and(|part| part.plus_input) {
                        values.read(node.inputs[0])?;
                    }
                    let y = B::forward_residual(&run.parts, &inputs[0]);
                    values.set(last, y.map_err(|(place, error)| self.blame(run.nodes[place], error))?);
                    run.nodes.iter().for_each(|&node| done[node - first] = true);
                }
                Step::Opaque(code) => {
                    let inputs = values.read_all(&node.inputs)?;
                    values.set(i, self.opaque_forward(i, code, &inputs, taped)?);
                }
            }
        }
        Ok(())
    }

    /// The operations from a node on that the backend computes together; it is asked of no more than about twice as
    /// many as it takes, so that a long chain is not walked to its end from each of its nodes.
    pub(super) fn fused_run(
        &self,
        start: usize,
        end: usize,
        may: impl Fn(usize) -> bool,
        inputs: &[Tensor<B>],
    ) -> Vec<usize> {
        let mut most = 4;
        loop {
            let mut run = self.straight_run(start, end, most, &may);
            let fused = self.fused(&run, inputs);
            if fused < most {
                run.truncate(fused);
                return run;
            }
            most *= 2;
        }
    }

    /// At most so many operations from a node on, each the only reader of the one before, that `may` be computed
    /// together.
    pub(super) fn straight_run(
        &self,
        start: usize,
        end: usize,
        most: usize,
        may: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut run = vec![start];
        if self.nodes[start].inputs.len() != 1 {
            return run;
        }
        let mut last = start;
        while let Some(next) = self.reader(last).filter(|_| run.len() < most) {
            let node = &self.nodes[next];
            if next >= end || node.inputs.len() != 1 || node.op().is_none() || !may(next) {
                break;
            }
            run.push(next);
            last = next;
        }
        run
    }

    pub(super) fn ops(&self, run: &[usize]) -> Vec<&Op<B>> {
        run.iter().filter_map(|&node| self.nodes[node].op()).collect()
    }

    /// How many of a run the backend computes together: those whose shapes are known to fit.
    pub(super) fn fused(&self, run: &[usize], inputs: &[Tensor<B>]) -> usize {
        let alone = |node: usize| self.nodes[node].shape.is_some() && self.nodes[node].inputs.len() == 1;
        let known = run.iter().take_while(|&&node| alone(node)).count();
        match (inputs, &run[..known]) {
            ([x], run @ [_, ..]) => B::fuses(&self.ops(run), x).min(known),
            _ => 0,
        }
    }

    fn op_forward(&self, node: usize, op: &Op<B>, inputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        self.check_inputs(node, op, inputs)?;
        B::forward(op, &inputs.iter().collect::<Vec<_>>()).map_err(|error| self.blame(node, error))
    }

    /// What could not be checked when the network was written down.
    pub(super) fn check_inputs(&self, node: usize, op: &Op<B>, inputs: &[Tensor<B>]) -> Result<()> {
        if self.nodes[node].shape.is_some() {
            return Ok(());
        }
        let shapes: Vec<Vec<usize>> = inputs.iter().map(Tensor::shape).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        op.output_shape(&shapes).map(|_| ()).map_err(|error| self.blame(node, error))
    }

    fn opaque_forward(
        &self,
        node: usize,
        code: &Opaque<'m, B>,
        inputs: &[Tensor<B>],
        taped: bool,
    ) -> Result<Tensor<B>> {
        let run = || {
            let y = (code.forward)(inputs)?;
            if taped {
                B::check_recorded(&inputs.iter().collect::<Vec<_>>(), &y)?;
            }
            self.check_promised(node, &y)?;
            Ok(y)
        };
        run().map_err(|error| self.blame(node, error))
    }

    /// Code that said what shape its output has must keep to it.
    pub(super) fn check_promised(&self, node: usize, y: &Tensor<B>) -> Result<()> {
        match self.nodes[node].shape() {
            Some(shape) => Error::check_shape("output of the code", shape, &y.shape()),
            None => Ok(()),
        }
    }
}
