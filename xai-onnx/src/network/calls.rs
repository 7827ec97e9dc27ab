//! Nodes that stand for others: functions of the file, and branches.

use std::borrow::Cow;
use std::collections::HashMap;

use xai_core::Backend;

use super::scope::{Scope, Slot};
use super::search::is_true;
use super::walk::Walk;
use crate::Fault;
use crate::file::{Attribute, Function, Graph, Node};
use crate::write::{Operand, graph};

impl<B: Backend> Walk<'_, B> {
    /// A function of the file: its nodes, with the inputs and attributes that it is called with.
    pub(super) fn function(
        &mut self,
        node: &Node,
        function: &Function,
        inputs: &[Option<Operand>],
        key: &str,
    ) -> Result<Option<Vec<Operand>>, xai_core::Error> {
        if inputs.len() > function.inputs.len() {
            let takes = function.inputs.len();
            return Err(node.fault(format!("it has {} inputs, and takes {takes} at most", inputs.len())).into());
        }
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
    pub(super) fn choice(
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
            self.search(node, scope, opsets);
            return Ok(None);
        };
        let name = if is_true(condition) { "then_branch" } else { "else_branch" };
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
