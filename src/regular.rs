//! Reading files that have an end.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, Result};

/// The bytes of a file that has an end: a pipe would be waited for, and a device has none.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("labels.txt"), "cat")?;
/// assert_eq!(xai::disk::read_file(folder.path().join("labels.txt"))?, b"cat");
/// assert!(xai::disk::read_file(folder.path()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::File`] when it cannot be read, or is no regular file.
pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    read(path).map_err(|error| Error::File { action: "read", path: path.to_owned(), source: error.into() })
}

/// The bytes of a regular file. A pipe would be waited for, and a device has no end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    check(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    let mut bytes = Vec::new();
    let size = usize::try_from(metadata.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes.try_reserve_exact(size).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // No more than it had when it was opened, though another program may be writing to it.
    file.take(metadata.len()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() { "a folder" } else { "a device or a pipe" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}; give the name of a file")))
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(super::read(&path).unwrap(), b"abc");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, word) in [(pipe.as_path(), "pipe"), ("/dev/zero".as_ref(), "device"), (folder.path(), "folder")] {
            let refused = super::read(path).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
    }
}
