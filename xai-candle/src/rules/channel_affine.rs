//! A scale and a shift for each channel.

use candle_core::{Error, Result, Tensor};
use xai_core::nn::ChannelAffine;

use super::{ExecutionPath, Pull, Ruled};
use crate::host::{Numbers, with_number_type};
use crate::kernels::elementwise;
use crate::weights::beside;
use crate::{Candle, Host};

/// y = scale · x + shift, dx = scale · v.
pub(super) fn channel_affine<E: Host>(way: ExecutionPath, op: &ChannelAffine<Candle<E>>, x: &Tensor) -> Ruled {
    let (scale, shift) = (beside(&op.scale, x)?, beside(&op.shift, x)?);
    let y = apply(way, x, &scale, Some(&shift))?;
    let pull: Pull = Box::new(move |v| apply(way, v, &scale, None));
    Ok((y, pull))
}

fn apply(way: ExecutionPath, x: &Tensor, scale: &Tensor, shift: Option<&Tensor>) -> Result<Tensor> {
    match way {
        ExecutionPath::Kernels => with_number_type!(x.dtype(), T => in_one_pass::<T>(x, scale, shift)),
        ExecutionPath::TensorOps => {
            let mut channels = vec![1; x.rank()];
            channels[1] = scale.elem_count();
            let scaled = x.broadcast_mul(&scale.reshape(&channels[..])?)?;
            match shift {
                Some(shift) => scaled.broadcast_add(&shift.reshape(&channels[..])?),
                None => Ok(scaled),
            }
        }
    }
}

fn in_one_pass<T: Host>(x: &Tensor, scale: &Tensor, shift: Option<&Tensor>) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (channels, plane) = (x.dim(1)?, x.dims()[2..].iter().product());
    let (x_numbers, scale) = (Numbers::of(&x)?, Numbers::of(scale)?);
    let shift = shift.map(Numbers::of).transpose()?;
    let none = vec![T::zero(); if shift.is_none() { channels } else { 0 }];
    let shift = shift.as_ref().map_or(Ok(&none[..]), Numbers::slice::<T>)?;
    let y = elementwise::channel_affine(x_numbers.slice::<T>()?, scale.slice::<T>()?, shift, channels, plane);
    Tensor::from_vec(y.map_err(Error::wrap)?, x.shape(), x.device())
}
