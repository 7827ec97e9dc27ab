//! Numbers that a way back needs as they were.

use tch::Tensor as Torch;
use xai_core::{Error, Result};

use crate::failure::failed;

/// A tensor that is kept for the way back. A tape of libtorch's refuses one that has been written to since; so does
/// this.
pub(crate) struct Unwritten {
    tensor: Torch,
    version: i64,
}

impl Unwritten {
    pub(crate) fn of(tensor: Torch) -> Result<Self> {
        let version = tensor.f_internal_version().map_err(failed)?;
        Ok(Unwritten { tensor, version })
    }

    /// The tensor, unless an operation in place has written to it, or to what it shares its numbers with.
    pub(crate) fn read(&self) -> Result<&Torch> {
        if self.tensor.f_internal_version().map_err(failed)? == self.version {
            return Ok(&self.tensor);
        }
        let what = "a tensor that the way back needs was written to by an operation in place since the forward pass";
        Err(Error::backend("libtorch", what))
    }
}
