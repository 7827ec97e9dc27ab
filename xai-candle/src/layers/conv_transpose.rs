//! `candle_nn::ConvTranspose2d` and `ConvTranspose1d`, which is a convolution of images with one row.

use xai_core::Result;
use xai_core::nn::{self, Padding};

use super::conv::in_one_row;
use super::{OwnGradient, Value};
use crate::error::failed;
use crate::explaining::kept;
use crate::weights::constant;

impl OwnGradient for candle_nn::ConvTranspose2d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        x.through(nn::ConvTranspose2d {
            weight: constant(self.weight()),
            bias: self.bias().map(constant),
            stride: [config.stride; 2],
            padding: Padding::all(config.padding),
            output_padding: [config.output_padding; 2],
            dilation: [config.dilation; 2],
            groups: 1,
        })
    }
}

impl OwnGradient for candle_nn::ConvTranspose1d {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let config = self.config();
        let rows = kept(self.weight()).unsqueeze(2).map_err(failed)?;
        let conv = nn::ConvTranspose2d {
            weight: constant(&rows),
            bias: self.bias().map(constant),
            stride: [1, config.stride],
            padding: Padding::symmetric([0, config.padding]),
            output_padding: [0, config.output_padding],
            dilation: [1, config.dilation],
            groups: config.groups,
        };
        in_one_row(x, |image| image.through(conv))
    }
}
