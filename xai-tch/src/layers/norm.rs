//! tch's norms.

use tch::nn::{self, Module};
use tch::{TchError, Tensor as Torch};
use xai_core::nn::{ChannelAffine, GroupNorm, LayerNorm};
use xai_core::{Error, Layer, Opaque, Result};

use super::settings::Settings;
use super::{Value, in_evaluation, kept, length, opaque, weight};
use crate::backend::wide;
use crate::failure::failed;
use crate::tape::is_training;
use crate::{HostFloat, LibTorch, Placement};

impl<E: HostFloat> Layer<LibTorch<E>> for nn::BatchNorm {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        x.only_evaluated("BatchNorm")?;
        let Some(eps) = Settings::of(self).and_then(|settings| settings.number("eps")) else {
            let placement = Placement::of(&self.running_mean);
            return Ok(x.opaque(opaque(|x| in_evaluation(self, x)).affine().placed(Some(placement))));
        };
        let axes = if self.nd == 1 { 2..=3 } else { self.nd + 2..=self.nd + 2 };
        if let Some(got) = x.shape().ok().filter(|shape| !axes.contains(&shape.len())) {
            let reason = format!("the batch norm of {} dimensions takes {axes:?} axes", self.nd);
            return Err(Error::InvalidShape { what: "input of BatchNorm".into(), got, reason });
        }
        let scaled = || scale_and_shift(self, eps);
        let (scale, shift) = if is_training() { scaled() } else { tch::no_grad(scaled) }.map_err(failed)?;
        Ok(x.op(ChannelAffine { scale: weight(&scale), shift: weight(&shift) }))
    }
}

/// Scale and shift by the running statistics, step by step as libtorch computes them.
fn scale_and_shift(norm: &nn::BatchNorm, eps: f64) -> std::result::Result<(Torch, Torch), TchError> {
    let kind = norm.running_mean.f_kind()?;
    let widened = |t: &Torch| kept(t)?.f_to_kind(wide(kind));
    let mut scale = widened(&norm.running_var)?.f_add_scalar(eps)?.f_sqrt_()?.f_reciprocal_()?;
    if let Some(weight) = &norm.ws {
        scale = scale.f_mul(&widened(weight)?)?;
    }
    let bias = norm.bs.as_ref().map_or_else(|| scale.f_zeros_like(), widened)?;
    let shift = bias.f_addcmul(&widened(&norm.running_mean)?.f_neg()?, &scale)?;
    Ok((scale.f_to_kind(kind)?, shift.f_to_kind(kind)?))
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::LayerNorm {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        let Some(eps) = Settings::of(self).and_then(|settings| settings.number("eps")) else {
            return Ok(x.opaque(by_its_statistics(self, self.ws.as_ref())));
        };
        let axes = self.normalized_shape.len();
        // With a weight, the operation checks it.
        if let Some(shape) = x.shape().ok().filter(|_| self.ws.is_none()) {
            let expected: Vec<usize> = self.normalized_shape.iter().copied().filter_map(length).collect();
            Error::check_shape(
                "last axes of the input of LayerNorm",
                &expected,
                &shape[shape.len().saturating_sub(axes)..],
            )?;
        }
        let (weight, bias) = (self.ws.as_ref().map(weight), self.bs.as_ref().map(weight));
        Ok(x.op(LayerNorm { axes, weight, bias, eps }))
    }
}

impl<E: HostFloat> Layer<LibTorch<E>> for nn::GroupNorm {
    fn trace<'m>(&'m self, x: Value<'m, E>) -> Result<Value<'m, E>> {
        let eps = Settings::of(self).and_then(|settings| settings.number("eps"));
        let (Some(eps), Some(groups)) = (eps, length(self.num_groups)) else {
            return Ok(x.opaque(by_its_statistics(self, self.ws.as_ref())));
        };
        let (weight, bias) = (self.ws.as_ref().map(weight), self.bs.as_ref().map(weight));
        Ok(x.op(GroupNorm { groups, weight, bias, eps }))
    }
}

/// A norm by the input's own statistics; its weights are optional.
fn by_its_statistics<'m, E: HostFloat, L: Module>(layer: &'m L, weight: Option<&Torch>) -> Opaque<'m, LibTorch<E>> {
    opaque(|x| layer.forward(x)).placed(weight.map(Placement::of))
}
