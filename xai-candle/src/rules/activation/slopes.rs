//! Slopes of activations over the segments of a path.

use candle_core::{DType, Result, Tensor};
use xai_core::Segments;
use xai_core::nn::Activation;

use super::{curve, tensor_ops};
use crate::Host;
use crate::host::{self, with_number_type};
use crate::rules::Way;

/// See `Backend::mean_slopes`. Half types are computed in single precision.
pub(crate) fn mean_slopes(f: Activation, z: &Tensor, segments: Segments) -> Result<Tensor> {
    let dtype = z.dtype();
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let nodes = segments.nodes();
    let mut apart = z.dims().to_vec();
    if let Some(rows) = apart.first_mut() {
        *rows /= nodes;
    }
    apart.insert(1.min(apart.len()), nodes);
    let paths = z.to_dtype(wide)?.reshape(apart)?;
    let (from, to) = (paths.narrow(1, 0, nodes - 1)?, paths.narrow(1, 1, nodes - 1)?);
    let slopes = match Way::on(z.device()) {
        Way::Kernels => {
            curve::check(f)?;
            with_number_type!(wide, T => by_curve::<T>(f, &from, &to))?
        }
        Way::TensorOps => by_tensor_ops(f, &from.contiguous()?, &to.contiguous()?)?,
    };
    // The last row of a path has no segment.
    let last = paths.narrow(1, nodes - 1, 1)?.zeros_like()?;
    Tensor::cat(&[slopes, last], 1)?.reshape(z.shape())?.to_dtype(dtype)
}

/// The pieces of these two are the identity and constants: no digit is ever lost.
fn is_exact(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Relu6)
}

/// A step so short that the quotient has lost its digits, while the derivative in the middle is right to its square.
fn shortest(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e-4 } else { 1e-2 }
}

fn by_curve<T: Host>(f: Activation, from: &Tensor, to: &Tensor) -> Result<Tensor> {
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
        Activation::Relu => host::zip(from, to, |a, b| slope(Activation::Relu, a, b)),
        Activation::Relu6 => host::zip(from, to, |a, b| slope(Activation::Relu6, a, b)),
        _ => host::zip(from, to, |a, b| slope(f, a, b)),
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
        let paths = rows.reshape((2, 4, 8)).unwrap();
        let (from, to) = (paths.narrow(1, 0, 3).unwrap(), paths.narrow(1, 1, 3).unwrap());
        for f in ALL {
            let slopes = mean_slopes(f, &rows, Segments::new(4)).unwrap();
            let slopes = slopes.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            for (i, &slope) in slopes.iter().enumerate() {
                let expected = if i / 8 % 4 == 3 { 0.0 } else { f.mean_slope(z[i], z[i + 8]) };
                assert!((slope - expected).abs() < 1e-6, "{f:?} at {i}: {slope} for {expected}");
            }
            let a = by_curve::<f64>(f, &from, &to).unwrap();
            let b = by_tensor_ops(f, &from.contiguous().unwrap(), &to.contiguous().unwrap()).unwrap();
            let gap = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(gap.to_scalar::<f64>().unwrap() < 1e-6, "{f:?}: {gap}");
        }
    }
}
