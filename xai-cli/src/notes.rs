//! What is said beside the results.

use std::sync::{Arc, Mutex, PoisonError};

use xai_cli::command_line::tell;

use crate::words;

/// What is said beside the results, once they are there: a mistake is one line, with nothing before it.
///
/// A copy is the same notes: what is found out in the middle of the work can be told at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Adds one; one that is there already says nothing new.
    pub(crate) fn add(&self, note: impl AsRef<str>) {
        let note = words::translated(note.as_ref());
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Adds those of somebody else.
    pub(crate) fn extend(&self, notes: &[String]) {
        notes.iter().for_each(|note| self.add(note));
    }

    /// One line on stderr for each.
    pub(crate) fn tell(&self) {
        self.list().iter().for_each(|note| tell("xai", &format!("note: {note}")));
    }

    /// All, as they are now.
    pub(crate) fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
