//! Layers written on a tensor of candle's tape.

use candle_core::Tensor;
use xai_core::Result;
use xai_core::nn::{Binary, Op};

use super::{Rule, Value};
use crate::error::failed;
use crate::{Candle, ops};

/// Computed at once, with our gradients on its tape.
impl Value<'_> for Tensor {
    type Host = f32;

    fn through(self, op: impl Into<Op<Candle>>) -> Result<Self> {
        ops::on_tape(&op.into(), &self)
    }

    fn with(self, op: Binary, other: &Self) -> Result<Self> {
        match op {
            Binary::Add => self.broadcast_add(other),
            Binary::Sub => self.broadcast_sub(other),
            Binary::Mul => self.broadcast_mul(other),
            Binary::Div => self.broadcast_div(other),
        }
        .map_err(failed)
    }

    fn beside(&self, weight: &Tensor) -> Self {
        weight.detach()
    }

    fn moved(&self, op: impl Fn(&[usize]) -> Result<Op<Candle>>) -> Result<Self> {
        ops::on_tape(&op(self.dims())?, self)
    }

    fn by_rule(self, rule: impl Rule) -> Result<Self> {
        ops::ruled(name_of(&rule), &self, rule.run(&self)?)
    }
}

fn name_of<R: Rule>(_: &R) -> &'static str {
    R::NAME
}
