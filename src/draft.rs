//! Files that appear whole or not at all.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::leftovers::{self, PREFIX};
use crate::{BoxError, Error, Result};

/// A file that is written in full before it appears under its name.
///
/// The bytes go to a temporary file in the same folder; [`publish`](Draft::publish) renames it. A draft that is dropped
/// leaves nothing behind, what a killed run left behind is removed by a later one, and readers never see half a file. A
/// file that is replaced keeps its permissions, and a link to it stays one. To write several files or none, make all
/// drafts first and publish them last.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("numbers.bin");
/// let draft = xai::disk::Draft::write(&path, &[1, 2, 3])?;
/// assert!(!path.exists());
/// draft.publish()?;
/// assert_eq!(std::fs::read(&path)?, [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a draft that is dropped leaves no file: publish it"]
pub struct Draft {
    file: NamedTempFile,
    path: PathBuf,
}

impl Draft {
    /// Writes the bytes beside the file that they will become.
    ///
    /// # Errors
    /// [`Error::File`] when the folder does not exist or cannot be written to, when something else than a file has that
    /// name, a link that leads nowhere, or a file that is read-only.
    pub fn write(path: impl AsRef<Path>, bytes: &[u8]) -> Result<Self> {
        let path = path.as_ref();
        // A link stays, and what it points to is replaced.
        if path.is_symlink() && !path.exists() {
            return Err(failed(path, "it is a link that leads nowhere; remove it, or give another name"));
        }
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            return Err(failed(path, "it is a folder; give the name of a file"));
        }
        if target.exists() && !target.is_file() {
            return Err(failed(path, "it is a device; give the name of a file"));
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mode = match target.metadata() {
            Ok(old) if old.permissions().readonly() || OpenOptions::new().write(true).open(&target).is_err() => {
                return Err(failed(path, "it is read-only; give another name, or make it writable"));
            }
            old => old.ok().map(|old| old.permissions()),
        };
        if !folder.is_dir() {
            return Err(failed(
                path,
                format!("there is no folder {}; make it, or give another name", folder.display()),
            ));
        }
        leftovers::clear(folder);
        let write = || {
            let mut file = leftovers::held(|| open(folder))?;
            // Of the file alone: with its name, errors would tell of one that nobody asked for.
            file.as_file_mut().write_all(bytes)?;
            if let Some(mode) = mode {
                file.as_file().set_permissions(mode)?;
            }
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|e: std::io::Error| failed(path, e))?;
        Ok(Draft { file, path: target })
    }

    /// Gives the file its name; a file of that name is replaced.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be renamed.
    pub fn publish(self) -> Result<()> {
        let Draft { file, path } = self;
        file.persist(&path).map(drop).map_err(|e| failed(&path, e.error))
    }
}

#[cfg(unix)]
fn open(folder: &Path) -> std::io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // As any new file: what the umask leaves of it, not the 0600 of a temporary file.
    let any = std::fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(PREFIX).permissions(any).tempfile_in(folder).map_err(unnamed)
}

#[cfg(not(unix))]
fn open(folder: &Path) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder).map_err(unnamed)
}

/// An error without the unfinished file's name, which means nothing to who asked for another one.
fn unnamed(error: std::io::Error) -> std::io::Error {
    error.kind().into()
}

fn failed(path: &Path, source: impl Into<BoxError>) -> Error {
    Error::File { action: "write", path: path.to_owned(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::Draft;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        std::fs::read_dir(folder).unwrap().map(name).collect()
    }

    #[test]
    fn a_dropped_draft_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, b"old").unwrap();
        drop(Draft::write(&path, b"new").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    fn a_published_draft_replaces_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, b"old").unwrap();
        Draft::write(&path, b"new").unwrap().publish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.bin"), folder.path().join("link"));
        std::fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        Draft::write(&link, b"new").unwrap().publish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let refused = Draft::write("/dev/null", b"").unwrap_err().to_string();
        assert!(refused.contains("it is a device"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn a_published_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (plain, drafted) = (folder.path().join("plain"), folder.path().join("drafted"));
        std::fs::write(&plain, b"").unwrap();
        Draft::write(&drafted, b"").unwrap().publish().unwrap();
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&drafted), mode(&plain));
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_mode_and_read_only_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, b"old").unwrap();
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o600);
        Draft::write(&path, b"new").unwrap().publish().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        set(0o444);
        let refused = Draft::write(&path, b"newer").unwrap_err().to_string();
        assert!(refused.contains("read-only"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let nowhere = folder.path().join("nowhere");
        std::os::unix::fs::symlink(folder.path().join("missing"), &nowhere).unwrap();
        let refused = Draft::write(&nowhere, b"new").unwrap_err().to_string();
        assert!(refused.contains("leads nowhere"), "{refused}");
        assert!(nowhere.is_symlink());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn errors_name_the_file_that_was_asked_for() {
        // A folder that nobody can write to, whoever runs the tests.
        for path in ["/proc/why.png", "/sys/why.png"] {
            let refused = Draft::write(path, b"").unwrap_err().to_string();
            assert!(refused.contains(path) && !refused.contains(super::PREFIX), "{refused}");
        }
    }

    #[test]
    fn a_missing_folder_and_a_folder_as_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Draft::write(folder.path().join("no/a.bin"), b"").unwrap_err().to_string();
        assert!(missing.contains("a.bin: there is no folder"), "{missing}");
        let taken = Draft::write(folder.path(), b"").unwrap_err().to_string();
        assert!(taken.contains("it is a folder"), "{taken}");
    }
}
