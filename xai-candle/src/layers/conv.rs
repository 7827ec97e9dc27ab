//! `candle_nn::Conv2d` and `Conv1d`, which is a convolution of images with one row.

use xai_core::nn::{self, Padding, Reshape};
use xai_core::{Error, Result};

use super::{OwnGradient, Value};
use crate::error::failed;
use crate::explaining::kept;
use crate::weights::constant;

impl OwnGradient for candle_nn::Conv2d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        x.through(nn::Conv2d {
            weight: constant(self.weight()),
            bias: self.bias().map(constant),
            stride: [config.stride; 2],
            padding: Padding::all(config.padding).into(),
            dilation: [config.dilation; 2],
            groups: config.groups,
        })
    }
}

impl OwnGradient for candle_nn::Conv1d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        let rows = kept(self.weight()).unsqueeze(2).map_err(failed)?;
        let conv = nn::Conv2d {
            weight: constant(&rows),
            bias: self.bias().map(constant),
            stride: [1, config.stride],
            padding: Padding::symmetric([0, config.padding]).into(),
            dilation: [1, config.dilation],
            groups: config.groups,
        };
        in_one_row(x, |image| image.through(conv))
    }
}

/// Sequences (batch, channels, length) through a layer for images.
pub(super) fn in_one_row<'m, V: Value<'m>>(x: V, layer: impl FnOnce(V) -> Result<V>) -> Result<V> {
    let image = x.moved(|shape| match *shape {
        [batch, channels, length] => Ok(Reshape { shape: vec![batch, channels, 1, length] }.into()),
        _ => Err(Error::InvalidShape {
            what: "input".into(),
            got: shape.to_vec(),
            reason: "it must be (batch, channels, length)".into(),
        }),
    })?;
    layer(image)?.moved(|shape| {
        let shape = shape.iter().enumerate().filter(|&(axis, _)| axis != 2).map(|(_, &length)| length).collect();
        Ok(Reshape { shape }.into())
    })
}
