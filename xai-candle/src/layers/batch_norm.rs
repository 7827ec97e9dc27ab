//! `candle_nn::BatchNorm` in evaluation mode, and `Dropout`, which then does nothing.

use candle_core::Tensor;
use xai_core::{Result, nn};

use super::{AnyOp, OwnGradient, weight};
use crate::backend::failed;
use crate::rules::{self, Pull, in_number_type};

impl OwnGradient for candle_nn::BatchNorm {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let (mean, variance) = (self.running_mean(), self.running_var());
        let affine = self.weight_and_bias();
        let (scale, shift) = scale_and_shift(mean, variance, affine, self.eps()).map_err(failed)?;
        let op = nn::ChannelAffine { scale: weight(&scale), shift: weight(&shift) };
        rules::vjp(AnyOp::ChannelAffine(&op), x)
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.running_mean())
    }

    fn is_affine(&self) -> bool {
        true
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
    let read = |t: &Tensor| t.detach().to_dtype(wide(mean));
    let inverse = read(variance)?.affine(1.0, eps)?.sqrt()?.recip()?;
    let mean = read(mean)?;
    match affine {
        Some((gamma, beta)) => {
            let scale = (read(gamma)? * inverse)?;
            let shift = (read(beta)? - (mean * &scale)?)?;
            Ok((scale, shift))
        }
        None => {
            let shift = (mean * &inverse)?.neg()?;
            Ok((inverse, shift))
        }
    }
}

impl OwnGradient for candle_nn::Dropout {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        in_number_type(x, true, |x| {
            let pull: Pull = Box::new(|v| Ok(v.clone()));
            Ok((x.clone(), pull))
        })
    }

    fn is_affine(&self) -> bool {
        true
    }
}
