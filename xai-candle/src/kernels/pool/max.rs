//! Max pooling.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use xai_core::{Error, Result};

use super::geometry::ColumnTap;
use super::strided::read_strided;
use super::{PoolGeometry, planes_at_once};
use crate::kernels::{Real, check_length};

/// Stands for the argmax of a window that holds no pixel of the image.
pub const NO_ARGMAX: u32 = u32::MAX;

/// The maximum of each window, and where in its input plane (row · W + column) it is.
///
/// Of equal maxima the first in row-major order counts; a NaN is greater than everything, and of several the last
/// counts. Padding never wins: a window without a pixel gives -∞ and [`NO_ARGMAX`].
///
/// # Errors
/// If the geometry makes no sense, `x` has another length than it says, or a plane has too many pixels for a `u32`.
pub fn max_forward<T: Real>(x: &[T], geometry: &PoolGeometry) -> Result<(Vec<T>, Vec<u32>)> {
    geometry.check()?;
    check_length("pool input", x, &geometry.input_shape())?;
    check_plane(geometry)?;
    let g = geometry;
    let len = g.planes * g.output[0] * g.output[1];
    if len == 0 || x.is_empty() {
        return Ok((vec![T::neg_infinity(); len], vec![NO_ARGMAX; len]));
    }
    // Zeros cost nothing until they are touched, which is left to the threads.
    let (mut found, mut places) = (vec![T::zero(); len], vec![0; len]);
    let taps = g.column_taps();
    let (in_plane, out_plane) = (g.input_plane(), g.output_plane());
    let planes = found.par_chunks_mut(out_plane).zip(places.par_chunks_mut(out_plane)).zip(x.par_chunks(in_plane));
    planes.with_min_len(planes_at_once(g)).for_each(|((found, places), x)| {
        Arch::new().dispatch(PlaneMaxima { found, places, x, taps: &taps, geometry: g });
    });
    Ok((found, places))
}

/// The work on one plane, compiled for each instruction set.
struct PlaneMaxima<'a, T> {
    found: &'a mut [T],
    places: &'a mut [u32],
    x: &'a [T],
    taps: &'a [ColumnTap],
    geometry: &'a PoolGeometry,
}

impl<T: Real> WithSimd for PlaneMaxima<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let g = self.geometry;
        let mut met = vec![T::zero(); g.output[1]];
        let rows = self.found.chunks_exact_mut(g.output[1]).zip(self.places.chunks_exact_mut(g.output[1]));
        for (i, (found, places)) in rows.enumerate() {
            found.fill(T::neg_infinity());
            places.fill(NO_ARGMAX);
            // Input row by input row and tap by tap is each window's row-major order.
            for y in g.window(0, i) {
                for ColumnTap { outputs, start } in self.taps {
                    let start = y * g.input[1] + start;
                    let met = &mut met[..outputs.len()];
                    read_strided(met, &self.x[start..(y + 1) * g.input[1]], g.stride[1], |met, value| *met = value);
                    let (found, places) = (&mut found[outputs.clone()], &mut places[outputs.clone()]);
                    keep_greater(found, places, met, start as u32, g.stride[1] as u32);
                }
            }
        }
    }
}

/// Puts each value that wins, and its place, in the stead of the best so far.
#[inline(always)]
fn keep_greater<T: Real>(found: &mut [T], places: &mut [u32], values: &[T], start: u32, stride: u32) {
    let mut place = start;
    for ((best, best_place), &value) in found.iter_mut().zip(places).zip(values) {
        #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
        let wins = (value > *best) | (value != value) | (*best_place == NO_ARGMAX);
        *best = if wins { value } else { *best };
        *best_place = if wins { place } else { *best_place };
        place = place.wrapping_add(stride);
    }
}

/// The vjp of [`max_forward`]: each window's cotangent goes to its argmax; overlapping windows add up.
///
/// # Errors
/// If the geometry makes no sense, or `dy` or `places` have another length or name another pixel than it says.
pub fn max_vjp<T: Real>(dy: &[T], places: &[u32], geometry: &PoolGeometry) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("pool cotangent", dy, &geometry.output_shape())?;
    check_length("pool argmax", places, &geometry.output_shape())?;
    check_plane(geometry)?;
    let g = geometry;
    let (in_plane, out_plane) =
        (g.planes.min(1) * g.input[0] * g.input[1], g.planes.min(1) * g.output[0] * g.output[1]);
    if let Some(place) = places.iter().find(|&&place| place as usize >= in_plane && place != NO_ARGMAX) {
        return Err(Error::InvalidParameter {
            name: "argmax",
            value: place.to_string(),
            reason: format!("it must be below the number of pixels in a plane, {in_plane}"),
        });
    }
    let mut dx = vec![T::zero(); g.planes * g.input[0] * g.input[1]];
    if dx.is_empty() || dy.is_empty() {
        return Ok(dx);
    }
    let planes = dx.par_chunks_mut(in_plane).zip(dy.par_chunks(out_plane)).zip(places.par_chunks(out_plane));
    planes.with_min_len(planes_at_once(g)).for_each(|((dx, dy), places)| {
        for (&dy, &place) in dy.iter().zip(places) {
            // A window without a pixel has nowhere to send its cotangent.
            if let Some(dx) = dx.get_mut(place as usize) {
                *dx += dy;
            }
        }
    });
    Ok(dx)
}

/// Checks that an argmax fits into a `u32`.
fn check_plane(g: &PoolGeometry) -> Result<()> {
    if g.planes == 0 || u32::try_from(g.input_plane()).is_ok_and(|pixels| pixels < NO_ARGMAX) {
        return Ok(());
    }
    Err(Error::InvalidShape {
        what: "max pool input".to_owned(),
        got: g.input_shape().to_vec(),
        reason: "a plane has more pixels than a 32-bit index can tell apart".to_owned(),
    })
}
