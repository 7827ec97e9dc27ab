//! Named arrays in a file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ndarray::ArrayD;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::number;
use super::reading::{bad_format, read};
use crate::{Element, Result};

/// Every tensor of a safetensors file by its name: the weights of a network, an input, raw values.
///
/// Tensors may be of any float type (F16, BF16, F32, F64) or an integer type; each number becomes the nearest `E`.
///
/// # Errors
/// [`Error::File`](crate::Error::File) when the file cannot be read, is no safetensors file, or holds numbers of
/// another type.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use xai::files::{encode_arrays, read_arrays};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("map.safetensors");
/// let arrays = BTreeMap::from([("map".to_owned(), ndarray::array![[0.5f32, 1.0]].into_dyn())]);
/// std::fs::write(&path, encode_arrays(&arrays)?)?;
/// // Read in 64 bits, which loses nothing.
/// assert_eq!(read_arrays::<f64>(&path)?["map"], ndarray::array![[0.5, 1.0]].into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_arrays<E: Element>(path: impl AsRef<Path>) -> Result<BTreeMap<String, ArrayD<E>>> {
    read(path.as_ref(), decode_arrays)
}

/// As [`read_arrays`], from the file's bytes.
///
/// # Errors
/// [`Error::Backend`](crate::Error::Backend) when they are no safetensors file or hold numbers of another type.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use xai::files::{decode_arrays, encode_arrays};
///
/// let bytes = encode_arrays(&BTreeMap::from([("map".to_owned(), ndarray::array![0.5f64].into_dyn())]))?;
/// assert_eq!(decode_arrays::<f32>(&bytes)?["map"], ndarray::array![0.5f32].into_dyn());
/// assert!(decode_arrays::<f32>(b"no safetensors").is_err());
/// # Ok::<(), xai::Error>(())
/// ```
pub fn decode_arrays<E: Element>(bytes: &[u8]) -> Result<BTreeMap<String, ArrayD<E>>> {
    let file = SafeTensors::deserialize(bytes).map_err(bad_format)?;
    file.iter().map(|(name, tensor)| Ok((name.to_owned(), number::array(name, &tensor)?))).collect()
}

/// Named arrays as the bytes of a safetensors file, each in its own number type (F32 or F64).
///
/// Write them with [`Draft`](crate::disk::Draft), so that the file appears whole or not at all.
///
/// # Errors
/// [`Error::Backend`](crate::Error::Backend) when the header would be too large.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use xai::files::{decode_arrays, encode_arrays};
///
/// let arrays = BTreeMap::from([("map".to_owned(), ndarray::array![[0.5f32, 1.0]].into_dyn())]);
/// assert_eq!(decode_arrays::<f32>(&encode_arrays(&arrays)?)?, arrays);
/// # Ok::<(), xai::Error>(())
/// ```
pub fn encode_arrays<E: Element>(arrays: &BTreeMap<String, ArrayD<E>>) -> Result<Vec<u8>> {
    encode_arrays_with(arrays, &BTreeMap::new())
}

/// The same with entries of your own in the header, its metadata, which any reader of safetensors finds.
///
/// # Errors
/// As [`encode_arrays`].
///
/// ```
/// use std::collections::BTreeMap;
///
/// use xai::files::{decode_arrays, encode_arrays_with};
///
/// let arrays = BTreeMap::from([("map".to_owned(), ndarray::array![[0.5f32, 1.0]].into_dyn())]);
/// let bytes = encode_arrays_with(&arrays, &BTreeMap::from([("network".to_owned(), "a relu".to_owned())]))?;
/// assert_eq!(decode_arrays::<f32>(&bytes)?, arrays);
/// assert!(String::from_utf8_lossy(&bytes).contains(r#""network":"a relu""#));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn encode_arrays_with<E: Element>(
    arrays: &BTreeMap<String, ArrayD<E>>,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let bytes: Vec<Vec<u8>> = arrays.values().map(|array| number::bytes(array.view())).collect();
    let mut tensors = Vec::with_capacity(arrays.len());
    for ((name, array), bytes) in arrays.iter().zip(&bytes) {
        let view = TensorView::new(number::dtype::<E>(), array.shape().to_vec(), bytes).map_err(bad_format)?;
        tensors.push((name, view));
    }
    let metadata = metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    safetensors::serialize(tensors, Some(metadata).filter(|entries: &HashMap<_, _>| !entries.is_empty()))
        .map_err(bad_format)
}
