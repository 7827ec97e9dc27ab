//! Cotangents pulled back through the mean slopes of activations.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::Activation;

use super::{curve, tensor_ops};
use crate::Host;
use crate::host::{self, with_number_type};
use crate::rules::Way;

/// See `Backend::secant_pull`. Half types are computed in single precision.
pub(crate) fn secant_pull(f: Activation, a: &Tensor, b: &Tensor, v: &Tensor) -> Result<Tensor> {
    let dtype = v.dtype();
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let (a, b, v) = (a.to_dtype(wide)?, b.to_dtype(wide)?, v.to_dtype(wide)?);
    match Way::on(v.device()) {
        Way::Kernels => {
            curve::check(f)?;
            with_number_type!(wide, T => by_curve::<T>(f, &a, &b, &v))?
        }
        Way::TensorOps => by_tensor_ops(f, &a.contiguous()?, &b.contiguous()?)?.mul(&v)?,
    }
    .to_dtype(dtype)
}

/// The pieces of these two are the identity and constants: no digit is ever lost.
fn is_exact(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}

/// A step so short that the quotient has lost its digits, while the derivative in the middle is right to its square.
fn shortest(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e-4 } else { 1e-2 }
}

fn by_curve<T: Host>(f: Activation, from: &Tensor, to: &Tensor, v: &Tensor) -> Result<Tensor> {
    let shortest = T::of(shortest(T::DTYPE));
    let slope = |f: Activation, a: T, b: T| {
        let step = b - a;
        if step == T::zero() || (!is_exact(f) && step.abs() < shortest) {
            curve::slope(f, a + step * T::of(0.5))
        } else {
            (curve::value(f, b) - curve::value(f, a)) / step
        }
    };
    // The simplest ones by name, so that the choice is made outside the loop.
    match f {
        Activation::Relu => host::zip3([from, to, v], |[a, b, v]| v * slope(Activation::Relu, a, b)),
        Activation::Relu6 => host::zip3([from, to, v], |[a, b, v]| v * slope(Activation::Relu6, a, b)),
        _ => host::zip3([from, to, v], |[a, b, v]| v * slope(f, a, b)),
    }
}

fn by_tensor_ops(f: Activation, from: &Tensor, to: &Tensor) -> Result<Tensor> {
    let step = (to - from)?;
    let short = if is_exact(f) { step.eq(0f64)? } else { step.abs()?.lt(shortest(step.dtype()))? };
    let rise = (tensor_ops::value(f, to)? - tensor_ops::value(f, from)?)?;
    let quotient = (rise / short.where_cond(&step.ones_like()?, &step)?)?;
    let derivative = tensor_ops::slope(f, &(from + to)?.affine(0.5, 0.0)?)?;
    short.where_cond(&derivative, &quotient)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::tests::ALL;
    use super::*;

    #[test]
    fn both_ways_agree_with_the_core() {
        // Steps of every size, over every kink, and none at all.
        let z: Vec<f64> = (0..64).map(|i| f64::from(i * i % 29 - 14) * 0.6 + f64::from(i % 3) * 1e-5).collect();
        let rows = Tensor::new(z.clone(), &Device::Cpu).unwrap().reshape((8, 8)).unwrap();
        let (from, to) = (rows.narrow(0, 0, 7).unwrap(), rows.narrow(0, 1, 7).unwrap());
        let v = to.affine(0.1, 3.0).unwrap();
        for f in ALL {
            let pulled = secant_pull(f, &from, &to, &v).unwrap();
            let numbers = pulled.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            for (i, &pulled) in numbers.iter().enumerate() {
                let expected = f.mean_slope(z[i], z[i + 8]) * (0.1 * z[i + 8] + 3.0);
                assert!((pulled - expected).abs() < 1e-6, "{f:?} at {i}: {pulled} for {expected}");
            }
            let a = by_curve::<f64>(f, &from, &to, &v).unwrap();
            let b = by_tensor_ops(f, &from, &to).unwrap().mul(&v).unwrap();
            let gap = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(gap.to_scalar::<f64>().unwrap() < 1e-6, "{f:?}: {gap}");
        }
    }
}
