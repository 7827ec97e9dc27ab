//! Reading a file, and what may be wrong with it.

use std::path::Path;

use crate::{BoxError, Error, Result};

fn unreadable(path: &Path, source: impl Into<BoxError>) -> Error {
    Error::File { action: "read", path: path.to_owned(), source: source.into() }
}

/// The bytes of a file, and what `decode` makes of them; its errors name the file.
pub(super) fn read<T>(path: &Path, decode: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, e))?;
    decode(&bytes).map_err(|e| unreadable(path, e))
}

pub(super) fn bad_format(source: impl Into<BoxError>) -> Error {
    Error::backend("safetensors", source)
}
