//! Elementwise activations.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::example::{Example, Numbers};
use super::operation::plain_operation;
use super::shape;
use crate::{Element, Result};

/// An elementwise function. The derivative at a kink is PyTorch's (relu'(0) = 0, |x|' = 0 at 0).
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let y = net.predict(array![[1.0, -2.0]].view().into_dyn())?;
/// assert_eq!(y, array![[1.0, 0.0]].into_dyn());
/// assert_eq!(Activation::Relu.output_shape(&[1, 2])?, [1, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// max(0, x)
    Relu,
    /// min(max(0, x), 6); derivative 0 at 0 and at 6
    Relu6,
    /// x for x > 0, slope·x else; derivative `slope` at 0
    LeakyRelu {
        /// The slope below zero.
        slope: f64,
    },
    /// x for x > 0, α(eˣ - 1) else; derivative α at 0
    Elu {
        /// α
        alpha: f64,
    },
    /// x · Φ(x), Φ the normal distribution function (erf)
    Gelu,
    /// gelu by its tanh approximation
    GeluTanh,
    /// x · σ(x), also called swish
    Silu,
    /// σ(x) = 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// tanh(x)
    Tanh,
    /// x · relu6(x + 3) / 6; derivative 0 at -3 and 1 at 3
    HardSwish,
    /// relu6(x + 3) / 6; derivative 0 at -3 and at 3
    HardSigmoid,
    /// ln(1 + eˣ)
    Softplus,
    /// x · tanh(softplus(x))
    Mish,
    /// x / (1 + |x|)
    Softsign,
    /// eˣ
    Exp,
    /// ln(x), the natural logarithm
    Log,
    /// √x
    Sqrt,
    /// |x|
    Abs,
    /// -1, 0 or 1; derivative 0
    Sign,
    /// 1 / x
    Reciprocal,
    /// x to a constant power
    Power {
        /// The power.
        exponent: f64,
    },
    /// The error function, 2/√π ∫₀ˣ exp(-t²) dt
    Erf,
    /// sin(x)
    Sin,
    /// cos(x)
    Cos,
}

impl Activation {
    /// The output's shape: the input's.
    ///
    /// # Errors
    /// [`Error::InvalidShape`](crate::Error::InvalidShape) when the input has no element.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        shape::countable("Activation", input, input.to_vec())
    }

    /// The activation's value at x.
    pub fn value(self, x: f64) -> f64 {
        match self {
            // Not `max`, which would turn a NaN into 0.
            Activation::Relu if x < 0.0 => 0.0,
            Activation::Relu => x,
            Activation::Relu6 => relu6(x),
            Activation::LeakyRelu { .. } if x > 0.0 => x,
            Activation::LeakyRelu { slope } => slope * x,
            Activation::Elu { .. } if x > 0.0 => x,
            Activation::Elu { alpha } => alpha * x.exp_m1(),
            Activation::Gelu => x * normal_cdf(x),
            Activation::GeluTanh => 0.5 * x * (1.0 + gelu_argument(x).tanh()),
            Activation::Silu => x * sigmoid(x),
            Activation::Sigmoid => sigmoid(x),
            Activation::Tanh => x.tanh(),
            Activation::HardSwish => x * relu6(x + 3.0) / 6.0,
            Activation::HardSigmoid => relu6(x + 3.0) / 6.0,
            Activation::Softplus => softplus(x),
            Activation::Mish => x * softplus(x).tanh(),
            Activation::Softsign => x / (1.0 + x.abs()),
            Activation::Exp => x.exp(),
            Activation::Log => x.ln(),
            Activation::Sqrt => x.sqrt(),
            Activation::Abs => x.abs(),
            Activation::Sign if x == 0.0 || x.is_nan() => x,
            Activation::Sign => x.signum(),
            Activation::Reciprocal => 1.0 / x,
            Activation::Power { exponent } => x.powf(exponent),
            Activation::Erf => libm::erf(x),
            Activation::Sin => x.sin(),
            Activation::Cos => x.cos(),
        }
    }

    /// The activation's derivative at x; at a kink PyTorch's choice.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    ///
    /// let leaky = Activation::LeakyRelu { slope: 0.25 };
    /// assert_eq!((leaky.value(-2.0), leaky.derivative(-2.0)), (-0.5, 0.25));
    /// // At the kink it is the slope below.
    /// assert_eq!(leaky.derivative(0.0), 0.25);
    /// ```
    pub fn derivative(self, x: f64) -> f64 {
        match self {
            Activation::Relu => f64::from(u8::from(x > 0.0)),
            Activation::Relu6 => inside(x, 0.0, 6.0),
            Activation::LeakyRelu { slope } => {
                if x > 0.0 {
                    1.0
                } else {
                    slope
                }
            }
            Activation::Elu { .. } if x > 0.0 => 1.0,
            Activation::Elu { alpha } => alpha * x.exp(),
            // Out there they are the identity or 0 to the last bit, and a formula would multiply 0 by infinity.
            Activation::Gelu | Activation::GeluTanh | Activation::Silu | Activation::Mish if x.abs() > SETTLED => {
                f64::from(u8::from(x > 0.0))
            }
            Activation::Gelu => normal_cdf(x) + x * (-0.5 * x * x).exp() * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI / 2.0,
            Activation::GeluTanh => {
                let tanh = gelu_argument(x).tanh();
                let inner = FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * (1.0 + 3.0 * GELU_CUBIC * x * x);
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
            }
            Activation::Silu => sigmoid(x) * (1.0 + x * sigmoid(-x)),
            Activation::Sigmoid => sigmoid(x) * sigmoid(-x),
            Activation::Tanh => 1.0 - x.tanh().powi(2),
            Activation::HardSwish if x >= 3.0 => 1.0,
            Activation::HardSwish if x <= -3.0 => 0.0,
            Activation::HardSwish => inside(x, -3.0, 3.0) * (x / 3.0 + 0.5),
            Activation::HardSigmoid => inside(x, -3.0, 3.0) / 6.0,
            Activation::Softplus => sigmoid(x),
            Activation::Mish => {
                let tanh = softplus(x).tanh();
                tanh + x * sigmoid(x) * (1.0 - tanh * tanh)
            }
            Activation::Softsign => (1.0 + x.abs()).powi(-2),
            Activation::Exp => x.exp(),
            Activation::Log => 1.0 / x,
            Activation::Sqrt => 0.5 / x.sqrt(),
            Activation::Abs => Activation::Sign.value(x),
            Activation::Sign => 0.0,
            Activation::Reciprocal => -1.0 / (x * x),
            Activation::Power { exponent: 0.0 } => 0.0,
            Activation::Power { exponent } => exponent * x.powf(exponent - 1.0),
            Activation::Erf => FRAC_2_SQRT_PI * (-x * x).exp(),
            Activation::Sin => x.cos(),
            Activation::Cos => -x.sin(),
        }
    }
}

/// A step from one number to another so short that the quotient of the differences has lost its digits, while the
/// derivative in the middle is right to the square of the step.
const SHORT_STEP: f64 = 1e-4;

/// Where a function that passes x through a gate has none left: e⁻ˣ is 0 there.
const SETTLED: f64 = 1e3;

impl Activation {
    /// The activation's mean derivative between two numbers, (f(b) - f(a)) / (b - a); its derivative where they are the
    /// same. At an end that is infinite, as what a mask hides, it is the limit ([`bounded`](crate::nn::bounded)): relu
    /// rises by 1 from 0 to ∞, by 1/2 from -∞ to ∞, and not at all at -∞.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    ///
    /// // |x| rises by 2 on the way from -1 to 3, which is 4 long.
    /// assert_eq!(Activation::Abs.mean_slope(-1.0, 3.0), 0.5);
    /// assert_eq!(Activation::Tanh.mean_slope(0.0, 0.0), 1.0);
    /// assert_eq!(Activation::Relu.mean_slope(f64::NEG_INFINITY, f64::INFINITY), 0.5);
    /// ```
    pub fn mean_slope(self, a: f64, b: f64) -> f64 {
        let (a, b) = (bounded(a), bounded(b));
        let step = b - a;
        let reach = if self.is_singular_at_zero() { a.abs().min(b.abs()).min(1.0) } else { 1.0 };
        if step == 0.0 || (!self.has_exact_quotients() && step.abs() < SHORT_STEP * reach) {
            return self.derivative(a + step / 2.0);
        }
        (self.value(b) - self.value(a)) / step
    }

    /// True when quotients of differences lose no digit, however short the step is: the function's pieces are the
    /// identity, its opposite, and constants.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    ///
    /// assert!(Activation::Relu.has_exact_quotients());
    /// assert!(!Activation::Tanh.has_exact_quotients());
    /// ```
    pub fn has_exact_quotients(self) -> bool {
        matches!(self, Activation::Relu | Activation::Relu6 | Activation::Abs | Activation::Sign)
    }

    /// True when the function bends the more, the nearer it is to 0: there a step is short by what it is beside both
    /// ends.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::nn::Activation;
    ///
    /// assert!(Activation::Sqrt.is_singular_at_zero());
    /// assert!(!Activation::Exp.is_singular_at_zero());
    /// ```
    pub fn is_singular_at_zero(self) -> bool {
        matches!(self, Activation::Log | Activation::Sqrt | Activation::Reciprocal | Activation::Power { .. })
    }
}

/// The number, and for one that is infinite another so large that differences and quotients are at their limits with
/// it: ∞ - ∞ and ∞ / ∞ would be NaN. A NaN stays one. No number beyond an eighth of the largest is told
/// apart: six times as much still is a number, as hardswish has it.
///
/// ```
/// # use xai_core as xai;
/// use xai::nn::bounded;
///
/// assert_eq!((bounded(3.0), bounded(f64::NEG_INFINITY)), (3.0, -f64::MAX / 8.0));
/// assert_eq!(bounded(f64::INFINITY) - bounded(f64::INFINITY), 0.0);
/// assert!(bounded(f64::NAN).is_nan());
/// ```
#[must_use]
pub fn bounded<F: Element>(x: F) -> F {
    let most = F::max_value() / F::of(8.0);
    if x > most {
        most
    } else if x < -most {
        -most
    } else {
        x
    }
}

const GELU_CUBIC: f64 = 0.044_715;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + eˣ), without an overflow for large x.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// A NaN stays one.
fn relu6(x: f64) -> f64 {
    x.clamp(0.0, 6.0)
}

/// Φ(x), by the complementary error function, which loses no digits for very negative x.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// √(2/π) · (x + 0.044715·x³).
fn gelu_argument(x: f64) -> f64 {
    FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * (x + GELU_CUBIC * x * x * x)
}

/// 1 strictly between the bounds, 0 elsewhere.
fn inside(x: f64, low: f64, high: f64) -> f64 {
    f64::from(u8::from(x > low && x < high))
}

plain_operation!(Activation {
    fn mixes_rows(&self, _: Option<usize>) -> bool {
        false
    }
    fn is_not_negative(&self, inputs: bool) -> bool {
        match self {
            Activation::Relu
            | Activation::Relu6
            | Activation::Sigmoid
            | Activation::HardSigmoid
            | Activation::Softplus
            | Activation::Exp
            | Activation::Abs
            | Activation::Sqrt => true,
            Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::Gelu
            | Activation::GeluTanh
            | Activation::Silu
            | Activation::Tanh
            | Activation::HardSwish
            | Activation::Mish
            | Activation::Softsign
            | Activation::Sign
            | Activation::Reciprocal
            | Activation::Power { .. }
            | Activation::Erf => inputs,
            Activation::Log | Activation::Sin | Activation::Cos => false,
        }
    }
    fn examples(_: &mut Numbers<'_, B>) -> Result<Vec<Example<Self>>> {
        // Those of positive numbers alone are tried behind a function that makes such.
        let everywhere = [
            Activation::Relu,
            Activation::Relu6,
            Activation::LeakyRelu { slope: 0.2 },
            Activation::Elu { alpha: 0.7 },
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::HardSwish,
            Activation::HardSigmoid,
            Activation::Softplus,
            Activation::Mish,
            Activation::Softsign,
            Activation::Exp,
            Activation::Abs,
            Activation::Sign,
            Activation::Power { exponent: 3.0 },
            Activation::Erf,
            Activation::Sin,
            Activation::Cos,
        ];
        Ok(everywhere.into_iter().map(|f| Example::new(format!("{f:?}"), f, &[2, 5, 11])).collect())
    }
});
