//! `candle_nn::BatchNorm` in evaluation mode.

use candle_core::Tensor;
use xai_core::{Result, nn};

use super::{OwnGradient, Value};
use crate::error::failed;
use crate::explaining::kept;
use crate::weights::constant;

impl OwnGradient for candle_nn::BatchNorm {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        x.only_evaluated("BatchNorm")?;
        let (mean, variance) = (self.running_mean(), self.running_var());
        let scaled = scale_and_shift(mean, variance, self.weight_and_bias(), self.eps());
        let (scale, shift) = scaled.map_err(failed)?;
        x.through(nn::ChannelAffine { scale: constant(&scale), shift: constant(&shift) })
    }
}

/// γ / √(σ² + ε) and β - μ · scale.
pub(crate) fn scale_and_shift(
    mean: &Tensor,
    variance: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let wide = |t: &Tensor| if t.dtype() == candle_core::DType::F64 { t.dtype() } else { candle_core::DType::F32 };
    let read = |t: &Tensor| t.to_dtype(wide(mean));
    // candle keeps the running numbers as variables: they are no weights to train.
    let (mean, variance) = (&mean.detach(), &variance.detach());
    let inverse = read(variance)?.affine(1.0, eps)?.sqrt()?.recip()?;
    let mean = read(mean)?;
    match affine {
        Some((gamma, beta)) => {
            let scale = (read(&kept(gamma))? * inverse)?;
            let shift = (read(&kept(beta))? - (mean * &scale)?)?;
            Ok((scale, shift))
        }
        None => {
            let shift = (mean * &inverse)?.neg()?;
            Ok((inverse, shift))
        }
    }
}
