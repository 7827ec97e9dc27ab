//! Max pooling.

use std::ops::Range;

use pulp::Arch;
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
/// Of equal maxima the first in row-major order counts; a NaN is greater than everything, and of several the last counts.
/// Padding never wins: a window without a pixel gives -∞ and [`NO_ARGMAX`].
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
        let mut met = vec![T::zero(); g.output[1]];
        Arch::new().dispatch(|| {
            let rows = found.chunks_exact_mut(g.output[1]).zip(places.chunks_exact_mut(g.output[1]));
            for (i, (found, places)) in rows.enumerate() {
                found.fill(T::neg_infinity());
                places.fill(NO_ARGMAX);
                row_maxima((found, places), &mut met, x, g.window(0, i), &taps, g);
            }
        });
    });
    Ok((found, places))
}

/// The maxima of one output row: input row by input row and tap by tap, which is each window's row-major order.
#[inline(always)]
fn row_maxima<T: Real>(
    (found, places): (&mut [T], &mut [u32]),
    met: &mut [T],
    x: &[T],
    rows: Range<usize>,
    taps: &[ColumnTap],
    g: &PoolGeometry,
) {
    for y in rows {
        for ColumnTap { outputs, start } in taps {
            let start = y * g.input[1] + start;
            let met = &mut met[..outputs.len()];
            read_strided(met, &x[start..(y + 1) * g.input[1]], g.stride[1], |met, value| *met = value);
            let mut place = start as u32;
            for ((best, best_place), &value) in
                found[outputs.clone()].iter_mut().zip(&mut places[outputs.clone()]).zip(&*met)
            {
                #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
                let wins = (value > *best) | (value != value) | (*best_place == NO_ARGMAX);
                *best = if wins { value } else { *best };
                *best_place = if wins { place } else { *best_place };
                place = place.wrapping_add(g.stride[1] as u32);
            }
        }
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
