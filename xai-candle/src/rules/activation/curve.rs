//! Activations of one number. Derivatives at a kink are PyTorch's.

use candle_core::DType;
use candle_core::cpu::erf::{erf_f32, erf_f64};
use xai_core::nn::Activation;

use crate::Host;

/// f(x).
#[inline(always)]
pub(super) fn value<T: Host>(f: Activation, x: T) -> T {
    let [zero, one] = [T::zero(), T::one()];
    match f {
        // Comparisons, not `max` and `min`, which would turn a NaN into a number.
        Activation::Relu => {
            if x < zero {
                zero
            } else {
                x
            }
        }
        Activation::Relu6 => clamped(x, zero, T::of(6.0)),
        Activation::LeakyRelu { slope } => {
            if x > zero {
                x
            } else {
                T::of(slope) * x
            }
        }
        Activation::Elu { alpha } => {
            if x > zero {
                x
            } else {
                T::of(alpha) * x.exp_m1()
            }
        }
        Activation::Gelu => x * normal_distribution(x),
        Activation::GeluTanh => T::of(0.5) * x * (one + gelu_inner(x).tanh()),
        Activation::Silu => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::HardSwish => x * hard_sigmoid(x),
        Activation::HardSigmoid => hard_sigmoid(x),
        Activation::Softplus => softplus(x),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Exp => x.exp(),
        Activation::Log => x.ln(),
        Activation::Sqrt => x.sqrt(),
        Activation::Abs => x.abs(),
        Activation::Sign => sign(x),
        Activation::Reciprocal => x.recip(),
        Activation::Power { exponent } => power(x, exponent),
        Activation::Erf => erf(x),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        // Any other, as the core has it.
        _ => T::of(f.value(x.as_f64())),
    }
}

/// f'(x).
#[inline(always)]
pub(super) fn slope<T: Host>(f: Activation, x: T) -> T {
    let [zero, one] = [T::zero(), T::one()];
    let half = T::of(0.5);
    match f {
        Activation::Relu => step(x > zero),
        Activation::Relu6 => step(x > zero && x < T::of(6.0)),
        Activation::LeakyRelu { slope } => {
            if x > zero {
                one
            } else {
                T::of(slope)
            }
        }
        Activation::Elu { alpha } => {
            if x > zero {
                one
            } else {
                T::of(alpha) * x.exp()
            }
        }
        Activation::Gelu => {
            let density = (-half * x * x).exp() * T::of(GELU_SCALE / 2.0);
            normal_distribution(x) + if density > zero { x * density } else { zero }
        }
        Activation::GeluTanh => {
            let t = gelu_inner(x).tanh();
            let rest = one - t * t;
            let inner = T::of(GELU_SCALE) * (one + T::of(3.0 * GELU_CUBE) * x * x);
            half * (one + t) + if rest > zero { half * x * rest * inner } else { zero }
        }
        Activation::Silu => {
            let s = sigmoid(x);
            s + x * s * (one - s)
        }
        Activation::Sigmoid => {
            let s = sigmoid(x);
            s * (one - s)
        }
        Activation::Tanh => {
            let t = x.tanh();
            one - t * t
        }
        Activation::HardSwish => hard_sigmoid(x) + x * hard_sigmoid_slope(x),
        Activation::HardSigmoid => hard_sigmoid_slope(x),
        Activation::Softplus => sigmoid(x),
        Activation::Mish => {
            let t = softplus(x).tanh();
            t + x * (one - t * t) * sigmoid(x)
        }
        Activation::Exp => x.exp(),
        Activation::Log => x.recip(),
        Activation::Sqrt => half / x.sqrt(),
        Activation::Abs => sign(x),
        Activation::Sign => zero,
        Activation::Reciprocal => -(x * x).recip(),
        Activation::Power { exponent: 0.0 } => zero,
        Activation::Power { exponent } => T::of(exponent) * power(x, exponent - 1.0),
        Activation::Erf => T::of(std::f64::consts::FRAC_2_SQRT_PI) * (-x * x).exp(),
        Activation::Sin => x.cos(),
        Activation::Cos => -x.sin(),
        _ => T::of(f.derivative(x.as_f64())),
    }
}

/// √(2/π), twice the normal density at 0, and the cubic term of gelu's tanh approximation.
pub(super) const GELU_SCALE: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
pub(super) const GELU_CUBE: f64 = 0.044_715;

#[inline(always)]
fn step<T: Host>(inside: bool) -> T {
    if inside { T::one() } else { T::zero() }
}

#[inline(always)]
fn clamped<T: Host>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

fn gelu_inner<T: Host>(x: T) -> T {
    T::of(GELU_SCALE) * x * (T::one() + T::of(GELU_CUBE) * x * x)
}

fn hard_sigmoid<T: Host>(x: T) -> T {
    clamped(x + T::of(3.0), T::zero(), T::of(6.0)) / T::of(6.0)
}

fn hard_sigmoid_slope<T: Host>(x: T) -> T {
    step::<T>(x > T::of(-3.0) && x < T::of(3.0)) / T::of(6.0)
}

fn sigmoid<T: Host>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// ln(1 + eˣ), without overflow.
fn softplus<T: Host>(x: T) -> T {
    let above = if x < T::zero() { T::zero() } else { x };
    above + (-x.abs()).exp().ln_1p()
}

/// -1, 0 or 1; a NaN stays one.
fn sign<T: Host>(x: T) -> T {
    if x == T::zero() || x.is_nan() { x } else { x.signum() }
}

/// Small whole powers by products, which are much faster than the general power.
#[allow(clippy::cast_possible_truncation)]
fn power<T: Host>(x: T, exponent: f64) -> T {
    if exponent.fract() == 0.0 && exponent.abs() <= 8.0 { x.powi(exponent as i32) } else { x.powf(T::of(exponent)) }
}

#[allow(clippy::cast_possible_truncation)]
fn erf<T: Host>(x: T) -> T {
    let x = x.as_f64();
    T::of(if T::DTYPE == DType::F32 { f64::from(erf_f32(x as f32)) } else { erf_f64(x) })
}

/// Φ(x)
fn normal_distribution<T: Host>(x: T) -> T {
    T::of(0.5) * (T::one() + erf(T::of(x.as_f64() * std::f64::consts::FRAC_1_SQRT_2)))
}
