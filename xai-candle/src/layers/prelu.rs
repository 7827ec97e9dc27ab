//! `candle_nn::PReLU`.

use candle_core::{DType, Tensor};
use xai_core::nn::{Activation, Binary, ChannelAffine};
use xai_core::{Error, Result};

use super::{OwnGradient, Value};
use crate::error::failed;
use crate::explaining::kept;
use crate::weights::constant;

impl OwnGradient for candle_nn::PReLU {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        let slopes = kept(self.weight());
        match slopes_of(&slopes, self.is_scalar(), x.shape().as_deref())? {
            // As a number it would not be trained.
            Slopes::One if !(x.is_on_tape() && slopes.track_op()) => {
                let slope = slopes.flatten_all().and_then(|slope| slope.to_dtype(DType::F64)?.get(0)?.to_scalar());
                x.through(Activation::LeakyRelu { slope: slope.map_err(failed)? })
            }
            Slopes::OfChannels => {
                let slopes = slopes.flatten_all().map_err(failed)?;
                let (more_above, zeros) = (above(&slopes)?, slopes.zeros_like().map_err(failed)?);
                let scaled = |x: V, scale| x.through(ChannelAffine { scale, shift: constant(&zeros) });
                let rest = scaled(x.clone(), constant(&slopes))?;
                scaled(x.through(Activation::Relu)?, constant(&more_above))?.with(Binary::Add, &rest)
            }
            Slopes::One | Slopes::OfNumbers => {
                let (more_above, slopes) = (x.beside(&above(&slopes)?), x.beside(&slopes));
                let rest = x.clone().with(Binary::Mul, &slopes)?;
                x.through(Activation::Relu)?.with(Binary::Mul, &more_above)?.with(Binary::Add, &rest)
            }
        }
    }
}

/// What a rectifier adds to a · x: with it, a · x + (1 - a) · max(x, 0) is x above zero, and a · x elsewhere.
fn above(slopes: &Tensor) -> Result<Tensor> {
    slopes.affine(-1.0, 1.0).map_err(failed)
}

/// What has a slope of its own.
enum Slopes {
    One,
    OfChannels,
    OfNumbers,
}

/// By the rules of candle's own layer. An input whose shape is not known before it runs has slopes for its channels.
fn slopes_of(slopes: &Tensor, is_scalar: bool, input: Option<&[usize]>) -> Result<Slopes> {
    let count = slopes.elem_count();
    match input {
        _ if is_scalar && count == 1 => Ok(Slopes::One),
        Some(input) if input == slopes.dims() => Ok(Slopes::OfNumbers),
        Some([_, channels, ..]) if *channels == count => Ok(Slopes::OfChannels),
        None => Ok(Slopes::OfChannels),
        Some(input) => {
            Err(Error::Shape { what: "weight".into(), expected: input.to_vec(), got: slopes.dims().to_vec() })
        }
    }
}
