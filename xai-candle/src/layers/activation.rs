//! `candle_nn::Activation`.

use xai_core::nn::{Activation, Binary, Narrow};
use xai_core::{Error, Result};

use super::{OwnGradient, Value};

impl OwnGradient for candle_nn::Activation {
    fn through<'m, V: Value<'m>>(&'m self, x: V) -> Result<V> {
        activation(*self, x)
    }
}

/// x through one of candle_nn's activations.
pub(crate) fn activation<'m, V: Value<'m>>(f: candle_nn::Activation, x: V) -> Result<V> {
    use candle_nn::Activation as A;
    let f = match f {
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
        A::Relu2 => return x.through(Activation::Relu)?.through(Activation::Power { exponent: 2.0 }),
        A::Swiglu => return half(&x, 0)?.through(Activation::Silu)?.with(Binary::Mul, &half(&x, 1)?),
    };
    x.through(f)
}

/// One of the halves of the last axis.
fn half<'m, V: Value<'m>>(x: &V, which: usize) -> Result<V> {
    x.moved(move |shape| match *shape {
        [.., last] if last > 0 && last.is_multiple_of(2) => {
            Ok(Narrow { axis: shape.len() - 1, start: which * last / 2, len: last / 2 }.into())
        }
        _ => Err(Error::InvalidShape {
            what: "input".into(),
            got: shape.to_vec(),
            reason: "swiglu needs a last axis of even length, which it halves".into(),
        }),
    })
}
