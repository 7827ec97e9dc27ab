//! Norms by candle's own operations, which run on any device.

use candle_core::{Result, Tensor};

use super::Norm;
use crate::rules::{Pull, Ruled};

impl Norm {
    pub(super) fn by_tensor_ops(self, x: &Tensor) -> Ruled {
        let shape = x.shape().clone();
        let x = x.reshape((self.rows, self.length))?;
        let x = if self.centred { x.broadcast_sub(&self.mean(&x)?)? } else { x };
        let deviation = self.mean(&x.sqr()?)?.affine(1.0, self.eps)?.sqrt()?;
        let normal = x.broadcast_div(&deviation)?;
        let mut y = normal.reshape(&self.scaled_as[..])?;
        if let Some(weight) = &self.weight {
            y = y.broadcast_mul(&weight.unsqueeze(2)?)?;
        }
        if let Some(bias) = &self.bias {
            y = y.broadcast_add(&bias.unsqueeze(2)?)?;
        }
        let y = y.reshape(&shape)?;
        let pull: Pull = Box::new(move |v| self.pull(v, &normal, &deviation)?.reshape(&shape));
        Ok((y, pull))
    }

    /// With g = weight · v: dx = (g - mean(g) - x̂ · mean(g · x̂)) / deviation.
    fn pull(&self, v: &Tensor, normal: &Tensor, deviation: &Tensor) -> Result<Tensor> {
        let mut g = v.reshape(&self.scaled_as[..])?;
        if let Some(weight) = &self.weight {
            g = g.broadcast_mul(&weight.unsqueeze(2)?)?;
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
