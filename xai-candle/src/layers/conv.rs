//! `candle_nn::Conv2d` and `Conv1d`, which is a convolution of images with one row.

use candle_core::Tensor;
use xai_core::nn::{self, Op, Padding};
use xai_core::{Error, Result};

use super::{AnyOp, OwnGradient, weight};
use crate::backend::failed;
use crate::rules::{self, Pull};
use crate::{Candle, Host};

impl OwnGradient for candle_nn::Conv2d {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        rules::vjp(AnyOp::Conv2d(&of_images(self)), x)
    }

    fn show<E: Host>(&self, see: &mut dyn FnMut(Op<'_, Candle<E>>)) {
        see(Op::Conv2d(&of_images(self)));
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }

    fn is_affine(&self) -> bool {
        true
    }
}

fn of_images<E: Host>(layer: &candle_nn::Conv2d) -> nn::Conv2d<Candle<E>> {
    let config = layer.config();
    nn::Conv2d {
        weight: weight(layer.weight()),
        bias: layer.bias().map(weight),
        stride: [config.stride; 2],
        padding: Padding::all(config.padding).into(),
        dilation: [config.dilation; 2],
        groups: config.groups,
    }
}

impl OwnGradient for candle_nn::Conv1d {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let config = self.config();
        let rows = self.weight().detach().unsqueeze(2).map_err(failed)?;
        let op = nn::Conv2d {
            weight: weight(&rows),
            bias: self.bias().map(weight),
            stride: [1, config.stride],
            padding: Padding::symmetric([0, config.padding]).into(),
            dilation: [1, config.dilation],
            groups: config.groups,
        };
        of_one_row(x, |x| rules::vjp(AnyOp::Conv2d(&op), x))
    }

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }

    fn is_affine(&self) -> bool {
        true
    }
}

/// Runs a rule for images on sequences (batch, channels, length).
pub(super) fn of_one_row(x: &Tensor, rule: impl FnOnce(&Tensor) -> Result<(Tensor, Pull)>) -> Result<(Tensor, Pull)> {
    if x.rank() != 3 {
        return Err(Error::InvalidShape {
            what: "input".into(),
            got: x.dims().to_vec(),
            reason: "it must be (batch, channels, length)".into(),
        });
    }
    let (y, pull) = rule(&x.detach().unsqueeze(2).map_err(failed)?)?;
    let sequence: Pull = Box::new(move |v| pull(&v.unsqueeze(2)?)?.squeeze(2));
    Ok((y.squeeze(2).map_err(failed)?, sequence))
}
