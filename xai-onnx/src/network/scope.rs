//! The values that nodes can read, by name.

use std::collections::HashMap;

use crate::fault::Refused;
use crate::write::Operand;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    Operand(Operand),
    /// An optional input that is left out.
    Absent,
    /// It would come of a node that is refused.
    Refused,
    /// It is an output that is not computed here, which is refused where it is read.
    Missing(Refused),
}

/// The values of a graph, and those of the graph that it is inside of.
#[derive(Debug, Default)]
pub(super) struct Scope<'s> {
    pub(super) own: HashMap<String, Slot>,
    outer: Option<&'s Scope<'s>>,
}

impl<'s> Scope<'s> {
    pub(super) fn inside(outer: &'s Scope<'s>) -> Self {
        Scope { own: HashMap::new(), outer: Some(outer) }
    }

    pub(super) fn read(&self, name: &str) -> Option<Slot> {
        if name.is_empty() {
            return Some(Slot::Absent);
        }
        let mut scope = self;
        loop {
            match (scope.own.get(name), scope.outer) {
                (Some(slot), _) => return Some(slot.clone()),
                (None, Some(outer)) => scope = outer,
                (None, None) => return None,
            }
        }
    }
}
