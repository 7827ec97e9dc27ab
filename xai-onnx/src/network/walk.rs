//! From what the file says to a tape, for inputs of certain shapes.

use std::collections::HashMap;

use xai_core::{Backend, NdArray};

use super::folded::Folded;
use super::scope::{Scope, Slot};
use super::search::Search;
use super::signature::wrong;
use crate::Fault;
use crate::fault::Refused;
use crate::file::{Model, Node};
use crate::ops;
use crate::tape::{Fail, Id, Tape, Written};
use crate::value::Known;
use crate::write::{Cx, Kept, Operand};

/// Functions and graphs inside of each other: in files that are meant there are few.
const DEPTH: usize = 48;

/// A node that has been written down: the places that it makes.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) label: String,
    /// Its steps on the tape.
    pub(super) steps: std::ops::Range<usize>,
    /// The names of its outputs, as far as they are computed when the network runs.
    pub(super) outputs: Vec<(String, Id)>,
}

pub(super) struct Walk<'a, B: Backend> {
    pub(super) model: &'a Model,
    pub(super) kept: &'a Kept<B>,
    pub(super) folded: &'a Folded,
    pub(super) at: &'a B::Placement,
    pub(super) tape: Tape<B>,
    pub(super) traced: Vec<Traced>,
    pub(super) refused: Vec<Refused>,
    /// Nodes that run, and through which no gradient passes.
    pub(super) forward_only: Vec<Refused>,
    pub(super) search: Search<'a, B>,
    depth: usize,
    visits: usize,
}

impl<'a, B: Backend> Walk<'a, B> {
    pub(super) fn new(
        model: &'a Model,
        kept: &'a Kept<B>,
        folded: &'a Folded,
        at: &'a B::Placement,
        tape: Tape<B>,
    ) -> Self {
        Walk {
            model,
            kept,
            folded,
            at,
            tape,
            traced: Vec::new(),
            refused: Vec::new(),
            forward_only: Vec::new(),
            search: Search::new(model),
            depth: 0,
            visits: 0,
        }
    }

    /// Writes down those of the nodes that are wanted; `prefix` tells nodes of functions and graphs apart.
    pub(super) fn nodes(
        &mut self,
        nodes: &[Node],
        wanted: impl Fn(usize) -> bool,
        scope: &mut Scope<'_>,
        prefix: &str,
        opsets: &HashMap<String, i64>,
    ) -> Result<(), xai_core::Error> {
        self.depth += 1;
        if self.depth > DEPTH {
            let node = nodes.first().map_or_else(Fault::empty_function, |node| {
                node.fault(format!("graphs and functions are more than {DEPTH} deep inside of each other"))
            });
            return Err(node.into());
        }
        for (i, node) in nodes.iter().enumerate().filter(|&(i, _)| wanted(i)) {
            self.visits += 1;
            if self.visits > self.model.visits() {
                let most = self.model.visits();
                return Err(node.fault(format!("the file makes more than {most} nodes of what it holds")).into());
            }
            let inputs: Option<Vec<Slot>> = node.inputs.iter().map(|name| scope.read(name)).collect();
            let Some(inputs) = inputs else {
                let missing = node.inputs.iter().find(|name| scope.read(name).is_none());
                let value = missing.cloned().unwrap_or_default();
                return Err(Fault::Undefined { node: node.name.clone(), value }.into());
            };
            let outputs = match self.given(&inputs) {
                Some(inputs) => self.node(node, &inputs, scope, &format!("{prefix}{i}"), opsets)?,
                // Behind a node that is refused, those of which nothing is known are named all the same.
                None => {
                    self.search(node, scope, opsets);
                    None
                }
            };
            self.bind(node, outputs, scope);
        }
        self.depth -= 1;
        Ok(())
    }

    /// The inputs, unless one comes of a node that was refused.
    fn given(&mut self, slots: &[Slot]) -> Option<Vec<Option<Operand>>> {
        let mut of = |slot: &Slot| match slot {
            Slot::Operand(held) => Some(Some(held.clone())),
            Slot::Absent => Some(None),
            Slot::Refused => None,
            Slot::Missing(refused) => {
                self.refused.push(refused.clone());
                None
            }
        };
        let mut inputs = slots.iter().map(&mut of).collect::<Option<Vec<_>>>()?;
        while inputs.last().is_some_and(Option::is_none) {
            inputs.pop();
        }
        Some(inputs)
    }

    fn bind(&self, node: &Node, outputs: Option<Vec<Operand>>, scope: &mut Scope<'_>) {
        let mut outputs = outputs.map(|outputs| outputs.into_iter().map(Slot::Operand).collect::<Vec<_>>());
        for (i, name) in node.outputs.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let slot = match &mut outputs {
                None => Slot::Refused,
                Some(outputs) => match outputs.get_mut(i) {
                    Some(slot) => slot.clone(),
                    None => Slot::Missing(self.refusal(node, 0, format!("its output {i} is not computed here"))),
                },
            };
            scope.own.insert(name.clone(), slot);
        }
    }

    /// The outputs of a node, or none if it is refused.
    fn node(
        &mut self,
        node: &Node,
        inputs: &[Option<Operand>],
        scope: &Scope<'_>,
        key: &str,
        opsets: &HashMap<String, i64>,
    ) -> Result<Option<Vec<Operand>>, xai_core::Error> {
        let model = self.model;
        if let Some(function) = model.functions.get(&(node.domain.clone(), node.operator.clone())) {
            return self.function(node, function, inputs, key);
        }
        let opset = opsets.get(&node.domain).or(model.opsets.get(&node.domain)).copied().unwrap_or(1);
        let elements: Vec<_> = inputs.iter().map(|held| held.as_ref().map(Operand::element)).collect();
        let checked = ops::check(node, opset, &elements);
        if checked.is_ok() && node.domain.is_empty() && node.operator == "If" {
            return self.choice(node, inputs, scope, key, opsets);
        }
        let start = self.tape.entries.len();
        let written = checked.and_then(|()| match known(inputs) {
            Some(stable) => self.fold(node, inputs, key, opset, stable),
            None => match ops::find::<B>(&node.domain, &node.operator) {
                None => Err(Fail::Refused(ops::missing(&node.domain, &node.operator))),
                Some(write) => {
                    let (tape, kept) = (&mut self.tape, Some(self.kept));
                    write(&mut Cx { node, opset, inputs, tape, kept, at: self.at, key })
                }
            },
        });
        match written {
            Ok(mut outputs) => {
                if known(inputs).is_none() {
                    outputs = outputs.into_iter().map(unstable).collect();
                    outputs
                        .iter()
                        .try_for_each(|output| self.pay(output))
                        .map_err(|fail| wrong(fail).in_layer(&node.name))?;
                }
                self.name_steps(node, opset, inputs, start);
                self.trace(node, start, &outputs);
                Ok(Some(outputs))
            }
            Err(Fail::Refused(reason)) => {
                self.refuse(node, opset, reason);
                Ok(None)
            }
            Err(Fail::Wrong(error)) => Err(error.in_layer(&node.name)),
        }
    }

    /// Counts the numbers that an operator has made, if they are in memory, and are not those of an input.
    fn pay(&self, output: &Operand) -> Written<()> {
        match output {
            Operand::Known(known) => Ok(self.tape.budget().spend(known.own_numbers(), known.stable)?),
            Operand::Var(..) => Ok(()),
        }
    }

    pub(super) fn trace(&mut self, node: &Node, start: usize, outputs: &[Operand]) {
        let named = node.outputs.iter().zip(outputs).filter(|(name, _)| !name.is_empty());
        let outputs: Vec<(String, Id)> = named
            .filter_map(|(name, held)| match held {
                Operand::Var(id, _) => Some((name.clone(), *id)),
                Operand::Known(_) => None,
            })
            .collect();
        if !outputs.is_empty() {
            self.traced.push(Traced { label: node.name.clone(), steps: start..self.tape.entries.len(), outputs });
        }
    }

    /// Computes what is known already, once for a file where it follows from the file alone.
    fn fold(
        &mut self,
        node: &Node,
        inputs: &[Option<Operand>],
        key: &str,
        opset: i64,
        stable: bool,
    ) -> Written<Vec<Operand>> {
        if let Some(found) = self.folded.find(key).filter(|_| stable) {
            return Ok(found);
        }
        let Some(write) = ops::find::<NdArray<f64>>(&node.domain, &node.operator) else {
            return Err(Fail::Refused(ops::missing(&node.domain, &node.operator)));
        };
        let mut tape = Tape::beforehand(self.tape.budget().clone());
        let outputs = write(&mut Cx { node, opset, inputs, tape: &mut tape, kept: None, at: &(), key })?;
        let mut found = Vec::with_capacity(outputs.len());
        for output in outputs {
            let known = match output {
                Operand::Known(known) => {
                    let stable = stable && known.stable;
                    known.stable(stable)
                }
                Operand::Var(id, element) => {
                    tape.room("what is computed", tape.shape(id))?;
                    Known::array(element, tape.value(id)?).stable(stable)
                }
            };
            let output = Operand::Known(known);
            self.pay(&output)?;
            found.push(output);
        }
        if stable {
            self.folded.keep(key, &found);
        }
        Ok(found)
    }
}

/// Whether all inputs are known, and then whether they follow from the file alone.
fn known(inputs: &[Option<Operand>]) -> Option<bool> {
    let mut stable = true;
    for held in inputs.iter().flatten() {
        match held {
            Operand::Known(known) => stable &= known.stable,
            Operand::Var(..) => return None,
        }
    }
    Some(stable)
}

/// What is known of values that are not, as their shapes, follows from the shapes of the inputs.
fn unstable(held: Operand) -> Operand {
    match held {
        Operand::Known(known) => Operand::Known(known.stable(false)),
        held @ Operand::Var(..) => held,
    }
}
