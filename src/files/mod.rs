//! Explanations and arrays in safetensors files.
//!
//! [`save`] and [`load`] keep an [`Explanation`](crate::Explanation), [`load_several`] one of several inputs;
//! [`read_weights`] reads the weights of a network, [`read_arrays`] the tensors of any file, and [`encode_arrays`]
//! and [`encode_arrays_with`] write arrays for other programs to read. Files appear whole or not at all.
//!
//! ```
//! use ndarray::{Array4, array};
//! use xai::{Explanation, Extras, Kind, Selection, files};
//!
//! let output = array![[0.1f32, 0.7]].into_dyn();
//! let selection = Selection::new(vec![vec![1]], output.shape())?;
//! let values = Array4::<f32>::ones((1, 3, 2, 2));
//! let why = Explanation::new(values, output, selection, "Gradient", Kind::Sensitivity, Extras::default());
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("why.safetensors");
//! files::save(&path, &why)?;
//! assert_eq!(files::load::<f32>(&path)?, why.into_dyn());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arrays;
mod entries;
mod explanation;
mod number;
mod reading;
mod weights;

pub use self::arrays::{decode_arrays, encode_arrays, encode_arrays_with, read_arrays};
pub use self::explanation::{decode, decode_several, encode, load, load_several, save};
pub use self::weights::{decode_weights, read_weights};
