//! Activations of one number. Derivatives at a kink are PyTorch's.

use candle_core::DType;
use candle_core::cpu::erf::erf_f64;
use xai_core::nn::Activation;

use crate::Host;
use crate::kernels::exp;

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
        Activation::Exp => exp(x),
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
                T::of(alpha) * exp(x)
            }
        }
        Activation::Gelu => {
            let density = exp(-half * x * x) * T::of(GELU_SCALE / 2.0);
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
        Activation::Exp => exp(x),
        Activation::Log => x.recip(),
        Activation::Sqrt => half / x.sqrt(),
        Activation::Abs => sign(x),
        Activation::Sign => zero,
        Activation::Reciprocal => -(x * x).recip(),
        Activation::Power { exponent: 0.0 } => zero,
        Activation::Power { exponent } => T::of(exponent) * power(x, exponent - 1.0),
        Activation::Erf => T::of(std::f64::consts::FRAC_2_SQRT_PI) * exp(-x * x),
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
    T::one() / (T::one() + exp(-x))
}

/// ln(1 + eˣ), without overflow.
fn softplus<T: Host>(x: T) -> T {
    let above = if x < T::zero() { T::zero() } else { x };
    above + exp(-x.abs()).ln_1p()
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

fn erf<T: Host>(x: T) -> T {
    T::of(erf_for::<T>(x.as_f64()))
}

/// Φ(x)
fn normal_distribution<T: Host>(x: T) -> T {
    T::of(0.5 * (1.0 + erf_for::<T>(x.as_f64() * std::f64::consts::FRAC_1_SQRT_2)))
}

/// erf(x), as exactly as T holds it.
#[inline(always)]
fn erf_for<T: Host>(x: f64) -> f64 {
    if T::DTYPE == DType::F64 { erf_f64(x) } else { erf_in_single(x) }
}

/// erf(x) to 2.5e-8 of its value, less than single precision rounds by: x · P(x²) / Q(x²), fitted to the least greatest
/// relative error below 4, where erf is 1 but for 1.5e-8. Without branches, so that a loop of it takes several numbers
/// at once, a tenth of the time of libm's.
#[inline(always)]
fn erf_in_single(x: f64) -> f64 {
    const P: [f64; 6] = [
        1.128_379_139_318_476_6,
        0.193_545_580_436_883_8,
        0.053_101_798_494_584_02,
        0.003_883_361_123_518_473_8,
        0.000_284_565_539_538_302_46,
        1.986_769_602_829_148e-6,
    ];
    const Q: [f64; 6] = [
        1.0,
        0.504_857_860_272_638_6,
        0.115_350_199_970_135_2,
        0.015_207_286_806_007_61,
        0.001_185_573_830_421_022_2,
        3.742_002_127_516_567_5e-5,
    ];
    let x = clamped(x, -4.0, 4.0);
    let at = |of: &[f64; 6]| of.iter().rev().fold(0.0, |sum, c| sum * (x * x) + c);
    // Not a rounding error above 1: behind it stands x itself.
    clamped(x * at(&P) / at(&Q), -1.0, 1.0)
}
