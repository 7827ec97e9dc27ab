//! What was said of files as they were read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use xai_cli::command_line::{counted, shown};

use crate::notes::Notes;

/// What was said of files. Of notes that differ in their numbers alone one is told, with how many files there are of
/// them: there may be as many notes as files.
#[derive(Default)]
pub(crate) struct Said(Mutex<BTreeMap<String, (PathBuf, String, usize)>>);

impl Said {
    pub(crate) fn add(&self, path: &Path, note: &str) {
        let alike = note.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, said, files) = all.entry(alike).or_insert_with(|| (path.to_owned(), note.to_owned(), 0));
        *files += 1;
        // Whichever is read first.
        if path < first.as_path() {
            (*first, *said) = (path.to_owned(), note.to_owned());
        }
    }

    pub(crate) fn tell(&self, notes: &Notes) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, note, files) in all.values() {
            let more = match files - 1 {
                0 => String::new(),
                more => format!(" (and {} more like it)", counted(more, "file")),
            };
            notes.add(format!("{}{more}: {note}", shown(path)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Said;
    use crate::notes::Notes;

    #[test]
    fn notes_that_differ_in_numbers_are_told_once() {
        let (said, notes) = (Said::default(), Notes::default());
        for (file, note) in [("b", "5 of 70 bytes"), ("a", "5 of 6 bytes"), ("c", "5 of 7 bytes"), ("c", "8000 Hz")] {
            said.add(Path::new(file), note);
        }
        said.tell(&notes);
        assert_eq!(notes.list(), ["c: 8000 Hz", "a (and 2 files more like it): 5 of 6 bytes"]);
    }
}
