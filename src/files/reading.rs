//! Reading a file, and what may be wrong with it.

use std::path::Path;

use crate::{BoxError, Error, Result};

fn unreadable(path: &Path, source: impl Into<BoxError>) -> Error {
    Error::File { action: "read", path: path.to_owned(), source: source.into() }
}

/// The bytes of a file, and what `decode` makes of them; its errors name the file.
pub(super) fn read<T>(path: &Path, decode: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    let bytes = crate::regular::read(path).map_err(|e| unreadable(path, e))?;
    let what = foreign(&bytes).map(|what| bad_format(format!("it is no safetensors file, but {what}")));
    what.map_or_else(|| decode(&bytes), Err).map_err(|e| unreadable(path, e))
}

/// What a file is that has another format's beginning.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("a PNG picture"),
        [0xFF, 0xD8, 0xFF, ..] => Some("a JPEG picture"),
        [b'P', b'K', 3 | 5, ..] => {
            Some("a zip archive, as PyTorch's .pt files are: save the state dict as safetensors")
        }
        [0x80, 2..=5, ..] => Some("a pickle, as old PyTorch files are: save the state dict as safetensors"),
        [0x89, b'H', b'D', b'F', ..] => Some("an HDF5 file, as Keras writes"),
        [b'G', b'G', b'U', b'F', ..] => Some("a GGUF file"),
        // A header's length, then its JSON.
        [_, _, _, _, _, _, _, _, b'{' | b' ', ..] => None,
        _ => Some("something else: it does not begin with the length of a header and `{`"),
    }
}

pub(super) fn bad_format(source: impl Into<BoxError>) -> Error {
    Error::backend("safetensors", source)
}
