//! From what the file says to a tape, for inputs of certain shapes.

use std::borrow::Cow;
use std::collections::HashMap;

use xai_core::{Backend, NdArray};

use super::folded::Folded;
use super::scope::{Scope, Slot};
use crate::Fault;
use crate::fault::Refused;
use crate::file::{Attribute, Function, Graph, Model, Node};
use crate::ops;
use crate::tape::{Fail, Id, Tape, Written};
use crate::value::Known;
use crate::write::{Cx, Kept, Operand, graph};

/// Functions and graphs inside of each other: in files that are meant there are few.
const DEPTH: usize = 48;
/// Nodes, those of functions counted as often as they are called.
const VISITS: usize = 1 << 20;

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
    depth: usize,
    visits: usize,
    /// Numbers that were computed beforehand.
    spent: usize,
}

impl<'a, B: Backend> Walk<'a, B> {
    pub(super) fn new(
        model: &'a Model,
        kept: &'a Kept<B>,
        folded: &'a Folded,
        at: &'a B::Placement,
        limit: usize,
    ) -> Self {
        let tape = Tape::new(limit);
        let (traced, refused) = (Vec::new(), Vec::new());
        Walk { model, kept, folded, at, tape, traced, refused, depth: 0, visits: 0, spent: 0 }
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
            if self.visits > VISITS {
                return Err(node.fault(format!("the file makes more than {VISITS} nodes of what it holds")).into());
            }
            let inputs: Option<Vec<Slot>> = node.inputs.iter().map(|name| scope.read(name)).collect();
            let Some(inputs) = inputs else {
                let missing = node.inputs.iter().find(|name| scope.read(name).is_none());
                let value = missing.cloned().unwrap_or_default();
                return Err(Fault::Undefined { node: node.name.clone(), value }.into());
            };
            let outputs = match self.given(&inputs) {
                Some(inputs) => self.node(node, &inputs, scope, &format!("{prefix}{i}"), opsets)?,
                None => None,
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
                if !self.refused.contains(refused) {
                    self.refused.push(refused.clone());
                }
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

    fn refuse(&mut self, node: &Node, opset: i64, reason: String) {
        let refused = self.refusal(node, opset, reason);
        self.refused.push(refused);
    }

    fn refusal(&self, node: &Node, opset: i64, reason: String) -> Refused {
        let opset = if opset == 0 { self.model.opset() } else { opset };
        Refused { node: node.name.clone(), operator: node.full_operator(), opset, reason }
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
        if node.domain.is_empty() && node.operator == "If" {
            return self.choice(node, inputs, scope, key, opsets);
        }
        let opset = opsets.get(&node.domain).or(model.opsets.get(&node.domain)).copied().unwrap_or(1);
        let start = self.tape.entries.len();
        let written = match known(inputs) {
            Some(stable) => self.fold(node, inputs, key, opset, stable),
            None => match ops::find::<B>(&node.domain, &node.operator) {
                None => Err(Fail::Refused(ops::missing(&node.domain, &node.operator))),
                Some(write) => {
                    let (tape, kept) = (&mut self.tape, Some(self.kept));
                    write(&mut Cx { node, opset, inputs, tape, kept, at: self.at, key })
                }
            },
        };
        match written {
            Ok(mut outputs) => {
                if known(inputs).is_none() {
                    outputs = outputs.into_iter().map(unstable).collect();
                }
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

    fn trace(&mut self, node: &Node, start: usize, outputs: &[Operand]) {
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
        let mut tape = Tape::new(self.tape.limit().saturating_sub(self.spent));
        let outputs = write(&mut Cx { node, opset, inputs, tape: &mut tape, kept: None, at: &(), key })?;
        let mut found = Vec::with_capacity(outputs.len());
        for output in outputs {
            let known = match output {
                Operand::Known(known) => {
                    let stable = stable && known.stable;
                    known.stable(stable)
                }
                Operand::Var(id, element) => {
                    let value = tape.value(id)?;
                    self.spent = self.spent.saturating_add(value.len());
                    Known::array(element, value).stable(stable)
                }
            };
            found.push(Operand::Known(known));
        }
        if stable {
            self.folded.keep(key, &found);
        }
        Ok(found)
    }

    /// A function of the file: its nodes, with the inputs and attributes that it is called with.
    fn function(
        &mut self,
        node: &Node,
        function: &Function,
        inputs: &[Option<Operand>],
        key: &str,
    ) -> Result<Option<Vec<Operand>>, xai_core::Error> {
        let mut scope = Scope::default();
        for (i, name) in function.inputs.iter().enumerate() {
            let slot = inputs.get(i).cloned().flatten().map_or(Slot::Absent, Slot::Operand);
            scope.own.insert(name.clone(), slot);
        }
        let given = |name: &str| node.attributes.get(name).or_else(|| function.defaults.get(name));
        let nodes: Vec<Node> = function.nodes.iter().map(|node| with_attributes(node, &given).into_owned()).collect();
        self.nodes(&nodes, |_| true, &mut scope, &format!("{key}/"), &function.opsets)?;
        self.results(node, &function.outputs.iter().map(String::as_str).collect::<Vec<_>>(), &scope)
    }

    /// One of two graphs, by a condition that is known.
    fn choice(
        &mut self,
        node: &Node,
        inputs: &[Option<Operand>],
        scope: &Scope<'_>,
        key: &str,
        opsets: &HashMap<String, i64>,
    ) -> Result<Option<Vec<Operand>>, xai_core::Error> {
        let Some(Some(Operand::Known(condition))) = inputs.first() else {
            let opset = opsets.get("").copied().unwrap_or(1);
            let reason = "which of its branches runs depends on the data: export the network with one of them, or \
                          choose an output before it with `.output(..)`";
            self.refuse(node, opset, reason.into());
            return Ok(None);
        };
        let holds = condition.numbers().first().is_some_and(|&n| n != 0.0);
        let name = if holds { "then_branch" } else { "else_branch" };
        let Some(branch) = graph(node, name) else {
            return Err(node.fault(format!("it has no graph `{name}`")).into());
        };
        let mut inner = Scope::inside(scope);
        self.graph(branch, &mut inner, &format!("{key}/{name}/"), opsets)?;
        let outputs: Vec<&str> = branch.outputs.iter().map(|info| info.name.as_str()).collect();
        self.results(node, &outputs, &inner)
    }

    fn graph(
        &mut self,
        graph: &Graph,
        scope: &mut Scope<'_>,
        prefix: &str,
        opsets: &HashMap<String, i64>,
    ) -> Result<(), xai_core::Error> {
        for (name, known) in &graph.tensors {
            scope.own.insert(name.clone(), Slot::Operand(Operand::Known(known.clone())));
        }
        self.nodes(&graph.nodes, |_| true, scope, prefix, opsets)
    }

    /// The outputs of a graph or function, as those of the node that it stands for.
    fn results(
        &mut self,
        node: &Node,
        names: &[&str],
        scope: &Scope<'_>,
    ) -> Result<Option<Vec<Operand>>, xai_core::Error> {
        let mut outputs = Vec::with_capacity(names.len());
        for name in names {
            match scope.read(name) {
                Some(Slot::Operand(held)) => outputs.push(held),
                Some(Slot::Refused) => return Ok(None),
                Some(Slot::Missing(refused)) => {
                    self.refused.push(refused);
                    return Ok(None);
                }
                Some(Slot::Absent) | None => {
                    return Err(Fault::Undefined { node: node.name.clone(), value: (*name).to_owned() }.into());
                }
            }
        }
        self.trace(node, self.tape.entries.len(), &outputs);
        Ok(Some(outputs))
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

/// The node of a function, with the attributes that the function is called with.
fn with_attributes<'n, 'g>(node: &'n Node, given: &dyn Fn(&str) -> Option<&'g Attribute>) -> Cow<'n, Node> {
    let refers = |attribute: &Attribute| matches!(attribute, Attribute::Of(_) | Attribute::Graph(_));
    if !node.attributes.values().any(refers) {
        return Cow::Borrowed(node);
    }
    let mut node = node.clone();
    node.attributes = std::mem::take(&mut node.attributes)
        .into_iter()
        .filter_map(|(name, attribute)| match attribute {
            Attribute::Of(outer) => given(&outer).map(|attribute| (name, attribute.clone())),
            Attribute::Graph(mut graph) => {
                graph.nodes = graph.nodes.iter().map(|node| with_attributes(node, given).into_owned()).collect();
                Some((name, Attribute::Graph(graph)))
            }
            attribute => Some((name, attribute)),
        })
        .collect();
    Cow::Owned(node)
}
