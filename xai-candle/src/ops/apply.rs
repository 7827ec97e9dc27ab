//! Any operation, in one function.

use candle_core::{Error, Result, Tensor};
use xai_core::nn::Op;

use super::on_tape;
use crate::Candle;

/// Any operation of the vocabulary that has one input, on candle's tape: the other functions here in one.
///
/// # Errors
/// When the input does not fit the operation, and candle's own.
pub fn apply(op: impl Into<Op<Candle>>, x: &Tensor) -> Result<Tensor> {
    on_tape(&op.into(), x).map_err(Error::wrap)
}
