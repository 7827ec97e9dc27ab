//! Cotangents pulled back through the mean slopes of activations.

use tch::{Kind, Tensor as Torch};
use xai_core::nn::Activation;
use xai_core::{Result, Tensor};

use super::activation::activation;
use super::{TchResult, wide};
use crate::failure::failed;
use crate::tape::{Input, record};
use crate::{HostFloat, LibTorch};

/// See `Backend::secant_pull`. Half types are computed in single precision.
pub(crate) fn secant_pull<E: HostFloat>(f: Activation, a: &Torch, b: &Torch, v: &Torch) -> Result<Torch> {
    let kind = v.f_kind().map_err(failed)?;
    let wide = wide(kind);
    let widened = |t: &Torch| t.f_to_kind(wide).map_err(failed);
    let (a, b) = (widened(a)?, widened(b)?);
    let mut slopes = match f {
        Activation::Relu => relu(&a, &b, wide).map_err(failed)?,
        Activation::Relu6 => relu6(&a, &b, wide).map_err(failed)?,
        _ => curve::<E>(f, &a, &b, wide)?,
    };
    slopes.f_mul_(&widened(v)?).and_then(|pulled| pulled.f_to_kind(kind)).map_err(failed)
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

fn curve<E: HostFloat>(f: Activation, a: &Torch, b: &Torch, kind: Kind) -> Result<Torch> {
    // A shorter quotient has lost its digits, while the derivative in the middle is right to the step's square.
    let shortest = if kind == Kind::Double { 1e-4 } else { 1e-2 };
    let rise = activation(f, b)?.f_sub(&activation(f, a)?).map_err(failed)?;
    let middle = a.f_add(b).and_then(|sum| sum.f_mul_scalar(0.5)).map_err(failed)?;
    let derivative = derivative::<E>(f, middle)?;
    let slopes = || -> TchResult {
        let step = b.f_sub(a)?;
        let short = step.f_abs()?.f_le(shortest)?;
        let quotient = rise.f_div(&step.f_masked_fill(&short, 1.0)?)?;
        derivative.f_where_self(&short, &quotient)
    };
    slopes().map_err(failed)
}

fn derivative<E: HostFloat>(f: Activation, at: Torch) -> Result<Torch> {
    let at = Tensor::<LibTorch<E>>::new(at);
    let (y, pullback) = record(Input::Shared, |z| activation(f, z), &at)?;
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

    fn torch_one() -> Torch {
        Torch::from_slice(&[1.0])
    }
}
