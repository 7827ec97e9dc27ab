//! A scale and a shift for each channel.

use super::array::{Array, Pull, flat, numbers, shaped};
use crate::op::ChannelAffine;
use crate::{Element, NdArray, Result};

pub(super) fn forward<F: Element>(affine: &ChannelAffine<NdArray<F>>, x: &Array<F>) -> Result<Array<F>> {
    let (scale, shift) = (numbers(&affine.scale), numbers(&affine.shift));
    let (scale, shift) = (flat(&scale), flat(&shift));
    by_channel(x, |x, channel| scale[channel] * x + shift[channel])
}

pub(super) fn vjp<F: Element>(affine: &ChannelAffine<NdArray<F>>, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let y = forward(affine, x)?;
    let scale = numbers(&affine.scale);
    let pull = move |v: &Array<F>| {
        let scale = flat(&scale);
        by_channel(v, |v, channel| scale[channel] * v)
    };
    Ok((y, Box::new(pull)))
}

fn by_channel<F: Element>(t: &Array<F>, f: impl Fn(F, usize) -> F) -> Result<Array<F>> {
    let (channels, inner) = (t.shape()[1], t.shape()[2..].iter().product::<usize>());
    let values = flat(t).iter().enumerate().map(|(i, &v)| f(v, i / inner % channels)).collect();
    shaped(t.shape(), values)
}
