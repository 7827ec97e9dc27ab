//! Layers written on a tensor of candle's tape.

use candle_core::Tensor;
use xai_core::nn::Binary;
use xai_core::{Op, Result};

use super::Value;
use crate::error::failed;
use crate::explaining::kept;
use crate::{Candle, ops};

/// Arithmetic of two tensors, on the tape of both.
pub(crate) fn combined(op: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match op {
        Binary::Add => a.broadcast_add(b),
        Binary::Sub => a.broadcast_sub(b),
        Binary::Mul => a.broadcast_mul(b),
        Binary::Div => a.broadcast_div(b),
    }
    .map_err(failed)
}

/// Computed at once, with our gradients on its tape.
impl Value<'_> for Tensor {
    type Host = f32;

    fn is_on_tape(&self) -> bool {
        true
    }

    fn only_evaluated(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn shape(&self) -> Option<Vec<usize>> {
        Some(self.dims().to_vec())
    }

    fn through(self, op: impl Into<Op<Candle>>) -> Result<Self> {
        ops::on_tape(&op.into(), &self)
    }

    fn with(self, op: Binary, other: &Self) -> Result<Self> {
        combined(op, &self, other)
    }

    fn beside(&self, weight: &Tensor) -> Self {
        kept(weight)
    }

    fn moved(&self, op: impl Fn(&[usize]) -> Result<Op<Candle>>) -> Result<Self> {
        ops::on_tape(&op(self.dims())?, self)
    }
}
