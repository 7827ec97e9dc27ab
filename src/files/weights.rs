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
///
/// ```
/// use std::collections::BTreeMap;
///
/// use ndarray::array;
/// use xai::nn::Linear;
/// use xai::{Differentiable, NdArray, Net, files};
///
/// let arrays = BTreeMap::from([("classifier.weight".to_owned(), array![[2.0f64, -1.0]].into_dyn())]);
/// let weights = files::decode_weights::<NdArray<f64>>(&files::encode_arrays(&arrays)?, ())?;
/// let net = Net::<NdArray<f64>, _>::new(Linear::load(&weights.at("classifier"))?);
/// assert_eq!(net.predict(array![[3.0, 1.0]].view().into_dyn())?, array![[5.0]].into_dyn());
/// assert!(weights.unused().is_empty());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn decode_weights<B: Backend>(bytes: &[u8], placement: impl Into<B::Placement>) -> Result<Weights<B>> {
    Weights::new(decode_arrays::<B::Elem>(bytes)?, placement)
}
