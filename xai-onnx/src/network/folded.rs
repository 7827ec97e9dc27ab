//! What follows from the file alone, computed once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::write::Operand;

/// The outputs of nodes that follow from the file alone, by node.
#[derive(Debug, Default)]
pub(super) struct Folded(Mutex<HashMap<String, Vec<Operand>>>);

impl Folded {
    pub(super) fn find(&self, key: &str) -> Option<Vec<Operand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn keep(&self, key: &str, outputs: &[Operand]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), outputs.to_vec());
    }
}
