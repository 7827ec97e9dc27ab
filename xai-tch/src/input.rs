//! tch's tensors as what an analysis is given.

use std::vec::IntoIter;

use tch::Tensor;
use xai_core::{Found, Ids, Input, Native, NotExplained, Part, Result, Several};

use crate::{HostFloat, LibTorch};

/// A tch tensor is explained as an array is, and its values are a tch tensor: on the model's device and in its
/// number type, whatever the input's were. A tape that it is on is left alone.
impl<E: HostFloat> Input<LibTorch<E>> for &Tensor {
    type Dims = Native<LibTorch<E>>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, LibTorch<E>>>) -> Result<()> {
        to.push(Part::tensor(*self)?);
        Ok(())
    }
    fn values(analyzer: &str, from: &mut IntoIter<Found<LibTorch<E>>>) -> Result<Tensor> {
        Found::next_tensor(analyzer, from)
    }
}

/// Token ids, in any kind.
impl<E: HostFloat> Input<LibTorch<E>> for Ids<&Tensor> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, LibTorch<E>>>) -> Result<()> {
        to.push(Part::tensor(self.0)?.counted());
        Ok(())
    }
    fn values(_: &str, _: &mut IntoIter<Found<LibTorch<E>>>) -> Result<()> {
        Ok(())
    }
}
