//! A scale and a shift for each channel.

use super::array::{Array, Pull, flat, numbers, shaped};
use super::on_host::OnHost;
use crate::op::ChannelAffine;
use crate::{Element, NdArray, Result};

impl<F: Element> OnHost<F> for ChannelAffine<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        let (scale, shift) = (numbers(&self.scale), numbers(&self.shift));
        let (scale, shift) = (flat(&scale), flat(&shift));
        by_channel(x, |x, channel| scale[channel] * x + shift[channel])
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let y = self.output(x)?;
        let scale = numbers(&self.scale);
        let pull = move |v: &Array<F>| {
            let scale = flat(&scale);
            by_channel(v, |v, channel| scale[channel] * v)
        };
        Ok((y, Box::new(pull)))
    }
}

fn by_channel<F: Element>(t: &Array<F>, f: impl Fn(F, usize) -> F) -> Result<Array<F>> {
    let (channels, inner) = (t.shape()[1], t.shape()[2..].iter().product::<usize>());
    let values = flat(t).iter().enumerate().map(|(i, &v)| f(v, i / inner % channels)).collect();
    shaped(t.shape(), values)
}
