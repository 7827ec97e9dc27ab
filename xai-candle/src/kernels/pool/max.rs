//! Max pooling.

use rayon::prelude::*;
use xai_core::{Error, Result};

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
    let mut found = vec![T::neg_infinity(); len];
    let mut places = vec![NO_ARGMAX; len];
    if len == 0 || x.is_empty() {
        return Ok((found, places));
    }
    let (in_plane, out_plane) = (g.input_plane(), g.output_plane());
    let planes = found.par_chunks_mut(out_plane).zip(places.par_chunks_mut(out_plane)).zip(x.par_chunks(in_plane));
    planes.with_min_len(planes_at_once(g)).for_each(|((found, places), x)| {
        for i in 0..g.output[0] {
            let out = i * g.output[1]..(i + 1) * g.output[1];
            row_maxima(&mut found[out.clone()], &mut places[out], x, i, g);
        }
    });
    Ok((found, places))
}

/// The maxima of one output row: input row by input row and tap by tap, which is each window's row-major order.
fn row_maxima<T: Real>(found: &mut [T], places: &mut [u32], x: &[T], i: usize, g: &PoolGeometry) {
    let stride = g.stride[1];
    for y in g.window(0, i) {
        for k in g.taps(1) {
            let (outputs, first) = g.inside(1, k);
            let start = y * g.input[1] + first;
            let values = x[start..(y + 1) * g.input[1]].iter().step_by(stride);
            let best = found[outputs.clone()].iter_mut().zip(&mut places[outputs]);
            let mut place = start as u32;
            for ((best, best_place), &value) in best.zip(values) {
                #[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
                let wins = value > *best || value != value || *best_place == NO_ARGMAX;
                *best = if wins { value } else { *best };
                *best_place = if wins { place } else { *best_place };
                place = place.wrapping_add(stride as u32);
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
