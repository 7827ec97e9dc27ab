//! What a run that was killed left behind.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How the names of unfinished files begin.
pub(crate) const PREFIX: &str = ".xai-draft-";

/// An unfinished file is locked as soon as it is made; so much time that may take.
const YOUNG: Duration = Duration::from_secs(60);

static CLEARED: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// Removes the unfinished files of runs that ended before they were done, once for each folder: those that nobody has
/// locked.
pub(crate) fn clear(folder: &Path) {
    let mut cleared = CLEARED.lock().unwrap_or_else(PoisonError::into_inner);
    if !cleared.get_or_insert_default().insert(folder.to_owned()) {
        return;
    }
    drop(cleared);
    remove_abandoned(folder, YOUNG);
}

/// What cannot be read, locked or removed stays: it may be another's.
fn remove_abandoned(folder: &Path, young: Duration) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|modified| modified.elapsed());
        let old = matches!(age, Ok(Ok(age)) if age >= young);
        let abandoned = |path: &Path| File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        if old && entry.file_type().is_ok_and(|kind| kind.is_file()) && abandoned(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".xai-draft-dead", ".xai-draft-held", ".tmpAbc", "cat.png"] {
            std::fs::write(at(name), b"").unwrap();
        }
        let held = File::open(at(".xai-draft-held")).unwrap();
        held.lock().unwrap();
        remove_abandoned(folder.path(), YOUNG);
        assert!(at(".xai-draft-dead").exists(), "it may be locked in a moment");
        remove_abandoned(folder.path(), Duration::ZERO);
        assert!(!at(".xai-draft-dead").exists());
        for name in [".xai-draft-held", ".tmpAbc", "cat.png"] {
            assert!(at(name).exists(), "{name}");
        }
    }
}
