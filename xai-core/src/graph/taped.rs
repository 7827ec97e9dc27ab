//! Parts of a graph on the framework's own tape.

use std::ops::Range;

use super::backward::{Back, BackwardPlan, Pull};
use super::values::Values;
use super::{Graph, Step, Value};
use crate::{Backend, Result, Tensor};

impl<'m, B: Backend> Graph<'m, B> {
    /// The end of the longest part from a node on that the framework records on one tape: up to one whose output rules
    /// touch, or whose value is pulled back to, for on a tape only its ends are seen.
    pub(super) fn recorded_until(&self, start: usize, way: &BackwardPlan<'_, B>, done: &[bool]) -> usize {
        let recorded = |&i: &usize| {
            let records = match &self.nodes[i].step {
                Step::Op(op) => B::records(op),
                Step::Opaque(code) => code.recorded,
                Step::Constant(_) => true,
                Step::Input => false,
            };
            !self.needed[i] || (records && !done[i] && !way.ruled(self, i))
        };
        if !B::HAS_TAPE {
            return start;
        }
        let mut end = start;
        for i in (start..self.nodes.len()).take_while(recorded) {
            end = i + 1;
            if way.ends.contains(&Value(i)) || self.needed[i] && way.touching(self, i).is_some() {
                break;
            }
        }
        end
    }

    pub(super) fn on_tape(
        &self,
        part: Range<usize>,
        values: &mut Values<B>,
        way: &BackwardPlan<'_, B>,
    ) -> Result<Back<'m, B>> {
        let inside = |value: &Value| part.contains(&value.0);
        let needed = || part.clone().filter(|&i| self.needed[i]);
        let mut inputs: Vec<Value> = Vec::new();
        for value in needed().flat_map(|i| &self.nodes[i].inputs).filter(|value| !inside(value)) {
            if !inputs.contains(value) {
                inputs.push(*value);
            }
        }
        let inner_reads = |i: usize| needed().flat_map(|j| &self.nodes[j].inputs).filter(|value| value.0 == i).count();
        let outputs: Vec<Value> = needed().filter(|&i| self.readers[i] > inner_reads(i)).map(Value).collect();
        let tensors = inputs.iter().map(|value| values.peek(value.0)).collect::<Result<Vec<_>>>()?;
        for i in needed() {
            let outside: Vec<Value> = self.nodes[i].inputs.iter().copied().filter(|value| !inside(value)).collect();
            values.read_all(&outside)?;
        }
        let run = |given: &[Tensor<B>]| {
            let mut inner = Values::none(self);
            inputs.iter().zip(given).for_each(|(value, tensor)| inner.set(value.0, tensor.clone()));
            self.run(part.clone(), &mut inner, true)?;
            outputs.iter().map(|value| inner.peek(value.0)).collect()
        };
        let wanted: Vec<bool> = inputs.iter().map(|value| way.varies[value.0]).collect();
        let (ys, pull) = B::on_tape(&run, &tensors, &wanted)?;
        outputs.iter().zip(ys).for_each(|(value, y)| values.set(value.0, y));
        Ok(Back { inputs, outputs, pull: Pull::Tape(pull), shapes: None, node: part.start })
    }

    /// What of a part is worth a tape: all up to the last step that goes back by it alone. What is behind has a way of
    /// its own, and a tape costs some passes over each map. Between rules parts are short; where there are none, a long
    /// one is left to the tape as it is.
    pub(super) fn worth_a_tape(&self, part: Range<usize>, way: &BackwardPlan<'_, B>) -> Range<usize> {
        const SHORT: usize = 4;
        let needed: Vec<usize> = part.clone().filter(|&node| self.needed[node]).collect();
        if way.rules.is_none() && needed.len() > SHORT {
            return part;
        }
        let (mut told, mut end): (Vec<usize>, _) = (Vec::new(), part.start);
        for node in needed.into_iter().filter(|&node| way.passes(self, node)) {
            if !told.contains(&node) && self.nodes[node].op().is_some() {
                let run = self.straight_run(node, part.end, SHORT, |_| true);
                told = run[..B::without_tape(&self.ops(&run)).min(run.len())].to_vec();
            }
            if !told.contains(&node) {
                end = node + 1;
            }
        }
        part.start..end
    }
}
