//! `candle_nn::LayerNorm` and `RmsNorm`, whose gradient candle cuts.

use xai_core::nn::Binary;
use xai_core::{Error, Result, nn};

use super::{OwnGradient, Value};
use crate::weights::constant;

impl OwnGradient for candle_nn::LayerNorm {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let (scale, bias, eps) = (Some(constant(self.weight())), self.bias(), self.eps());
        if self.remove_mean() {
            return x.through(nn::LayerNorm { axes: 1, weight: scale, bias: bias.map(constant), eps });
        }
        let y = x.through(nn::RmsNorm { weight: scale, eps })?;
        let Some(bias) = bias else { return Ok(y) };
        Error::check_shape("bias", self.weight().dims(), bias.dims())?;
        let bias = y.beside(bias);
        y.with(Binary::Add, &bias)
    }
}

impl OwnGradient for candle_nn::RmsNorm {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        x.through(nn::RmsNorm { weight: Some(constant(self.weight())), eps: self.eps() })
    }
}
