//! Activations from candle's own tensor operations.

use candle_core::{Result, Tensor};
use candle_nn::ops::{hard_sigmoid, sigmoid};
use xai_core::nn::Activation;

use super::curve::{GELU_CUBE, GELU_SCALE};

/// f(x), if candle's operations make it.
pub(super) fn value(f: Activation, x: &Tensor) -> Result<Option<Tensor>> {
    let y = match f {
        Activation::Relu => x.relu(),
        Activation::Relu6 => x.clamp(0f32, 6f32),
        Activation::LeakyRelu { slope } => {
            let above = x.relu()?;
            &above + (x - &above)?.affine(slope, 0.0)?
        }
        Activation::Elu { alpha } => x.elu(alpha),
        Activation::Gelu => x.gelu_erf(),
        Activation::GeluTanh => x.gelu(),
        Activation::Silu => x * sigmoid(x)?,
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::HardSwish => x * hard_sigmoid(x)?,
        Activation::HardSigmoid => hard_sigmoid(x),
        Activation::Softplus => softplus(x),
        Activation::Mish => x * softplus(x)?.tanh()?,
        Activation::Exp => x.exp(),
        Activation::Log => x.log(),
        Activation::Sqrt => x.sqrt(),
        Activation::Abs => x.abs(),
        Activation::Sign => sign(x),
        Activation::Reciprocal => x.recip(),
        Activation::Power { exponent } => x.powf(exponent),
        Activation::Erf => x.erf(),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        _ => return Ok(None),
    };
    y.map(Some)
}

/// f'(x), if candle's operations make it.
pub(super) fn slope(f: Activation, x: &Tensor) -> Result<Option<Tensor>> {
    let slope = match f {
        Activation::Relu => above(x, 0.0),
        Activation::Relu6 => inside(x, 0.0, 6.0),
        Activation::LeakyRelu { slope } => above(x, 0.0)?.affine(1.0 - slope, slope),
        Activation::Elu { alpha } => {
            let above = above(x, 0.0)?;
            // The power only where it is used: it would overflow above.
            let below = x.neg()?.relu()?.neg()?.exp()?.affine(alpha, 0.0)?;
            &above + (above.affine(-1.0, 1.0)? * below)?
        }
        Activation::Gelu => {
            let distribution = x.affine(std::f64::consts::FRAC_1_SQRT_2, 0.0)?.erf()?.affine(0.5, 0.5)?;
            let density = x.sqr()?.affine(-0.5, 0.0)?.exp()?.affine(GELU_SCALE / 2.0, 0.0)?;
            distribution + (x * density)?
        }
        Activation::GeluTanh => {
            // Far out it is 0 or 1; a square that has become infinite would be multiplied by 0.
            let square = x.clamp(-1e3f32, 1e3f32)?.sqr()?;
            let t = (x * square.affine(GELU_SCALE * GELU_CUBE, GELU_SCALE)?)?.tanh()?;
            let inner = square.affine(3.0 * GELU_SCALE * GELU_CUBE, GELU_SCALE)?;
            let rest = ((x * t.sqr()?.affine(-0.5, 0.5)?)? * inner)?;
            t.affine(0.5, 0.5)? + rest
        }
        Activation::Silu => {
            let s = sigmoid(x)?;
            &s + ((x * &s)? * s.affine(-1.0, 1.0)?)?
        }
        Activation::Sigmoid => {
            let s = sigmoid(x)?;
            &s * s.affine(-1.0, 1.0)?
        }
        Activation::Tanh => x.tanh()?.sqr()?.affine(-1.0, 1.0),
        Activation::HardSwish => hard_sigmoid(x)? + (x * hard_sigmoid_slope(x)?)?,
        Activation::HardSigmoid => hard_sigmoid_slope(x),
        Activation::Softplus => sigmoid(x),
        Activation::Mish => {
            let t = softplus(x)?.tanh()?;
            &t + ((x * t.sqr()?.affine(-1.0, 1.0)?)? * sigmoid(x)?)?
        }
        Activation::Exp => x.exp(),
        Activation::Log => x.recip(),
        Activation::Sqrt => x.sqrt()?.recip()?.affine(0.5, 0.0),
        Activation::Abs => sign(x),
        Activation::Sign => x.zeros_like(),
        Activation::Reciprocal => x.sqr()?.recip()?.neg(),
        Activation::Power { exponent: 0.0 } => x.zeros_like(),
        Activation::Power { exponent } => x.powf(exponent - 1.0)?.affine(exponent, 0.0),
        Activation::Erf => x.sqr()?.neg()?.exp()?.affine(std::f64::consts::FRAC_2_SQRT_PI, 0.0),
        Activation::Sin => x.cos(),
        Activation::Cos => x.sin()?.neg(),
        _ => return Ok(None),
    };
    slope.map(Some)
}

fn hard_sigmoid_slope(x: &Tensor) -> Result<Tensor> {
    inside(x, -3.0, 3.0)?.affine(1.0 / 6.0, 0.0)
}

/// 1 where x > bound, else 0.
fn above(x: &Tensor, bound: f32) -> Result<Tensor> {
    x.gt(bound)?.to_dtype(x.dtype())
}

fn inside(x: &Tensor, low: f32, high: f32) -> Result<Tensor> {
    x.gt(low)?.to_dtype(x.dtype())? * x.lt(high)?.to_dtype(x.dtype())?
}

/// -1, 0 or 1; a NaN, which is not equal to itself, stays one.
fn sign(x: &Tensor) -> Result<Tensor> {
    x.ne(x)?.where_cond(x, &x.sign()?)
}

/// ln(1 + eˣ), without overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + x.abs()?.neg()?.exp()?.affine(1.0, 1.0)?.log()?
}
