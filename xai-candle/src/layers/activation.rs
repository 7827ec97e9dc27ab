//! `candle_nn::Activation` and `PReLU`.

use candle_core::{D, Tensor};
use xai_core::nn::{Activation, Op};
use xai_core::{Error, Result};

use super::{AnyOp, OwnGradient};
use crate::backend::failed;
use crate::rules::{self, Pull, in_number_type};
use crate::{Candle, Host};

fn elementwise(f: Activation, x: &Tensor) -> Result<(Tensor, Pull)> {
    rules::vjp(AnyOp::Activation(&f), x)
}

impl OwnGradient for candle_nn::Activation {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        match (known(*self), self) {
            (Some(f), _) => elementwise(f, x),
            (None, candle_nn::Activation::Swiglu) => swiglu(x),
            (None, _) => squared_relu(x),
        }
    }

    fn show<E: Host>(&self, see: &mut dyn FnMut(Op<'_, Candle<E>>)) {
        if let Some(f) = known(*self) {
            see(Op::Activation(&f));
        }
    }
}

/// The vocabulary's activation that it is, if it is one.
fn known(f: candle_nn::Activation) -> Option<Activation> {
    use candle_nn::Activation as A;
    Some(match f {
        A::Gelu => Activation::Gelu,
        A::NewGelu | A::GeluPytorchTanh => Activation::GeluTanh,
        A::Relu => Activation::Relu,
        A::Relu6 => Activation::Relu6,
        A::Silu | A::Swish => Activation::Silu,
        A::Sigmoid => Activation::Sigmoid,
        A::HardSigmoid => Activation::HardSigmoid,
        A::HardSwish => Activation::HardSwish,
        A::Mish => Activation::Mish,
        A::Elu(alpha) => Activation::Elu { alpha },
        A::LeakyRelu(slope) => Activation::LeakyRelu { slope },
        A::Relu2 | A::Swiglu => return None,
    })
}

/// y = relu(x)², dx = 2 · relu(x) · v
fn squared_relu(x: &Tensor) -> Result<(Tensor, Pull)> {
    in_number_type(x, false, |x| {
        let above = x.relu()?;
        let y = above.sqr()?;
        let pull: Pull = Box::new(move |v| (v * &above)?.affine(2.0, 0.0));
        Ok((y, pull))
    })
}

/// y = silu(a) · b, for the halves a and b of the last axis.
fn swiglu(x: &Tensor) -> Result<(Tensor, Pull)> {
    let last = x.dims().last().copied().unwrap_or_default();
    if last == 0 || last % 2 != 0 {
        return Err(Error::InvalidShape {
            what: "input".into(),
            got: x.dims().to_vec(),
            reason: "swiglu needs a last axis of even length, which it halves".into(),
        });
    }
    let half = |at: usize| x.detach().narrow(D::Minus1, at, last / 2).map_err(failed);
    let (a, b) = (half(0)?, half(last / 2)?);
    let (gate, pull_gate) = elementwise(Activation::Silu, &a)?;
    let y = (&gate * &b).map_err(failed)?;
    let pull: Pull = Box::new(move |v| Tensor::cat(&[pull_gate(&(v * &b)?)?, (v * &gate)?], D::Minus1));
    Ok((y, pull))
}

impl OwnGradient for candle_nn::PReLU {
    fn rule(&self, x: &Tensor) -> Result<(Tensor, Pull)> {
        let slopes = self.slopes(x)?;
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

    fn weight(&self) -> Option<&Tensor> {
        Some(self.weight())
    }
}

/// The slopes in a shape that broadcasts to the input, by the rules of candle's own layer.
trait Slopes {
    fn slopes(&self, x: &Tensor) -> Result<Tensor>;
}

impl Slopes for candle_nn::PReLU {
    fn slopes(&self, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight().detach();
        let (count, rank) = (weight.elem_count(), x.rank());
        let shape = match x.dims() {
            _ if self.is_scalar() && count == 1 => vec![1; rank],
            dims if dims == weight.dims() => return Ok(weight),
            [_, channels, ..] if *channels == count => {
                let mut shape = vec![1; rank];
                shape[1] = count;
                shape
            }
            dims => {
                return Err(Error::Shape {
                    what: "weight".into(),
                    expected: dims.to_vec(),
                    got: weight.dims().to_vec(),
                });
            }
        };
        weight.reshape(shape).map_err(failed)
    }
}
