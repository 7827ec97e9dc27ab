//! What a run that was killed left behind.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

/// How the names of unfinished files begin.
pub(crate) const PREFIX: &str = ".xai-draft-";

/// So often another run may take a file away between its making and its locking.
const TRIES: usize = 100;

static CLEARED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// Removes the unfinished files of runs that ended before they were done, once for each folder: those that nobody has
/// locked.
pub(crate) fn clear(folder: &Path) {
    let mut cleared = CLEARED.lock().unwrap_or_else(PoisonError::into_inner);
    if !cleared.get_or_insert_default().insert(folder.to_owned()) {
        return;
    }
    drop(cleared);
    remove_abandoned(folder);
}

/// A new file that is locked, so that no other run removes it. One that was taken for abandoned before it was locked is
/// made again; where there are no locks nothing is ever removed.
pub(crate) fn held(open: impl Fn() -> io::Result<NamedTempFile>) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let file = open()?;
        match file.as_file().try_lock() {
            Ok(()) if !file.path().exists() => {}
            Err(TryLockError::WouldBlock) => {}
            _ => return Ok(file),
        }
    }
    Err(io::Error::other("another program removes the unfinished file again and again"))
}

/// What cannot be read, locked or removed stays: it may be another's.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_draft = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if !is_draft || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            // Under the lock: whoever has just made it sees that it is gone.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(folder: &Path) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)
    }

    #[test]
    fn what_nobody_holds_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".xai-draft-dead", ".tmpAbc", "cat.png"] {
            std::fs::write(at(name), b"").unwrap();
        }
        let file = held(|| draft(folder.path())).unwrap();
        remove_abandoned(folder.path());
        assert!(!at(".xai-draft-dead").exists());
        assert!(file.path().exists() && at(".tmpAbc").exists() && at("cat.png").exists());
    }

    #[test]
    fn a_file_that_was_taken_for_abandoned_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::cell::Cell::new(0);
        let open = || {
            let file = draft(folder.path())?;
            made.set(made.get() + 1);
            if made.get() < 3 {
                // Another run looks just now.
                remove_abandoned(folder.path());
            }
            Ok(file)
        };
        let file = held(open).unwrap();
        assert_eq!(made.get(), 3);
        assert!(file.path().exists());
    }
}
