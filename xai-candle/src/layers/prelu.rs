//! `candle_nn::PReLU`.

use candle_core::Tensor;
use xai_core::{Error, Result};

use super::{OwnGradient, Rule, Value};
use crate::error::failed;
use crate::rules::{Pull, in_number_type};

impl OwnGradient for candle_nn::PReLU {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        x.by_rule(Slopes { weight: self.weight().detach(), is_scalar: self.is_scalar() })
    }
}

/// x above zero, slope · x else, with slopes that are weights.
struct Slopes {
    weight: Tensor,
    is_scalar: bool,
}

impl Slopes {
    /// The shape in which the slopes broadcast to the input, by the rules of candle's own layer.
    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let count = self.weight.elem_count();
        match input {
            _ if self.is_scalar && count == 1 => Ok(vec![1; input.len()]),
            _ if input == self.weight.dims() => Ok(input.to_vec()),
            [_, channels, ..] if *channels == count => {
                let mut shape = vec![1; input.len()];
                shape[1] = count;
                Ok(shape)
            }
            _ => {
                Err(Error::Shape { what: "weight".into(), expected: input.to_vec(), got: self.weight.dims().to_vec() })
            }
        }
    }
}

impl Rule for Slopes {
    const NAME: &'static str = "PReLU";
    const AFFINE: bool = false;

    fn weight(&self) -> &Tensor {
        &self.weight
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        self.shape(input).map(|_| input.to_vec())
    }

    fn run(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let slopes = self.weight.reshape(self.shape(x.dims())?).map_err(failed)?;
        in_number_type(x, false, |x| {
            let slopes = slopes.to_dtype(x.dtype())?;
            // 1 above zero, the slope elsewhere: also at zero, as in PyTorch.
            let above = x.gt(0f32)?.to_dtype(x.dtype())?;
            let factor = (&above + above.affine(-1.0, 1.0)?.broadcast_mul(&slopes)?)?;
            let y = (x * &factor)?;
            let pull: Pull = Box::new(move |v| v * &factor);
            Ok((y, pull))
        })
    }
}
