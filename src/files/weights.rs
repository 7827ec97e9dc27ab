//! Weights of a network from a file.

use std::path::Path;

use super::arrays::decode_arrays;
use super::reading::read;
use crate::nn::Weights;
use crate::{Backend, Result};

/// The weights in a safetensors file, by name, to be brought to a placement as the layers ask for them.
///
/// Tensors may be of any float type; each number becomes the nearest `B::Elem`, and then what the placement says.
///
/// ```no_run
/// use xai::nn::Linear;
/// use xai::{NdArray, files};
///
/// let weights = files::read_weights::<NdArray>("network.safetensors", ())?;
/// let classifier = Linear::load(&weights.at("classifier"))?;
/// # Ok::<(), xai::Error>(())
/// ```
///
/// # Errors
/// As [`read_arrays`](super::read_arrays).
pub fn read_weights<B: Backend>(path: impl AsRef<Path>, placement: impl Into<B::Placement>) -> Result<Weights<B>> {
    read(path.as_ref(), |bytes| decode_weights(bytes, placement))
}

/// As [`read_weights`], from the file's bytes.
///
/// # Errors
/// As [`decode_arrays`].
pub fn decode_weights<B: Backend>(bytes: &[u8], placement: impl Into<B::Placement>) -> Result<Weights<B>> {
    Weights::new(decode_arrays::<B::Elem>(bytes)?, placement)
}
