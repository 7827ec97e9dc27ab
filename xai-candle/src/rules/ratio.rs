//! Cotangents times stabilised quotients.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::bounded;

use super::{ExecutionPath, tensor_bounded};
use crate::Host;
use crate::host::{self, with_number_type};

/// See `Backend::ratio_pull`. Half types are computed in single precision.
pub(crate) fn ratio_pull(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    let dtype = v.dtype();
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let (v, a, b) = (v.to_dtype(wide)?, a.to_dtype(wide)?, b.to_dtype(wide)?);
    match ExecutionPath::on(v.device()) {
        ExecutionPath::Kernels => with_number_type!(wide, T => by_kernel::<T>(&v, &a, &b, eps))?,
        ExecutionPath::TensorOps => by_tensor_ops(&v, &a, &b, eps)?,
    }
    .to_dtype(dtype)
}

fn by_kernel<T: Host>(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    let (eps, zero) = (T::of(eps), T::zero());
    host::zip3([v, a, b], |[v, a, b]: [T; 3]| {
        let (a, b) = (bounded(a), bounded(b));
        v * (a / if b < zero { b - eps } else { b + eps })
    })
}

fn by_tensor_ops(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    // ε with the sign of b; that of 0 is positive.
    let (a, b) = (&tensor_bounded(a)?, &tensor_bounded(b)?);
    let negative = b.lt(0f64)?;
    let stable = negative.where_cond(&b.affine(1.0, -eps)?, &b.affine(1.0, eps)?)?;
    v.mul(&a.div(&stable)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn both_ways_agree_and_the_sign_of_nothing_is_positive() {
        let b = Tensor::new(&[-2.0, -1e-3, 0.0, 1e-3, 2.0], &Device::Cpu).unwrap();
        let (a, v) = (b.affine(0.0, 3.0).unwrap(), b.affine(0.0, 2.0).unwrap());
        let expected = [-2.4, -6.0 / 0.501, 12.0, 6.0 / 0.501, 2.4];
        for pulled in [ratio_pull(&v, &a, &b, 0.5).unwrap(), by_tensor_ops(&v, &a, &b, 0.5).unwrap()] {
            for (pulled, expected) in pulled.to_vec1::<f64>().unwrap().into_iter().zip(expected) {
                assert!((pulled - expected).abs() < 1e-12, "{pulled} for {expected}");
            }
        }
        let half = |t: &Tensor| t.to_dtype(DType::BF16).unwrap();
        assert_eq!(ratio_pull(&half(&v), &half(&a), &half(&b), 0.5).unwrap().dtype(), DType::BF16);
    }
}
