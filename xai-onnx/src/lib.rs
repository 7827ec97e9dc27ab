//! ONNX files as networks that can be explained, on any backend.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod fault;
mod file;
mod network;
mod ops;
mod tape;
mod value;
mod write;

use std::path::Path;

use ndarray::ArrayD;
use xai_core::{Backend, Error, Result};

pub use self::fault::{Fault, Refused};
pub use self::network::{Network, Reader, Signature};
pub use self::value::ElementType;

/// Reads an ONNX file as a network: [`Reader`] has the settings.
///
/// # Errors
/// [`Error::File`], with the [`Fault`] as its source.
pub fn read<B: Backend>(path: impl AsRef<Path>) -> Result<Network<B>> {
    Reader::new().read(path)
}

/// Reads a tensor by itself, as the ONNX project stores inputs and outputs (`input_0.pb`): its name and its numbers,
/// exact up to 2⁵³ where they are whole numbers.
///
/// # Errors
/// [`Error::File`], with the [`Fault`] as its source.
pub fn read_tensor(path: impl AsRef<Path>) -> Result<(String, ElementType, ArrayD<f64>)> {
    let path = path.as_ref();
    let failed = |source| Error::File { action: "read", path: path.to_path_buf(), source };
    let bytes = std::fs::read(path).map_err(|error| failed(error.into()))?;
    let (name, known) = file::read_tensor(bytes.into()).map_err(|fault| failed(fault.into()))?;
    Ok((name, known.element, known.numbers()))
}
