//! Softmax of rows.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
use xai_core::{Error, Result};

use super::{at_once, check_rows, greatest, sum};
use crate::kernels::{Real, exp};

/// y = eˣ / Σ eˣ of each row.
///
/// # Errors
/// If `x` is not whole rows.
pub fn softmax<T: Real>(x: &[T], length: usize) -> Result<Vec<T>> {
    let (arch, mut y) = (Arch::new(), vec![T::zero(); x.len()]);
    if x.is_empty() {
        return Ok(y);
    }
    check_rows("input of a softmax", x, length)?;
    y.par_chunks_mut(length).zip(x.par_chunks(length)).with_min_len(at_once(length)).for_each(|(y, x)| {
        arch.dispatch(Shares { y, x });
    });
    Ok(y)
}

/// One row of a softmax. A type, for a closure as long as this would not be compiled for the machine's wide registers.
struct Shares<'a, T> {
    y: &'a mut [T],
    x: &'a [T],
}

impl<T: Real> NullaryFnOnce for Shares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Shares { y, x } = self;
        let most = greatest(x);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = exp(x - most);
        }
        let all = sum(y, y, |y, _| y);
        for y in y {
            *y /= all;
        }
    }
}

/// The vjp of [`softmax`], of its output: y · (v - Σ v·y).
///
/// # Errors
/// If the slices have different lengths, or are not whole rows.
pub fn softmax_vjp<T: Real>(y: &[T], v: &[T], length: usize) -> Result<Vec<T>> {
    Error::check_shape("cotangent of a softmax", &[y.len()], &[v.len()])?;
    let (arch, mut dx) = (Arch::new(), vec![T::zero(); y.len()]);
    if y.is_empty() {
        return Ok(dx);
    }
    check_rows("output of a softmax", y, length)?;
    let rows = dx.par_chunks_mut(length).zip(y.par_chunks(length)).zip(v.par_chunks(length));
    rows.with_min_len(at_once(length)).for_each(|((dx, y), v)| {
        arch.dispatch(SharesBack { dx, y, v });
    });
    Ok(dx)
}

/// The vjp of one row of a softmax.
struct SharesBack<'a, T> {
    dx: &'a mut [T],
    y: &'a [T],
    v: &'a [T],
}

impl<T: Real> NullaryFnOnce for SharesBack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let SharesBack { dx, y, v } = self;
        let mean = sum(y, v, |y, v| y * v);
        for ((dx, &y), &v) in dx.iter_mut().zip(y).zip(v) {
            *dx = (v - mean) * y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shares_and_their_vjp_is_that_of_the_formula() {
        for length in [1, 3, 64, 197, 20_000] {
            let x: Vec<f64> = (0..3 * length).map(|i| 30.0 * (i as f64 * 12.9898).sin()).collect();
            let v: Vec<f64> = (0..3 * length).map(|i| (i as f64 * 78.233).cos()).collect();
            let y = softmax(&x, length).unwrap();
            let dx = softmax_vjp(&y, &v, length).unwrap();
            let single = softmax(&x.iter().map(|&x| x as f32).collect::<Vec<_>>(), length).unwrap();
            for row in 0..3 {
                let row = row * length..(row + 1) * length;
                let all: f64 = x[row.clone()].iter().map(|x| x.exp()).sum();
                let mean: f64 = x[row.clone()].iter().zip(&v[row.clone()]).map(|(x, v)| x.exp() / all * v).sum();
                for i in row {
                    let share = x[i].exp() / all;
                    assert!((y[i] - share).abs() < 1e-14);
                    assert!((dx[i] - share * (v[i] - mean)).abs() < 1e-14);
                    assert!((f64::from(single[i]) - share).abs() < 1e-5 * share + 1e-12);
                }
            }
        }
        assert_eq!(softmax(&[f32::NEG_INFINITY, 0.0], 2).unwrap(), [0.0, 1.0]);
        assert!(softmax(&[0f32, f32::NAN], 2).unwrap().iter().all(|y| y.is_nan()));
        assert!(softmax::<f32>(&[], 0).unwrap().is_empty());
        assert!(softmax(&[0f32; 3], 2).is_err());
        assert!(softmax_vjp(&[0f32; 4], &[0.0; 2], 2).is_err());
    }
}
