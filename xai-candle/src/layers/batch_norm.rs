//! `candle_nn::BatchNorm` in evaluation mode, and `Dropout`, which then does nothing.

use candle_core::Tensor;
use xai_core::Result;
use xai_core::nn::{self, Op};

use super::{AnyOp, OwnGradient, weight};
use crate::backend::failed;
use crate::rules::{self, Pull, in_number_type};
use crate::{Candle, Host};

impl OwnGradient for candle_nn::BatchNorm {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        rules::vjp(AnyOp::ChannelAffine(&in_evaluation_mode(self).map_err(failed)?), x)
    }

    fn show<E: Host>(&self, see: &mut dyn FnMut(Op<'_, Candle<E>>)) {
        // Parameters that do not fit together are no operation: the rule says what is wrong with them.
        if let Ok(op) = in_evaluation_mode(self) {
            see(Op::ChannelAffine(&op));
        }
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.running_mean())
    }

    fn is_affine(&self) -> bool {
        true
    }
}

fn in_evaluation_mode<E: Host>(norm: &candle_nn::BatchNorm) -> candle_core::Result<nn::ChannelAffine<Candle<E>>> {
    let (mean, variance) = (norm.running_mean(), norm.running_var());
    let (scale, shift) = scale_and_shift(mean, variance, norm.weight_and_bias(), norm.eps())?;
    Ok(nn::ChannelAffine { scale: weight(&scale), shift: weight(&shift) })
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
