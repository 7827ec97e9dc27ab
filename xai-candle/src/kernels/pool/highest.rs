//! Max pooling forward alone: without the places of the maxima.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use xai_core::Result;

use super::geometry::ColumnTap;
use super::strided::read_strided;
use super::{PoolGeometry, planes_at_once};
use crate::kernels::{Real, check_length};

/// The maximum of each window, as [`max_forward`](super::max_forward) gives it: a NaN is greater than everything, and a
/// window without a pixel gives -∞.
///
/// # Errors
/// If the geometry makes no sense, or `x` has another length than it says.
pub fn max_values<T: Real>(x: &[T], geometry: &PoolGeometry) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("pool input", x, &geometry.input_shape())?;
    let g = geometry;
    let len = g.planes * g.output[0] * g.output[1];
    if len == 0 || x.is_empty() {
        return Ok(vec![T::neg_infinity(); len]);
    }
    // Zeros cost nothing until they are touched, which is left to the threads.
    let mut found = vec![T::zero(); len];
    let taps = g.column_taps();
    let planes = found.par_chunks_mut(g.output_plane()).zip(x.par_chunks(g.input_plane()));
    planes.with_min_len(planes_at_once(g)).for_each(|(found, x)| {
        Arch::new().dispatch(PlaneHighest { found, x, taps: &taps, geometry: g });
    });
    Ok(found)
}

/// The work on one plane, compiled for each instruction set.
struct PlaneHighest<'a, T> {
    found: &'a mut [T],
    x: &'a [T],
    taps: &'a [ColumnTap],
    geometry: &'a PoolGeometry,
}

impl<T: Real> WithSimd for PlaneHighest<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let g = self.geometry;
        for (i, found) in self.found.chunks_exact_mut(g.output[1]).enumerate() {
            found.fill(T::neg_infinity());
            for y in g.window(0, i) {
                for ColumnTap { outputs, start } in self.taps {
                    let row = &self.x[y * g.input[1] + start..(y + 1) * g.input[1]];
                    read_strided(&mut found[outputs.clone()], row, g.stride[1], keep_greater);
                }
            }
        }
    }
}

#[inline(always)]
fn keep_greater<T: Real>(best: &mut T, value: T) {
    #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
    let wins = (value > *best) | (value != value);
    *best = if wins { value } else { *best };
}
