//! Arithmetic of two tensors, with broadcasting.
//!
//! On the CPU the common shapes go by this crate's own loops, which run on the threads of its other kernels. candle's
//! run on threads of candle's own that wait by spinning: after a convolution they compete with rayon's for the cores.

use candle_core::{DType, Device, Error, Result, Tensor};

use crate::Host;
use crate::explaining::handle;
use crate::host::{self, Numbers, with_number_type};
use crate::kernels::elementwise;

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    /// a + b
    Add,
    /// a - b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
}

/// Both tensors combined, number by number, on no tape unless somebody trains.
pub(crate) fn combined(a: &Tensor, with: With, b: &Tensor) -> Result<Tensor> {
    let (a, b) = (handle(a), handle(b));
    let taped = a.track_op() || b.track_op();
    let wide = a.dtype() == b.dtype() && matches!(a.dtype(), DType::F32 | DType::F64);
    let here = matches!((a.device(), b.device()), (Device::Cpu, Device::Cpu));
    if !taped
        && wide
        && here
        && a.is_contiguous()
        && b.is_contiguous()
        && let Some(y) = with_number_type!(a.dtype(), T => in_one_pass::<T>(&a, with, &b))?
    {
        return Ok(y);
    }
    match with {
        With::Add => a.broadcast_add(&b),
        With::Sub => a.broadcast_sub(&b),
        With::Mul => a.broadcast_mul(&b),
        With::Div => a.broadcast_div(&b),
    }
}

/// scale · t + shift, on no tape unless somebody trains.
pub(crate) fn affine(t: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
    let t = handle(t);
    if scale == 1.0 && shift == 0.0 {
        return Ok(t);
    }
    match (t.device(), t.dtype()) {
        _ if t.track_op() => t.affine(scale, shift),
        (Device::Cpu, DType::F32) => scaled::<f32>(&t, scale, shift),
        (Device::Cpu, DType::F64) => scaled::<f64>(&t, scale, shift),
        _ => t.affine(scale, shift),
    }
}

fn scaled<T: Host>(t: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
    let (scale, shift) = (T::of(scale), T::of(shift));
    host::map(t, |x: T| x * scale + shift)
}

fn in_one_pass<T: Host>(a: &Tensor, with: With, b: &Tensor) -> Result<Option<Tensor>> {
    match with {
        With::Add => over::<T>(a, b, |a, b| a + b),
        With::Sub => over::<T>(a, b, |a, b| a - b),
        With::Mul => over::<T>(a, b, |a, b| a * b),
        With::Div => over::<T>(a, b, |a, b| a / b),
    }
}

/// None where neither has the shape of both together, or the smaller one is repeated in another way than by channels.
fn over<T: Host>(a: &Tensor, b: &Tensor, f: impl Fn(T, T) -> T + Sync) -> Result<Option<Tensor>> {
    if a.dims() == b.dims() {
        return host::zip(a, b, f).map(Some);
    }
    if let Some(plane) = repeated(a.dims(), b.dims()) {
        return by_channels(a, b, plane, f).map(Some);
    }
    match repeated(b.dims(), a.dims()) {
        Some(plane) => by_channels(b, a, plane, |b, a| f(a, b)).map(Some),
        None => Ok(None),
    }
}

fn by_channels<T: Host>(x: &Tensor, each: &Tensor, plane: usize, f: impl Fn(T, T) -> T + Sync) -> Result<Tensor> {
    let (x_numbers, each) = (Numbers::of(x)?, Numbers::of(each)?);
    let y = elementwise::zip_channels(x_numbers.slice::<T>()?, each.slice::<T>()?, plane, f);
    Tensor::from_vec(y.map_err(Error::wrap)?, x.shape(), x.device())
}

/// How many numbers of the large tensor stand beside one of the small one, where that is axes (1, .., C, .., 1): with
/// nothing in front of it but axes that repeat it, and nothing behind it but axes that it is the same along.
fn repeated(large: &[usize], small: &[usize]) -> Option<usize> {
    let front = large.len().checked_sub(small.len())?;
    let behind = small.iter().rev().take_while(|&&side| side == 1).count();
    let ahead = small.iter().take(small.len() - behind).take_while(|&&side| side == 1).count();
    let middle = ahead..small.len() - behind;
    let fits = large[front..][middle.clone()] == small[middle.clone()];
    // One number alone stands beside all.
    let from = if middle.is_empty() { 0 } else { front + middle.end };
    let plane = large[from..].iter().product();
    (fits && plane > 0).then_some(plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[usize], dtype: DType) -> Tensor {
        let count: usize = shape.iter().product();
        let numbers: Vec<f64> = (0..count).map(|i| (i * 37 % 101) as f64 / 7.0 - 6.3).collect();
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap().to_dtype(dtype).unwrap()
    }

    #[test]
    fn every_shape_is_combined_as_candle_does() {
        let shapes: [(&[usize], &[usize]); 14] = [
            (&[2, 3, 40, 50], &[2, 3, 40, 50]),
            (&[2, 3, 400, 50], &[1, 3, 1, 1]),
            (&[1, 3, 1, 1], &[2, 3, 4, 5]),
            (&[2, 3, 4, 5], &[3, 1, 1]),
            (&[7, 5], &[5]),
            (&[5], &[7, 5]),
            (&[7, 5], &[7, 1]),
            (&[7, 5], &[1, 1]),
            (&[7, 5], &[]),
            (&[2, 3, 4, 5], &[2, 1, 4, 1]),
            (&[2, 1, 4], &[1, 3, 1]),
            (&[2, 3, 4, 5], &[4, 1]),
            (&[0, 3, 2], &[1, 3, 1]),
            (&[2, 3, 0], &[1, 3, 1]),
        ];
        for dtype in [DType::F32, DType::F64, DType::BF16] {
            for (a, b) in shapes {
                let (a, b) = (numbers(a, dtype), numbers(b, dtype));
                for (with, expected) in [
                    (With::Add, a.broadcast_add(&b)),
                    (With::Sub, a.broadcast_sub(&b)),
                    (With::Mul, a.broadcast_mul(&b)),
                    (With::Div, a.broadcast_div(&b)),
                ] {
                    let (found, expected) = (combined(&a, with, &b).unwrap(), expected.unwrap());
                    assert_eq!(found.dims(), expected.dims(), "{a:?} {b:?}");
                    let flat =
                        |t: Tensor| t.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
                    assert_eq!(flat(found), flat(expected), "{a:?} {with:?} {b:?} {dtype:?}");
                }
            }
        }
        assert!(combined(&numbers(&[2, 3], DType::F32), With::Add, &numbers(&[2, 4], DType::F32)).is_err());
        assert!(combined(&numbers(&[2, 3], DType::F32), With::Add, &numbers(&[2, 3], DType::F64)).is_err());
    }

    #[test]
    fn strided_tensors_are_combined_by_place() {
        let a = numbers(&[30, 20], DType::F32);
        let (t, b) = (a.t().unwrap(), numbers(&[20, 30], DType::F32));
        let found = combined(&t, With::Sub, &b).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(found, (t - b).unwrap().to_vec2::<f32>().unwrap());
    }

    #[test]
    fn scaled_and_shifted() {
        for dtype in [DType::F32, DType::F64, DType::F16] {
            let t = numbers(&[3, 70], dtype).t().unwrap();
            let (found, expected) = (affine(&t, -1.5, 0.25).unwrap(), t.affine(-1.5, 0.25).unwrap());
            let flat = |t: Tensor| t.flatten_all().unwrap().to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
            assert_eq!(flat(found), flat(expected));
        }
    }
}
