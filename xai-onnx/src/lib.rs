//! ONNX files as networks that can be explained, on any backend.
//!
//! [`read`] gives a [`Network`]: a [`Differentiable`](xai_core::Differentiable) made of the operations of
//! [`nn`](xai_core::nn), so that every analyzer looks into it, on candle, on libtorch and on plain arrays. Places have
//! the names of the file's nodes and of their outputs.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
//! use ndarray::Array4;
//! use xai::{Analyzer, Differentiable, GradCam, Gradient, MaxActivation, NdArray};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
//! let network = xai::onnx::read::<NdArray<f32>>(path)?;
//! assert_eq!(network.inputs()[0].to_string(), "0: f32 (2, 4, 6, 6)");
//!
//! let input = Array4::from_shape_fn((2, 4, 6, 6), |(b, c, y, x)| (b + c) as f32 + (y * x) as f32 / 10.0);
//! let why = Gradient.analyze(&network, &input, MaxActivation)?;
//! assert_eq!(why.values.dim(), (2, 4, 6, 6));
//!
//! let places = network.places(&[vec![2, 4, 6, 6]])?;
//! let maps = GradCam::at(&places[0].name).analyze(&network, &input, MaxActivation)?;
//! assert_eq!(maps.values.dim(), (2, 1, 4, 4));
//! # Ok::<(), xai::Error>(())
//! ```
//!
//! - What follows from the file and from shapes is computed beforehand, once for each shape of the inputs. Weights are
//!   brought to the backend once, in its own number type: a half-precision file runs in the backend's.
//! - [`Network::output`] takes any value of the file, as the scores before a softmax
//!   ([`Network::before_softmax`]); [`Network::fix`] makes an input a constant.
//! - A file that is frozen at one sample takes several: see [`Network::is_row_by_row`].
//! - Operators that cannot be explained are refused before any pass, all of them in one error
//!   ([`Fault::Refused`]): those that are not supported, quantised numbers, branches that depend on the data. What
//!   only has no gradient, as a rounding, runs forward, and is refused where a gradient has to pass through it.
//!   `docs/onnx-operators.md` lists operators and how they were tried.
//! - Opsets 1 to 28 are read, older than 6 as far as their operators stayed as they were: others are refused
//!   ([`Fault::Refused`]), and so is a newer opset, for it may mean something else by a name ([`Fault::Opset`]). Errors
//!   are inputs of a type that ONNX does not allow for an operator ([`Fault::Type`]), too many of them or too few
//!   ([`Fault::Node`]), and an output that is not of the type that the file declares ([`Fault::Tensor`]).
//! - Numbers that the file keeps elsewhere are read from its own folder alone. A file that is damaged, or means harm,
//!   gives a typed error: nothing is allocated beyond a constant times the file before a network is asked for, then no
//!   more than [`Reader::limit`], and a constant times the file and the numbers of the inputs, before any pass, and a
//!   pass is not begun whose values are more than [`Reader::pass_limit`].
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
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::{Differentiable, NdArray, onnx};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Linear");
/// # let (file, data) = (format!("{folder}/model.onnx"), format!("{folder}/test_data_set_0"));
/// let net = onnx::read::<NdArray<f64>>(file)?;
/// // What the ONNX project says that it computes.
/// let (_, _, x) = onnx::read_tensor(format!("{data}/input_0.pb"))?;
/// let (_, _, y) = onnx::read_tensor(format!("{data}/output_0.pb"))?;
/// assert!((net.predict(x.view())? - y).iter().all(|gap| gap.abs() < 1e-5));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn read<B: Backend>(path: impl AsRef<Path>) -> Result<Network<B>> {
    Reader::new().read(path)
}

/// Reads a tensor by itself, as the ONNX project stores inputs and outputs (`input_0.pb`): its name and its numbers,
/// exact up to 2⁵³ where they are whole numbers.
///
/// # Errors
/// [`Error::File`], with the [`Fault`] as its source.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::onnx::{ElementType, read_tensor};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/test_data_set_0/input_0.pb");
/// let (_, element, numbers) = read_tensor(path)?;
/// assert_eq!((element, numbers.shape()), (ElementType::F32, &[2, 4, 6, 6][..]));
/// # Ok::<(), xai::Error>(())
/// ```
pub fn read_tensor(path: impl AsRef<Path>) -> Result<(String, ElementType, ArrayD<f64>)> {
    let path = path.as_ref();
    let failed = |source| Error::File { action: "read", path: path.to_path_buf(), source };
    let bytes = file::read_file(path).map_err(|error| failed(error.into()))?;
    let (name, known) = file::read_tensor(bytes.into()).map_err(|fault| failed(fault.into()))?;
    Ok((name, known.element, known.numbers()))
}
