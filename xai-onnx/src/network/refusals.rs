//! What a walk over the nodes refuses, all of it.

use std::collections::{HashMap, HashSet};

use xai_core::Backend;

use super::scope::{Scope, Slot};
use super::search::is_true;
use super::walk::Walk;
use crate::fault::Refused;
use crate::file::Node;
use crate::write::Operand;

impl<B: Backend> Walk<'_, B> {
    pub(super) fn refuse(&mut self, node: &Node, opset: i64, reason: String) {
        let refused = self.refusal(node, opset, reason);
        self.refused.push(refused);
    }

    pub(super) fn refusal(&self, node: &Node, opset: i64, reason: String) -> Refused {
        let opset = if opset == 0 { self.model.opset() } else { opset };
        Refused { node: node.name.clone(), operator: node.full_operator(), opset, reason }
    }

    /// Refuses what of a node, and of what it stands for, nothing is known of.
    pub(super) fn search(&mut self, node: &Node, scope: &Scope<'_>, opsets: &HashMap<String, i64>) {
        let holds = |name: &str| match scope.read(name) {
            Some(Slot::Operand(Operand::Known(known))) => Some(is_true(&known)),
            _ => None,
        };
        self.search.node(node, opsets, &holds);
        self.refused.append(&mut self.search.found);
    }

    /// Everything that is refused, each once. With it comes what only has no gradient, which alone would not be.
    pub(super) fn all_refused(&mut self) -> Vec<Refused> {
        if self.refused.is_empty() {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let all = self.refused.drain(..).chain(self.forward_only.drain(..));
        all.filter(|refused| seen.insert(refused.clone())).collect()
    }

    /// Tells steps without a gradient which operator they are of, for the error where one has to pass.
    pub(super) fn name_steps(&mut self, node: &Node, opset: i64, inputs: &[Option<Operand>], start: usize) {
        let operator = format!("{}, opset {opset}", node.full_operator());
        let steps = self.tape.entries[start..].iter_mut();
        let named: Vec<String> = steps.filter_map(|entry| entry.step.name(&operator)).collect();
        let of_numbers = |held: &Operand| matches!(held, Operand::Var(_, element) if element.is_float());
        if let Some(why) = named.first()
            && inputs.iter().flatten().any(of_numbers)
        {
            let refused = self.refusal(node, opset, format!("it runs forward, and has no gradient: {why}"));
            self.forward_only.push(refused);
        }
    }
}
