//! Norms whose statistics depend on the input.

mod tensor_ops;

use candle_core::{Error, Result, Tensor};
use xai_core::nn::{GroupNorm, LayerNorm, RmsNorm};

use super::{ExecutionPath, Pull, Ruled};
use crate::host::{Numbers, with_number_type};
use crate::kernels::rows;
use crate::weights::beside_if_any;
use crate::{Candle, Host};

pub(super) fn layer_norm<E: Host>(way: ExecutionPath, op: &LayerNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let from = x.rank() - op.axes;
    let length = x.dims()[from..].iter().product::<usize>();
    let rows = x.dims()[..from].iter().product::<usize>();
    let as_row = |t: Tensor| t.reshape((1, length));
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(as_row).transpose()?;
    let bias = beside_if_any(op.bias.as_ref(), x)?.map(as_row).transpose()?;
    Norm { rows, length, centred: true, eps: op.eps, scaled_as: [rows, length, 1], weight, bias }.rule(way, x)
}

pub(super) fn rms_norm<E: Host>(way: ExecutionPath, op: &RmsNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let length = x.dim(candle_core::D::Minus1)?;
    let rows = x.dims()[..x.rank() - 1].iter().product::<usize>();
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(|w| w.reshape((1, length))).transpose()?;
    let scaled_as = [rows, length, 1];
    Norm { rows, length, centred: false, eps: op.eps, scaled_as, weight, bias: None }.rule(way, x)
}

pub(super) fn group_norm<E: Host>(way: ExecutionPath, op: &GroupNorm<Candle<E>>, x: &Tensor) -> Ruled {
    let (batch, channels) = (x.dim(0)?, x.dim(1)?);
    let plane = x.dims()[2..].iter().product::<usize>();
    let as_channels = |t: Tensor| t.reshape((1, channels));
    let weight = beside_if_any(op.weight.as_ref(), x)?.map(as_channels).transpose()?;
    let bias = beside_if_any(op.bias.as_ref(), x)?.map(as_channels).transpose()?;
    let (rows, length) = (batch * op.groups, channels / op.groups * plane);
    Norm { rows, length, centred: true, eps: op.eps, scaled_as: [batch, channels, plane], weight, bias }.rule(way, x)
}

/// Rows that are normalised one by one: x̂ = (x - mean) / √(mean((x - mean)²) + ε), y = x̂ · weight + bias; without
/// the mean if not centred.
struct Norm {
    rows: usize,
    length: usize,
    centred: bool,
    eps: f64,
    /// The shape of which the middle axis has a weight and a bias for each place.
    scaled_as: [usize; 3],
    weight: Option<Tensor>,
    bias: Option<Tensor>,
}

impl Norm {
    fn rule(self, way: ExecutionPath, x: &Tensor) -> Ruled {
        match way {
            ExecutionPath::Kernels => with_number_type!(x.dtype(), T => self.by_rows::<T>(x)),
            ExecutionPath::TensorOps => self.by_tensor_ops(x),
        }
    }

    fn by_rows<T: Host>(self, x: &Tensor) -> Ruled {
        let x = x.contiguous()?;
        let (y, statistics) =
            self.opened::<T, _>(|norm| norm.forward(Numbers::of(&x)?.slice()?).map_err(Error::wrap))?;
        let y = Tensor::from_vec(y, x.shape(), x.device())?;
        let pull: Pull = Box::new(move |v| {
            let v = v.contiguous()?;
            let (x_numbers, v) = (Numbers::of(&x)?, Numbers::of(&v)?);
            let back =
                |norm: rows::Norm<'_, T>| norm.vjp(x_numbers.slice()?, &statistics, v.slice()?).map_err(Error::wrap);
            Tensor::from_vec(self.opened(back)?, x.shape(), x.device())
        });
        Ok((y, pull))
    }

    /// What the kernel does, with the weights opened for it.
    fn opened<T: Host, R>(&self, run: impl FnOnce(rows::Norm<'_, T>) -> Result<R>) -> Result<R> {
        let weight = self.weight.as_ref().map(Numbers::of).transpose()?;
        let bias = self.bias.as_ref().map(Numbers::of).transpose()?;
        run(rows::Norm {
            length: self.length,
            centred: self.centred,
            eps: T::of(self.eps),
            plane: self.scaled_as[2],
            weight: weight.as_ref().map(Numbers::slice::<T>).transpose()?,
            bias: bias.as_ref().map(Numbers::slice::<T>).transpose()?,
        })
    }
}
