//! How a file is read: [`Reader`].

use std::marker::PhantomData;
use std::path::Path;

use prost::bytes::Bytes;
use xai_core::{Backend, Error, Result};

use super::Network;
use super::limits::Limits;
use crate::file::{Folder, Model, read_file};

/// So many numbers a value may have, and all that is brought into memory before any pass, unless it is said otherwise:
/// 2²⁸, two gigabytes in double precision, which is what is computed in beforehand.
const LIMIT: usize = 1 << 28;

/// How a file is read: [`read`](crate::read) with settings.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
/// use xai::onnx::Reader;
/// use xai::{Differentiable, NdArray};
///
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Conv2d_depthwise/model.onnx");
/// let shape = [vec![2, 4, 6, 6]];
/// let places = |limit| Reader::<NdArray>::new().limit(limit).read(path)?.places(&shape);
/// assert!(places(1000).is_ok());
/// assert!(places(10).is_err(), "288 numbers are more");
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader<B: Backend> {
    at: B::Placement,
    limits: Limits,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> Default for Reader<B> {
    fn default() -> Self {
        Reader::new()
    }
}

impl<B: Backend> Reader<B> {
    /// Weights at the backend's default place; limits that are those of [`limit`](Reader::limit) and
    /// [`pass_limit`](Reader::pass_limit).
    pub fn new() -> Self {
        Reader { at: B::Placement::default(), limits: Limits { numbers: LIMIT, pass: None }, backend: PhantomData }
    }

    /// Sets where the weights are brought, and in which number type.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use xai::onnx::Reader;
    /// use xai::{Differentiable, NdArray};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Linear/model.onnx");
    /// // Plain arrays have one place alone; candle and libtorch have devices and number types.
    /// let net = Reader::<NdArray>::new().at(()).read(path)?;
    /// assert_eq!(net.placement(), Some(()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn at(mut self, placement: impl Into<B::Placement>) -> Self {
        self.at = placement.into();
        self
    }

    /// Sets how many numbers one value of the network may have: a few bytes of a file can ask for any number of them.
    /// As many may be brought into memory before any pass, all together: constants, and what is computed beforehand
    /// and on the way there. Sixteen more may be for each byte of the file and each number of the inputs, which is
    /// enough for weights unless many nodes share a large one: each of them brings it for itself. It is 2²⁸ unless it
    /// is set, two gigabytes in the double precision that is computed in beforehand.
    ///
    /// [`Fault::TooLarge`](crate::Fault::TooLarge) otherwise, as soon as a network is asked for its graph.
    #[must_use]
    pub fn limit(mut self, numbers: usize) -> Self {
        self.limits.numbers = numbers;
        self
    }

    /// Sets how many numbers all values of one forward pass may have together, inputs among them and weights not; one
    /// value may then have as many. Unless it is set, they are as many as the [`limit`](Reader::limit), and 2¹⁴ more
    /// for each number of the inputs and each byte of the file: networks take far less, and a file that means harm
    /// cannot ask for all memory there is. A pass back, and methods that run many copies of an input at once, take a
    /// multiple of it.
    ///
    /// [`Fault::TooLarge`](crate::Fault::TooLarge) otherwise, before any pass.
    #[must_use]
    pub fn pass_limit(mut self, numbers: usize) -> Self {
        self.limits.pass = Some(numbers);
        self
    }

    /// Reads a file, with the numbers that it keeps in other files of its folder.
    ///
    /// # Errors
    /// [`Error::File`], with the [`Fault`](crate::Fault) as its source.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Network<B>> {
        let path = path.as_ref();
        let failed = |source| Error::File { action: "read", path: path.to_path_buf(), source };
        let bytes = read_file(path).map_err(|error| failed(error.into()))?;
        let model = Model::read(bytes.into(), &Folder::of(path)).map_err(|fault| failed(fault.into()))?;
        Ok(Network::new(model, self.at.clone(), self.limits))
    }

    /// Reads a model that is in memory, without other files.
    ///
    /// # Errors
    /// [`Error::Backend`], with the [`Fault`](crate::Fault) as its source.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_onnx as onnx; }
    /// use xai::NdArray;
    /// use xai::onnx::Reader;
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/test_Linear/model.onnx");
    /// let net = Reader::<NdArray>::new().parse(std::fs::read(path)?)?;
    /// assert_eq!(net.inputs()[0].to_string(), "0: f32 (4, 10)");
    /// assert!(Reader::<NdArray>::new().parse(*b"no network").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(&self, bytes: impl Into<Vec<u8>>) -> Result<Network<B>> {
        let model = Model::read(Bytes::from(bytes.into()), &Folder::default()).map_err(Error::from)?;
        Ok(Network::new(model, self.at.clone(), self.limits))
    }
}
