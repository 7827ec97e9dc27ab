//! candle's tensors as what an analysis is given.

use std::vec::IntoIter;

use candle_core::Tensor;
use xai_core::{Found, Ids, Input, Native, NotExplained, Part, Result, Several};

use crate::{Candle, Host};

/// A candle tensor is explained as an array is, and its values are a candle tensor: on the model's device and in its
/// number type, whatever the input's were. A tape that it is on is left alone.
impl<E: Host> Input<Candle<E>> for &Tensor {
    type Dims = Native<Candle<E>>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, Candle<E>>>) -> Result<()> {
        to.push(Part::tensor(*self)?);
        Ok(())
    }
    fn values(analyzer: &str, from: &mut IntoIter<Found<Candle<E>>>) -> Result<Tensor> {
        Found::next_tensor(analyzer, from)
    }
}

/// Token ids, in any number type of candle's.
impl<E: Host> Input<Candle<E>> for Ids<&Tensor> {
    type Dims = Several<NotExplained>;
    fn parts<'a>(&'a self, to: &mut Vec<Part<'a, Candle<E>>>) -> Result<()> {
        to.push(Part::tensor(self.0)?.counted());
        Ok(())
    }
    fn values(_: &str, _: &mut IntoIter<Found<Candle<E>>>) -> Result<()> {
        Ok(())
    }
}
