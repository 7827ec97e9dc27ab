//! `candle_nn::LayerNorm` and `RmsNorm`, whose gradient candle cuts.

use candle_core::Tensor;
use xai_core::{Error, Result, nn};

use super::{AnyOp, OwnGradient, weight};
use crate::backend::failed;
use crate::rules::{self, Pull};

impl OwnGradient for candle_nn::LayerNorm {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let (scale, bias, eps) = (Some(weight(self.weight())), self.bias(), self.eps());
        if self.remove_mean() {
            let op = nn::LayerNorm { axes: 1, weight: scale, bias: bias.map(weight), eps };
            return rules::vjp(AnyOp::LayerNorm(&op), x);
        }
        let (y, pull) = rules::vjp(AnyOp::RmsNorm(&nn::RmsNorm { weight: scale, eps }), x)?;
        let Some(bias) = bias else { return Ok((y, pull)) };
        Error::check_shape("bias", self.weight().dims(), bias.dims())?;
        let bias = bias.detach().to_dtype(y.dtype()).map_err(failed)?;
        Ok((y.broadcast_add(&bias).map_err(failed)?, pull))
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }
}

impl OwnGradient for candle_nn::RmsNorm {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let op = nn::RmsNorm { weight: Some(weight(self.weight())), eps: self.eps() };
        rules::vjp(AnyOp::RmsNorm(&op), x)
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }
}
