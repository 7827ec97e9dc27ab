//! `candle_nn::Linear`.

use candle_core::Tensor;
use xai_core::{Result, nn};

use super::{AnyOp, OwnGradient, weight};
use crate::rules::{self, Pull};

impl OwnGradient for candle_nn::Linear {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let op = nn::Linear { weight: weight(self.weight()), bias: self.bias().map(weight) };
        rules::vjp(AnyOp::Linear(&op), x)
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }

    fn is_affine(&self) -> bool {
        true
    }
}
