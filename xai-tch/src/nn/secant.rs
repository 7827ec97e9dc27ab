//! Cotangents pulled back through the mean slopes of activations.

use tch::{Kind, TchError, Tensor as Torch};
use xai_core::nn::{Activation, provided_secant_pull};
use xai_core::{Result, Tensor};

use super::activation::{Function, activation};
use crate::backend::{bounded, wide};
use crate::failure::{TchResult, failed};
use crate::tape::{X, record};
use crate::{HostFloat, LibTorch};

/// See `Backend::secant_pull`. Half types are computed in single precision.
pub(super) fn secant_pull<E: HostFloat>(f: Activation, a: &Torch, b: &Torch, v: &Torch) -> Result<Torch> {
    let Some(function) = activation(f) else { return provided_secant_pull::<LibTorch<E>>(f, a, b, v) };
    let kind = v.f_kind().map_err(failed)?;
    let wide = wide(kind);
    let widened = |t: &Torch| t.f_to_kind(wide).map_err(failed);
    let slopes = |a: &Torch, b: &Torch| {
        Ok(match f {
            Activation::Relu => relu(a, b, wide).map_err(failed)?,
            Activation::Relu6 => relu6(a, b, wide).map_err(failed)?,
            Activation::Reciprocal => reciprocal(a, b).map_err(failed)?,
            Activation::Sqrt => sqrt(a, b).map_err(failed)?,
            Activation::Log => log(a, b).map_err(failed)?,
            _ => curve::<E>(f, &function, a, b, wide)?,
        })
    };
    let (a, b) = (widened(a)?, widened(b)?);
    let mut found = slopes(&a, &b)?;
    // Numbers that are infinite, which few networks have: bounds for all would be two more passes over every map.
    if has_nan(&found).map_err(failed)? {
        let limited = |t: &Torch| bounded(t, wide).map_err(failed);
        found = slopes(&limited(&a)?, &limited(&b)?)?;
    }
    found.f_mul_(&widened(v)?).and_then(|pulled| pulled.f_to_kind(kind)).map_err(failed)
}

/// Whether there is a NaN, as differences and quotients of infinite numbers are: read once, and nothing written.
pub(super) fn has_nan(t: &Torch) -> std::result::Result<bool, TchError> {
    Ok(t.f_sum(t.f_kind()?)?.f_double_value(&[])?.is_nan())
}

/// The share of the way from a to b that is above 0: max(a, b) / |b - a|, between 0 and 1.
fn relu(a: &Torch, b: &Torch, kind: Kind) -> TchResult {
    let step = length(a, b, kind)?;
    a.f_maximum(b)?.f_div_(&step)?.f_clamp_(0.0, 1.0)
}

/// The share above 0, without the share from 6 on.
fn relu6(a: &Torch, b: &Torch, kind: Kind) -> TchResult {
    let step = length(a, b, kind)?;
    let mut highest = a.f_maximum(b)?;
    // Exactly at 6 the derivative is 0.
    let over = highest.f_sub_scalar(6.0)?.f_add_scalar_(smallest(kind))?.f_div_(&step)?.f_clamp_(0.0, 1.0)?;
    highest.f_div_(&step)?.f_clamp_(0.0, 1.0)?.f_sub_(&over)
}

/// |b - a|, and where both are the same a number so small that any quotient by it is 0 or beyond 1.
fn length(a: &Torch, b: &Torch, kind: Kind) -> TchResult {
    b.f_sub(a)?.f_abs_()?.f_add_scalar_(smallest(kind))
}

fn smallest(kind: Kind) -> f64 {
    if kind == Kind::Double { f64::MIN_POSITIVE } else { f64::from(f32::MIN_POSITIVE) }
}

/// (1/b - 1/a) / (b - a) = -1/a · 1/b.
fn reciprocal(a: &Torch, b: &Torch) -> TchResult {
    a.f_reciprocal()?.f_mul_(&b.f_reciprocal()?)?.f_neg_()
}

/// (√b - √a) / (b - a) = 1 / (√a + √b).
fn sqrt(a: &Torch, b: &Torch) -> TchResult {
    a.f_sqrt()?.f_add_(&b.f_sqrt()?)?.f_reciprocal_()
}

/// (ln b - ln a) / (b - a) = ln(1 + s / low) / s, with the lower of the two and the distance s between them.
fn log(a: &Torch, b: &Torch) -> TchResult {
    let (low, mut step) = (a.f_minimum(b)?, b.f_sub(a)?.f_abs_()?);
    let same = step.f_eq(0.0)?;
    let rise = step.f_div(&low)?.f_log1p_()?;
    low.f_reciprocal()?.f_where_self(&same, &rise.f_div(&step.f_masked_fill_(&same, 1.0)?)?)
}

fn curve<E: HostFloat>(f: Activation, function: &Function, a: &Torch, b: &Torch, kind: Kind) -> Result<Torch> {
    // A shorter quotient has lost its digits, while the derivative in the middle is right to the step's square.
    let shortest = if kind == Kind::Double { 1e-4 } else { 1e-2 };
    let rise = function(b).and_then(|y| y.f_sub(&function(a)?)).map_err(failed)?;
    let middle = a.f_add(b).and_then(|sum| sum.f_mul_scalar(0.5)).map_err(failed)?;
    // Its derivative is 0 or 1 far out, where libtorch multiplies 0 by a square that has become infinite.
    let middle = if f == Activation::GeluTanh { middle.f_clamp(-1e3, 1e3).map_err(failed)? } else { middle };
    let is_short = |step: &Torch| match f {
        f if f.has_exact_quotients() => step.f_eq(0.0),
        // The same curve at every scale.
        f if f.is_singular_at_zero() => step.f_abs()?.f_le_tensor(&middle.f_abs()?.f_mul_scalar_(shortest)?),
        _ => step.f_abs()?.f_le(shortest),
    };
    let quotients = || {
        let step = b.f_sub(a)?;
        let short = is_short(&step)?;
        let quotient = rise.f_div(&step.f_masked_fill(&short, 1.0)?)?;
        Ok((short, quotient))
    };
    let (short, quotient) = quotients().map_err(failed)?;
    derivative::<E>(function, middle)?.f_where_self(&short, &quotient).map_err(failed)
}

fn derivative<E: HostFloat>(function: &Function, at: Torch) -> Result<Torch> {
    let at = X::<E>::new(at);
    let (y, pullback) = record(|z| function(z[0]).map_err(failed), &[at], &[true])?;
    let ones = y.inner().f_ones_like().map_err(failed)?;
    pullback.pull(&Tensor::new(ones)).map(Tensor::into_inner)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn shares_agree_with_the_core_over_every_kink_and_where_the_step_is_nothing() {
        let places = [-1e30, -7.0, -1e-3, -1e-25, 0.0, 1e-25, 2.0, 6.0 - 1e-6, 6.0, 6.0 + 1e-6, 9.0, 1e30];
        let (a, b): (Vec<f64>, Vec<f64>) = places.iter().flat_map(|&a| places.iter().map(move |&b| (a, b))).unzip();
        let v: Vec<f64> = (0..a.len()).map(|i| 1.0 + i as f64).collect();
        for (kind, within) in [(Kind::Double, 1e-14), (Kind::Float, 1e-6), (Kind::BFloat16, 0.02)] {
            let torch = |numbers: &[f64]| Torch::from_slice(numbers).to_kind(kind).to_device(Device::Cpu);
            let rounded = |numbers: &[f64]| Vec::<f64>::try_from(torch(numbers).to_kind(Kind::Double)).unwrap();
            for f in [Activation::Relu, Activation::Relu6] {
                let pulled = secant_pull::<f64>(f, &torch(&a), &torch(&b), &torch(&v)).unwrap();
                assert_eq!(pulled.kind(), kind);
                let pulled = Vec::<f64>::try_from(pulled.to_kind(Kind::Double)).unwrap();
                for (((a, b), v), pulled) in rounded(&a).into_iter().zip(rounded(&b)).zip(&v).zip(pulled) {
                    let expected = f.mean_slope(a, b) * v;
                    assert!((pulled - expected).abs() <= within * v, "{f:?} from {a} to {b}: {pulled} for {expected}");
                }
            }
        }
        let not_a_number = Torch::from_slice(&[f64::NAN]);
        for f in [Activation::Relu, Activation::Relu6, Activation::Silu] {
            let pulled = secant_pull::<f64>(f, &not_a_number, &torch_one(), &torch_one()).unwrap();
            assert!(pulled.double_value(&[0]).is_nan(), "{f:?}");
        }
    }

    #[test]
    fn slopes_agree_with_the_core_for_short_and_long_steps_at_every_scale() {
        let positive: Vec<f64> = [1e-3, 0.4, 3.0]
            .iter()
            .flat_map(|x| [1.0, 1.0 + 1e-9, 1.0 + 1e-5, 1.02, 1.5, 9.0].map(|by| x * by))
            .collect();
        let both: Vec<f64> = positive.iter().flat_map(|&x| [x, -x]).chain([0.0]).collect();
        let of_positive = [
            Activation::Log,
            Activation::Sqrt,
            Activation::Reciprocal,
            Activation::Power { exponent: 1.7 },
            Activation::Power { exponent: -0.5 },
        ];
        let everywhere = [
            Activation::Exp,
            Activation::Abs,
            Activation::Sign,
            Activation::Power { exponent: 3.0 },
            Activation::Power { exponent: 0.0 },
            Activation::Erf,
            Activation::Sin,
            Activation::Cos,
            Activation::Gelu,
        ];
        let all = of_positive.map(|f| (f, &positive)).into_iter().chain(everywhere.map(|f| (f, &both)));
        for (f, places) in all {
            let (a, b): (Vec<f64>, Vec<f64>) = places.iter().flat_map(|&a| places.iter().map(move |&b| (a, b))).unzip();
            for (kind, within) in [(Kind::Double, 1e-7), (Kind::Float, 2e-4)] {
                let torch = |numbers: &[f64]| Torch::from_slice(numbers).to_kind(kind);
                let ones = torch(&vec![1.0; a.len()]);
                let pulled = secant_pull::<f64>(f, &torch(&a), &torch(&b), &ones).unwrap();
                let pulled = Vec::<f64>::try_from(pulled.to_kind(Kind::Double)).unwrap();
                for ((&a, &b), pulled) in a.iter().zip(&b).zip(pulled) {
                    // In single precision, the points are others.
                    let rounded = |x: f64| if kind == Kind::Float { f64::from(x as f32) } else { x };
                    let expected = exact(f, rounded(a), rounded(b));
                    let off = (pulled - expected).abs();
                    assert!(off <= within * (1.0 + expected.abs()), "{f:?} from {a} to {b}: {pulled} for {expected}");
                }
            }
        }
    }

    /// In double precision, with what is short measured by the numbers themselves: no curve bends faster than that.
    fn exact(f: Activation, a: f64, b: f64) -> f64 {
        let step = b - a;
        let is_line = matches!(f, Activation::Abs | Activation::Sign) && step != 0.0;
        if is_line || step.abs() > 1e-5 * a.abs().max(b.abs()).min(1.0) {
            return (f.value(b) - f.value(a)) / step;
        }
        f.derivative(a + step / 2.0)
    }

    fn torch_one() -> Torch {
        Torch::from_slice(&[1.0])
    }
}
