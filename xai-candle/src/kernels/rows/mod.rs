//! Rows of numbers, each normalised by itself: softmax, and the norms whose statistics are the row's own.

mod norm;
mod softmax;

use xai_core::Result;

pub use self::norm::{Norm, Statistics};
pub use self::softmax::{softmax, softmax_vjp};
use super::elementwise::CHUNK;
use super::{Real, check_length, check_positive};

/// What is summed at once, in registers as wide as the machine has.
const LANES: usize = 64;

/// Σ f(a, b). Each lane has a sum of its own, so that long rows lose few digits.
#[inline(always)]
fn sum<T: Real>(a: &[T], b: &[T], f: impl Fn(T, T) -> T) -> T {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [T::zero(); LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            sums[i] += f(a[i], b[i]);
        }
    }
    for (i, (&a, &b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[i] += f(a, b);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sums[i] += sums[i + width];
        }
    }
    sums[0]
}

/// The greatest number of a row.
#[inline(always)]
fn greatest<T: Real>(x: &[T]) -> T {
    let (blocks, rest) = x.as_chunks::<LANES>();
    let mut most = [-T::infinity(); LANES];
    for x in blocks {
        for i in 0..LANES {
            most[i] = if x[i] > most[i] { x[i] } else { most[i] };
        }
    }
    most.iter().chain(rest).fold(-T::infinity(), |most, &x| if x > most { x } else { most })
}

/// How many rows make a task.
fn at_once(length: usize) -> usize {
    (CHUNK / length.max(1)).max(1)
}

/// Whole rows, each of at least one number.
fn check_rows<T>(what: &'static str, x: &[T], length: usize) -> Result<()> {
    check_positive("length of a row", length)?;
    check_length(what, x, &[x.len() / length, length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_maxima_reach_every_number() {
        for length in [1, 2, LANES - 1, LANES, 3 * LANES + 5] {
            let x: Vec<f32> = (0..length).map(|i| i as f32 - 7.0).collect();
            assert_eq!(sum(&x, &x, |a, b| a + b), 2.0 * x.iter().sum::<f32>());
            assert_eq!(greatest(&x), length as f32 - 8.0);
        }
        assert!(check_rows("rows", &[0f32; 6], 3).is_ok());
        assert!(check_rows("rows", &[0f32; 6], 4).is_err());
        assert!(check_rows("rows", &[0f32; 6], 0).is_err());
    }
}
