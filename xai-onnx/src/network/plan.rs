//! A tape with its places, and how it becomes a graph.

use ndarray::ArrayD;
use xai_core::{Backend, Error, Result, Var};

use super::walk::Traced;
use crate::tape::{Entry, Id, Step, Tape};

/// What a network computes for inputs of certain shapes.
#[derive(Debug)]
pub(super) struct Plan<B: Backend> {
    entries: Vec<Entry<B>>,
    traced: Vec<Traced>,
    output: Id,
    needed: Vec<bool>,
    /// True when the file takes one row at a time, and gets several.
    pub(super) row_by_row: bool,
}

impl<B: Backend> Plan<B> {
    pub(super) fn new(tape: Tape<B>, traced: Vec<Traced>, output: Id) -> Self {
        let needed = tape.needed(output);
        Plan { entries: tape.entries, traced, output, needed, row_by_row: false }
    }

    /// The output, of a network that nothing is given to.
    pub(super) fn constant(&self) -> Result<ArrayD<B::Elem>> {
        match &self.entries[self.output.0].step {
            Step::Constant(weight) => weight.tensor().download(),
            _ => Err(Error::backend("ONNX", "the output is computed from inputs")),
        }
    }

    /// Writes it down for these inputs; there is at least one.
    pub(super) fn replay<'m>(&self, inputs: &[Var<'m, B>], first: &Var<'m, B>) -> Result<Var<'m, B>> {
        let mut vars: Vec<Option<Var<'m, B>>> = Vec::with_capacity(self.entries.len());
        vars.extend(inputs.iter().cloned().map(Some));
        vars.resize(self.entries.len(), None);
        let mut done = inputs.len();
        for traced in &self.traced {
            let mut places = traced.outputs.iter().filter(|(_, id)| self.needed[id.0]);
            let Some((name, place)) = places.next() else { continue };
            self.steps(done..traced.steps.start, &mut vars, first);
            let read = |vars: &[Option<Var<'m, B>>], id: &Id| vars[id.0].clone().unwrap_or_else(|| first.clone());
            first.within(&traced.label, || {
                self.steps(traced.steps.clone(), &mut vars, first);
                Ok(read(&vars, place))
            })?;
            done = done.max(traced.steps.end);
            if *name != traced.label {
                first.within(name, || Ok(read(&vars, place)))?;
            }
            for (name, place) in places {
                first.within(name, || Ok(read(&vars, place)))?;
            }
        }
        self.steps(done..self.entries.len(), &mut vars, first);
        Ok(vars[self.output.0].clone().unwrap_or_else(|| first.clone()))
    }

    fn steps<'m>(&self, range: std::ops::Range<usize>, vars: &mut [Option<Var<'m, B>>], first: &Var<'m, B>) {
        for i in range {
            let entry = &self.entries[i];
            if !self.needed[i] || vars[i].is_some() {
                continue;
            }
            let inputs: Vec<&Var<'m, B>> = entry.inputs.iter().filter_map(|id| vars[id.0].as_ref()).collect();
            let var = match (&entry.step, &inputs[..]) {
                (Step::Constant(weight), _) => first.constant(weight.clone()),
                (Step::Op(op), [x, others @ ..]) => x.op_with(op.clone(), others),
                (Step::Host(step), [x, others @ ..]) => x.opaque_with(step.opaque(), others),
                _ => continue,
            };
            vars[i] = Some(var);
        }
    }
}
