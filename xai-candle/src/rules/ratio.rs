//! Cotangents times stabilised quotients.

use candle_core::{DType, Result, Tensor};
use xai_core::nn::bounded;

use super::{ExecutionPath, tensor_bounded};
use crate::Host;
use crate::host::{self, with_number_type};

/// See `Backend::ratio_pull`. Half types are computed in single precision.
pub(crate) fn ratio_pull(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    let (wide, dtype) = widened([v, a, b])?;
    let [v, a, b] = &wide;
    match ExecutionPath::on(v.device()) {
        ExecutionPath::Kernels => with_number_type!(v.dtype(), T => by_kernel::<T>(v, a, b, eps))?,
        ExecutionPath::TensorOps => by_tensor_ops(v, a, b, eps)?,
    }
    .to_dtype(dtype)
}

/// See `Backend::alpha_beta_pull`. Half types are computed in single precision.
pub(crate) fn alpha_beta_pull(tensors: [&Tensor; 4], factors: [f64; 2], eps: f64) -> Result<[Tensor; 2]> {
    let (wide, dtype) = widened(tensors)?;
    let [v, y, z, less] = &wide;
    let [s, t] = match ExecutionPath::on(v.device()) {
        ExecutionPath::Kernels => {
            with_number_type!(v.dtype(), T => both_by_kernel::<T>([v, y, z, less], factors, eps))?
        }
        ExecutionPath::TensorOps => both_by_tensor_ops([v, y, z, less], factors, eps)?,
    };
    Ok([s.to_dtype(dtype)?, t.to_dtype(dtype)?])
}

/// In the type that is computed in, and the type itself.
fn widened<const N: usize>(tensors: [&Tensor; N]) -> Result<([Tensor; N], DType)> {
    let dtype = tensors.first().map_or(DType::F32, |t| t.dtype());
    let wide = if matches!(dtype, DType::F16 | DType::BF16) { DType::F32 } else { dtype };
    let mut all = tensors.map(Tensor::clone);
    for t in &mut all {
        *t = t.to_dtype(wide)?;
    }
    Ok((all, dtype))
}

/// a / (b + ε · sign(b))
fn stable<T: Host>(a: T, b: T, eps: T) -> T {
    let (a, b) = (bounded(a), bounded(b));
    a / if b < T::zero() { b - eps } else { b + eps }
}

fn by_kernel<T: Host>(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    let eps = T::of(eps);
    host::zip3([v, a, b], |[v, a, b]: [T; 3]| v * stable(a, b, eps))
}

fn by_tensor_ops(v: &Tensor, a: &Tensor, b: &Tensor, eps: f64) -> Result<Tensor> {
    // ε with the sign of b; that of 0 is positive.
    let (a, b) = (&tensor_bounded(a)?, &tensor_bounded(b)?);
    let negative = b.lt(0f64)?;
    let stable = negative.where_cond(&b.affine(1.0, -eps)?, &b.affine(1.0, eps)?)?;
    v.mul(&a.div(&stable)?)
}

fn both_by_kernel<T: Host>(tensors: [&Tensor; 4], factors: [f64; 2], eps: f64) -> Result<[Tensor; 2]> {
    let ([alpha, beta], eps) = (factors.map(T::of), T::of(eps));
    host::zip4_to_pair(tensors, |[v, y, z, less]: [T; 4]| {
        let more = if z > T::zero() { z - less } else { T::zero() - less };
        let s = v * stable(y, more, eps) * alpha;
        (s, T::zero() - v * stable(y, less, eps) * beta - s)
    })
}

fn both_by_tensor_ops([v, y, z, less]: [&Tensor; 4], [alpha, beta]: [f64; 2], eps: f64) -> Result<[Tensor; 2]> {
    let s = by_tensor_ops(v, y, &z.relu()?.sub(less)?, eps)?.affine(alpha, 0.0)?;
    let t = by_tensor_ops(v, y, less, eps)?.affine(-beta, 0.0)?.sub(&s)?;
    Ok([s, t])
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
        let z = b.affine(0.5, 0.5).unwrap();
        let less = b.affine(-1.0, 0.0).unwrap().relu().unwrap().affine(-1.0, 0.0).unwrap();
        let both = [&v, &a, &z, &less];
        let [once, apart] =
            [alpha_beta_pull(both, [2.0, 1.0], 0.5), both_by_tensor_ops(both, [2.0, 1.0], 0.5)].map(Result::unwrap);
        for (once, apart) in once.iter().zip(&apart) {
            let [once, apart] = [once, apart].map(|t| t.to_vec1::<f64>().unwrap());
            assert!(once.iter().zip(&apart).all(|(a, b)| (a - b).abs() < 1e-12), "{once:?}, {apart:?}");
        }
        let half = |t: &Tensor| t.to_dtype(DType::BF16).unwrap();
        assert_eq!(ratio_pull(&half(&v), &half(&a), &half(&b), 0.5).unwrap().dtype(), DType::BF16);
    }
}
