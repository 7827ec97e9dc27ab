//! Cotangents pulled back through the mean slopes of activations.

use candle_core::{DType, Device, Result, Tensor};
use xai_core::nn::{Activation, bounded};

use super::{curve, tensor_ops};
use crate::Host;
use crate::host::{self, with_number_type};
use crate::rules::{ExecutionPath, tensor_bounded};

/// See `Backend::secant_pull`. Half types are computed in single precision.
pub(crate) fn secant_pull(f: Activation, a: &Tensor, b: &Tensor, v: &Tensor) -> Result<Tensor> {
    let dtype = v.dtype();
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let (a, b, v) = (a.to_dtype(wide)?, b.to_dtype(wide)?, v.to_dtype(wide)?);
    match ExecutionPath::on(v.device()) {
        ExecutionPath::Kernels => with_number_type!(wide, T => by_curve::<T>(f, &a, &b, &v))?,
        ExecutionPath::TensorOps => match by_tensor_ops(f, &a.contiguous()?, &b.contiguous()?)? {
            Some(slopes) => slopes.mul(&v)?,
            None => on_host(f, [&a, &b, &v])?,
        },
    }
    .to_dtype(dtype)
}

/// A step so short that the quotient has lost its digits, while the derivative in the middle is right to its square.
fn shortest(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e-4 } else { 1e-2 }
}

fn by_curve<T: Host>(f: Activation, from: &Tensor, to: &Tensor, v: &Tensor) -> Result<Tensor> {
    let shortest = T::of(shortest(T::DTYPE));
    let slope = |f: Activation, a: T, b: T| {
        let (a, b) = (bounded(a), bounded(b));
        let step = b - a;
        let nearest = [a.abs(), b.abs()].into_iter().fold(T::one(), |least, x| if x < least { x } else { least });
        let shortest = if f.is_singular_at_zero() { shortest * nearest } else { shortest };
        if step == T::zero() || (!f.has_exact_quotients() && step.abs() < shortest) {
            curve::slope(f, a + step * T::of(0.5))
        } else {
            (curve::value(f, b) - curve::value(f, a)) / step
        }
    };
    // The simplest ones by name, so that the choice is made outside the loop.
    match f {
        Activation::Relu => host::zip3([from, to, v], |[a, b, v]: [T; 3]| v * relu_slope(a, b)),
        Activation::Relu6 => host::zip3([from, to, v], |[a, b, v]| v * slope(Activation::Relu6, a, b)),
        _ => host::zip3([from, to, v], |[a, b, v]| v * slope(f, a, b)),
    }
}

/// The share of the way between two numbers that is above 0; where it is no way at all, the derivative. The higher end
/// alone can be too large for a quotient, and the lower end too low.
fn relu_slope<T: Host>(a: T, b: T) -> T {
    let most = T::max_value() / T::of(8.0);
    let (low, high) = if a > b { (b, a) } else { (a, b) };
    // False where one is a NaN, which then comes out.
    let ordered = low <= high;
    let (low, high) = (if low < -most { -most } else { low }, if high > most { most } else { high });
    // The quotient first: all three are chosen from, without a branch.
    let share = high / (high - low);
    if ordered & (high <= T::zero()) {
        T::zero()
    } else if ordered & (low >= T::zero()) {
        T::one()
    } else {
        share
    }
}

/// By way of the host, where candle's operations do not make the function.
fn on_host(f: Activation, [a, b, v]: [&Tensor; 3]) -> Result<Tensor> {
    let down = |t: &Tensor| t.to_device(&Device::Cpu);
    let (device, a, b, v) = (v.device(), down(a)?, down(b)?, down(v)?);
    with_number_type!(v.dtype(), T => by_curve::<T>(f, &a, &b, &v))?.to_device(device)
}

fn by_tensor_ops(f: Activation, from: &Tensor, to: &Tensor) -> Result<Option<Tensor>> {
    let (from, to) = (&tensor_bounded(from)?, &tensor_bounded(to)?);
    let middle = (from + to)?.affine(0.5, 0.0)?;
    let (Some(start), Some(end), Some(derivative)) =
        (tensor_ops::value(f, from)?, tensor_ops::value(f, to)?, tensor_ops::slope(f, &middle)?)
    else {
        return Ok(None);
    };
    let step = (to - from)?;
    let shortest = shortest(step.dtype());
    let short = if f.has_exact_quotients() {
        step.eq(0f64)?
    } else if f.is_singular_at_zero() {
        let nearest = from.abs()?.minimum(&to.abs()?)?.minimum(1f64)?;
        step.abs()?.le(&nearest.affine(shortest, 0.0)?)?
    } else {
        step.abs()?.lt(shortest)?
    };
    let quotient = ((end - start)? / short.where_cond(&step.ones_like()?, &step)?)?;
    short.where_cond(&derivative, &quotient).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ABOVE_ZERO, ALL, UNBOUNDED};
    use super::*;

    fn agrees(f: Activation, z: &[f64]) {
        let rows = Tensor::new(z, &Device::Cpu).unwrap().reshape((8, 8)).unwrap();
        let (from, to) = (rows.narrow(0, 0, 7).unwrap(), rows.narrow(0, 1, 7).unwrap());
        let v = to.affine(0.1, 3.0).unwrap();
        let pulled = secant_pull(f, &from, &to, &v).unwrap();
        let numbers = pulled.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for (i, &pulled) in numbers.iter().enumerate() {
            let expected = f.mean_slope(z[i], z[i + 8]) * (0.1 * z[i + 8] + 3.0);
            assert!((pulled - expected).abs() < 1e-6, "{f:?} at {i}: {pulled} for {expected}");
        }
        let a = by_curve::<f64>(f, &from, &to, &v).unwrap();
        let b = by_tensor_ops(f, &from, &to).unwrap().unwrap().mul(&v).unwrap();
        let gap = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        assert!(gap.to_scalar::<f64>().unwrap() < 1e-6, "{f:?}: {gap}");
    }

    #[test]
    fn both_ways_agree_with_the_core() {
        // Steps of every size, over every kink, and none at all.
        let z: Vec<f64> = (0..64).map(|i| f64::from(i * i % 29 - 14) * 0.6 + f64::from(i % 3) * 1e-5).collect();
        ALL.into_iter().chain(UNBOUNDED).for_each(|f| agrees(f, &z));
        let above: Vec<f64> = z.iter().map(|z| z.abs() + 0.5).collect();
        ABOVE_ZERO.into_iter().for_each(|f| agrees(f, &above));
    }

    #[test]
    fn a_rectifier_has_its_limits_where_numbers_are_infinite() {
        let infinite = f32::INFINITY;
        let cases = [
            (infinite, -1.0, 1.0),
            (-infinite, 2.0, 0.0),
            (infinite, infinite, 1.0),
            (-infinite, -infinite, 0.0),
            (-infinite, infinite, 0.5),
            (f32::MAX, -f32::MAX, 0.5),
            (0.0, 0.0, 0.0),
        ];
        for (a, b, expected) in cases {
            let gaps = [relu_slope(a, b), relu_slope(b, a)].map(|slope: f32| (slope - expected).abs());
            assert!(gaps.iter().all(|gap| *gap < 1e-30), "{a} to {b}: {gaps:?}");
        }
        for other in [-1.0, 0.0, 1.0, f32::NAN] {
            assert!(relu_slope(f32::NAN, other).is_nan() && relu_slope(other, f32::NAN).is_nan(), "{other}");
        }
    }

    #[test]
    fn short_steps_near_zero_keep_their_digits() {
        // Single precision, against double: steps of a tenth of the way to zero, and of a millionth.
        for at in [1e-4_f64, 1e-2, 1.0, 50.0] {
            for step in [0.1, 1e-3, 1e-6].map(|part| part * at) {
                let [from, to] = [at, at + step].map(|z| Tensor::new(&[z as f32], &Device::Cpu).unwrap());
                let [a, b] = [&from, &to].map(|z| f64::from(z.to_vec1::<f32>().unwrap()[0]));
                for f in ABOVE_ZERO {
                    let expected = if a == b { f.derivative(a) } else { (f.value(b) - f.value(a)) / (b - a) };
                    let pulled = secant_pull(f, &from, &to, &from.ones_like().unwrap()).unwrap();
                    let other = by_tensor_ops(f, &from, &to).unwrap().unwrap();
                    for found in [pulled, other].map(|t| f64::from(t.to_vec1::<f32>().unwrap()[0])) {
                        assert!(
                            (found / expected - 1.0).abs() < 2e-3,
                            "{f:?} at {at} + {step}: {found} for {expected}"
                        );
                    }
                }
            }
        }
    }
}
