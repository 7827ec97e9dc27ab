//! What a network computes for inputs of certain shapes, found once and kept.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use xai_core::{Backend, Error, Result};

use super::batch_first::{BatchFirst, batch_first};
use super::fixed::Fixed;
use super::limits::for_inputs;
use super::names::tell_apart;
use super::plan::Plan;
use super::scope::{Scope, Slot};
use super::walk::Walk;
use super::{File, Network, rows, signature};
use crate::Fault;
use crate::file::Info;
use crate::tape::Tape;
use crate::value::ElementType;
use crate::write::Operand;

/// So many shapes of the inputs are kept at once.
const PLANS: usize = 64;

impl<B: Backend> Network<B> {
    pub(super) fn plan(&self, shapes: &[Vec<usize>]) -> Result<Arc<Plan<B>>> {
        let lock = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = lock().get(shapes) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.make_plan(shapes)?);
        let mut plans = lock();
        if plans.len() >= PLANS {
            plans.clear();
        }
        plans.insert(shapes.to_vec(), Arc::clone(&plan));
        Ok(plan)
    }

    fn make_plan(&self, given: &[Vec<usize>]) -> Result<Plan<B>> {
        let File { model, kept, folded, at, limits, budget } = &*self.file;
        let tape = Tape::new(budget.other_shapes(for_inputs(given)), limits.pass(model, given));
        let mut walk = Walk::new(model, kept, folded, at, tape);
        let mut scope = Scope::default();
        let open = model.graph.inputs.iter().filter(|info| !self.fixed.contains_key(&info.name));
        let open: Vec<_> = open.collect();
        if open.len() != given.len() {
            return Err(Error::InvalidParameter {
                name: "inputs",
                value: given.len().to_string(),
                reason: format!("the model takes {}: {}", open.len(), signature::named(&open)),
            });
        }
        let samples = signature::samples(&open, given);
        let mut beside = Vec::with_capacity(open.len());
        for (info, shape) in open.iter().zip(given) {
            let mut shape = shape.clone();
            if samples.is_some() {
                shape[0] = 1;
            }
            signature::check(info, &shape)?;
            let id = walk.tape.input(&shape).map_err(signature::wrong)?;
            let element = info.element.unwrap_or(ElementType::F32);
            scope.own.insert(info.name.clone(), Slot::Operand(Operand::Var(id, element)));
            beside.push((*info, shape));
        }
        for (name, known) in &model.graph.tensors {
            scope.own.insert(name.clone(), Slot::Operand(Operand::Known(known.clone())));
        }
        for info in &model.graph.inputs {
            if let Some(fixed) = self.fixed.get(&info.name) {
                let known = fixed.known(info, &beside, walk.tape.budget())?;
                scope.own.insert(info.name.clone(), Slot::Operand(Operand::Known(known)));
            }
        }
        let wanted = self.wanted();
        let written = walk.nodes(&model.graph.nodes, |i| wanted[i], &mut scope, "", &model.opsets);
        written.map_err(|error| self.lengths_apart(error, &beside))?;
        let refused = walk.all_refused();
        if !refused.is_empty() {
            return Err(Fault::Refused(refused).into());
        }
        let found = scope.read(&self.output);
        if let Some(Slot::Operand(found)) = &found {
            self.check_output(found.element())?;
        }
        let output = match found {
            Some(Slot::Operand(Operand::Var(id, _))) => id,
            Some(Slot::Operand(Operand::Known(known))) => {
                walk.tape.room("the output", &known.shape).map_err(signature::wrong)?;
                walk.tape.array(&known.numbers(), at).map_err(signature::wrong)?
            }
            Some(Slot::Missing(refused)) => return Err(Fault::Refused(vec![refused]).into()),
            _ => return Err(Fault::Undefined { node: "the output".into(), value: self.output.clone() }.into()),
        };
        // Before anything is moved: the names are the same for all shapes.
        tell_apart(&mut walk.traced);
        let (tape, traced, output) = match batch_first(&walk.tape, &walk.traced, output) {
            Some(BatchFirst { tape, traced, output }) => (tape, traced, output),
            None => (walk.tape, walk.traced, output),
        };
        let Some(samples) = samples else { return Ok(Plan::new(tape, traced, output)) };
        let lifted = rows::lifted(&tape, &traced, output, samples).map_err(signature::wrong)?;
        let Some(output) = lifted.output else {
            return Err(Error::InvalidShape {
                what: format!("output `{}`", self.output),
                got: tape.shape(output).to_vec(),
                reason: "the file is frozen at one sample, and this output has no axis for samples: give one at a time"
                    .into(),
            });
        };
        let mut plan = Plan::new(lifted.tape, lifted.traced, output);
        plan.row_by_row = lifted.row_by_row;
        Ok(plan)
    }

    /// An error of the middle of the network, as one of a fixed input that has another length along an axis than an
    /// input beside it, though the file has one name for both: what runs all the same is nobody's concern.
    fn lengths_apart(&self, error: Error, beside: &[(&Info, Vec<usize>)]) -> Error {
        let numbers = |info: &Info| match self.fixed.get(&info.name) {
            Some(Fixed::Numbers(known)) => Some(known.shape.clone()),
            _ => None,
        };
        let fixed = self.file.model.graph.inputs.iter().filter_map(|info| Some((info, numbers(info)?)));
        for (info, shape) in fixed {
            if let Some(reason) = signature::apart(info, &shape, beside) {
                let what = format!("input `{}`", info.name);
                return Error::InvalidShape { what, got: shape, reason: format!("{reason}: {error}") };
            }
        }
        error
    }

    /// Checks the type of the output: its numbers have to be read, and as the file declares them.
    fn check_output(&self, found: ElementType) -> Result<()> {
        let declared = self.file.model.graph.outputs.iter().find(|info| info.name == self.output);
        let reason = match declared.and_then(|info| info.element) {
            _ if found.bytes().is_none() => format!("it is an output of numbers that are not read, {found}"),
            Some(declared) if declared != found => {
                format!("the file declares it to be of {declared}, and what is computed is of {found}")
            }
            _ => return Ok(()),
        };
        Err(Fault::Tensor { tensor: self.output.clone(), reason }.into())
    }

    /// For each node, whether the output depends on it.
    pub(super) fn wanted(&self) -> Vec<bool> {
        let nodes = &self.file.model.graph.nodes;
        let mut names: HashSet<&str> = HashSet::from([self.output.as_str()]);
        let mut wanted = vec![false; nodes.len()];
        for (i, node) in nodes.iter().enumerate().rev() {
            if node.outputs.iter().any(|name| !name.is_empty() && names.contains(name.as_str())) {
                wanted[i] = true;
                names.extend(node.reads());
            }
        }
        wanted
    }
}
