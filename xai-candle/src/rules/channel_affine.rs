//! A scale and a shift for each channel.

use candle_core::{Result, Tensor};
use rayon::prelude::*;
use xai_core::nn::ChannelAffine;

use super::{Pull, Ruled, Way, beside};
use crate::host::{Numbers, with_number_type};
use crate::{Candle, Host};

/// y = scale · x + shift, dx = scale · v.
pub(super) fn channel_affine<E: Host>(way: Way, op: &ChannelAffine<Candle<E>>, x: &Tensor) -> Ruled {
    let (scale, shift) = (beside(&op.scale, x)?, beside(&op.shift, x)?);
    let y = apply(way, x, &scale, Some(&shift))?;
    let pull: Pull = Box::new(move |v| apply(way, v, &scale, None));
    Ok((y, pull))
}

fn apply(way: Way, x: &Tensor, scale: &Tensor, shift: Option<&Tensor>) -> Result<Tensor> {
    match way {
        Way::Kernels => with_number_type!(x.dtype(), T => in_one_pass::<T>(x, scale, shift)),
        Way::TensorOps => {
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
    let plane = x.dims()[2..].iter().product::<usize>();
    let (numbers, scale, shift) = (Numbers::of(&x)?, Numbers::of(scale)?, shift.map(Numbers::of).transpose()?);
    let (numbers, scale) = (numbers.slice::<T>()?, scale.slice::<T>()?);
    let shift = shift.as_ref().map(Numbers::slice::<T>).transpose()?;
    let mut y = vec![T::zero(); numbers.len()];
    if plane > 0 {
        let planes = y.par_chunks_exact_mut(plane).zip(numbers.par_chunks_exact(plane)).enumerate();
        planes.with_min_len((1 << 14) / plane + 1).for_each(|(i, (y, x))| {
            let channel = i % scale.len();
            let (scale, shift) = (scale[channel], shift.map_or(T::zero(), |shift| shift[channel]));
            for (y, &x) in y.iter_mut().zip(x) {
                *y = scale * x + shift;
            }
        });
    }
    Tensor::from_vec(y, x.shape(), x.device())
}
