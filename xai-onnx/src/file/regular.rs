//! Reading files that have an end.

use std::io;
use std::path::Path;

/// The bytes of a regular file: a pipe would be waited for, and a device has no end.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        return std::fs::read(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a folder, a device or a pipe; give the name of a file"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn only_files_are_read() {
        for path in [".", "/dev/zero"] {
            let path = Path::new(path);
            assert!(!path.exists() || super::read_file(path).unwrap_err().to_string().contains("give the name"));
        }
    }
}
