//! Norms whose statistics depend on the input.

use candle_core::{Result, Tensor};
use xai_core::nn::{GroupNorm, LayerNorm, RmsNorm};

use super::{Pull, Ruled};
use crate::weights::beside_if_any;
use crate::{Candle, Host};

pub(super) fn layer_norm<E: Host>(op: &LayerNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let from = x.rank() - op.axes;
    let length = x.dims()[from..].iter().product::<usize>();
    let rows = x.dims()[..from].iter().product::<usize>();
    let as_row = |t: Tensor| t.reshape((1, length));
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(as_row).transpose()?;
    let bias = beside_if_any(op.bias.as_ref(), x)?.map(as_row).transpose()?;
    Norm { rows, length, centred: true, eps: op.eps, scaled_as: vec![rows, length], weight, bias }.rule(x)
}

pub(super) fn rms_norm<E: Host>(op: &RmsNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let length = x.dim(candle_core::D::Minus1)?;
    let rows = x.dims()[..x.rank() - 1].iter().product::<usize>();
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(|w| w.reshape((1, length))).transpose()?;
    Norm { rows, length, centred: false, eps: op.eps, scaled_as: vec![rows, length], weight, bias: None }.rule(x)
}

pub(super) fn group_norm<E: Host>(op: &GroupNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let (batch, channels) = (x.dim(0)?, x.dim(1)?);
    let plane = x.dims()[2..].iter().product::<usize>();
    let as_channels = |t: Tensor| t.reshape((1, channels, 1));
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(as_channels).transpose()?;
    let bias = beside_if_any(op.bias.as_ref(), x)?.map(as_channels).transpose()?;
    let (rows, length) = (batch * op.groups, channels / op.groups * plane);
    Norm { rows, length, centred: true, eps: op.eps, scaled_as: vec![batch, channels, plane], weight, bias }.rule(x)
}

/// Rows that are normalised one by one: x̂ = (x - mean) / √(mean((x - mean)²) + ε), y = x̂ · weight + bias; without
/// the mean if not centred.
struct Norm {
    rows: usize,
    length: usize,
    centred: bool,
    eps: f64,
    /// The shape in which weight and bias broadcast.
    scaled_as: Vec<usize>,
    weight: Option<Tensor>,
    bias: Option<Tensor>,
}

impl Norm {
    fn rule(self, x: &Tensor) -> Ruled {
        let shape = x.shape().clone();
        let x = x.reshape((self.rows, self.length))?;
        let x = if self.centred { x.broadcast_sub(&self.mean(&x)?)? } else { x };
        let deviation = self.mean(&x.sqr()?)?.affine(1.0, self.eps)?.sqrt()?;
        let normal = x.broadcast_div(&deviation)?;
        let mut y = normal.reshape(&self.scaled_as[..])?;
        if let Some(weight) = &self.weight {
            y = y.broadcast_mul(weight)?;
        }
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(bias)?;
        }
        let y = y.reshape(&shape)?;
        let pull: Pull = Box::new(move |v| self.pull(v, &normal, &deviation)?.reshape(&shape));
        Ok((y, pull))
    }

    /// With g = weight · v: dx = (g - mean(g) - x̂ · mean(g · x̂)) / deviation.
    fn pull(&self, v: &Tensor, normal: &Tensor, deviation: &Tensor) -> Result<Tensor> {
        let mut g = v.reshape(&self.scaled_as[..])?;
        if let Some(weight) = &self.weight {
            g = g.broadcast_mul(weight)?;
        }
        let g = g.reshape((self.rows, self.length))?;
        let along = normal.broadcast_mul(&self.mean(&(&g * normal)?)?)?;
        let rest = if self.centred { g.broadcast_sub(&self.mean(&g)?)? } else { g };
        (rest - along)?.broadcast_div(deviation)
    }

    #[allow(clippy::cast_precision_loss)]
    fn mean(&self, t: &Tensor) -> Result<Tensor> {
        t.sum_keepdim(1)?.affine(1.0 / self.length as f64, 0.0)
    }
}
