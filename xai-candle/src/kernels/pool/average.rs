//! Average pooling.

use rayon::prelude::*;
use xai_core::Result;

use super::geometry::ColumnTap;
use super::strided::{add_strided, read_strided};
use super::{PoolGeometry, planes_at_once};
use crate::kernels::{Real, check_length};

/// The mean of each window.
///
/// Padding counts as zeros. The divisor is the window's area, kh · kw, if `count_include_pad`, and otherwise the number
/// of pixels of the image in the window; a window without any gives 0.
///
/// # Errors
/// If the geometry makes no sense or `x` has another length than it says.
pub fn avg_forward<T: Real>(x: &[T], geometry: &PoolGeometry, count_include_pad: bool) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("pool input", x, &geometry.input_shape())?;
    let g = geometry;
    let mut out = vec![T::zero(); g.planes * g.output[0] * g.output[1]];
    if out.is_empty() || x.is_empty() {
        return Ok(out);
    }
    let counts = Counts::new(g, count_include_pad);
    let taps = g.column_taps();
    each_plane(g, x, g.input_plane(), &mut out, g.output_plane(), |x, out| {
        for (i, out) in out.chunks_exact_mut(g.output[1]).enumerate() {
            let rows = g.window(0, i);
            for row in x[rows.start * g.input[1]..rows.end * g.input[1]].chunks_exact(g.input[1]) {
                if g.output[1] == 1 {
                    out[0] += sum(&row[g.window(1, 0)]);
                } else {
                    add_windows(out, row, &taps, g.stride[1]);
                }
            }
            for (j, out) in out.iter_mut().enumerate() {
                *out /= counts.divisor(i, j);
            }
        }
    });
    Ok(out)
}

/// The vjp of [`avg_forward`]: each pixel of a window gets the window's cotangent over its divisor.
///
/// # Errors
/// If the geometry makes no sense or `dy` has another length than it says.
pub fn avg_vjp<T: Real>(dy: &[T], geometry: &PoolGeometry, count_include_pad: bool) -> Result<Vec<T>> {
    geometry.check()?;
    check_length("pool cotangent", dy, &geometry.output_shape())?;
    let g = geometry;
    let mut dx = vec![T::zero(); g.planes * g.input[0] * g.input[1]];
    if dy.is_empty() || dx.is_empty() {
        return Ok(dx);
    }
    let counts = Counts::new(g, count_include_pad);
    let taps = g.column_taps();
    each_plane(g, dy, g.output_plane(), &mut dx, g.input_plane(), |dy, dx| {
        let mut shares = vec![T::zero(); g.output[1]];
        for (i, dy) in dy.chunks_exact(g.output[1]).enumerate() {
            for (j, (share, &dy)) in shares.iter_mut().zip(dy).enumerate() {
                *share = dy / counts.divisor(i, j);
            }
            let rows = g.window(0, i);
            for row in dx[rows.start * g.input[1]..rows.end * g.input[1]].chunks_exact_mut(g.input[1]) {
                if g.output[1] == 1 {
                    for dx in &mut row[g.window(1, 0)] {
                        *dx += shares[0];
                    }
                } else {
                    spread_windows(row, &shares, &taps, g.stride[1]);
                }
            }
        }
    });
    Ok(dx)
}

/// Calls `work` with each pair of planes of an input and an output, on all threads.
fn each_plane<T: Real>(
    geometry: &PoolGeometry,
    from: &[T],
    from_plane: usize,
    to: &mut [T],
    to_plane: usize,
    work: impl Fn(&[T], &mut [T]) + Sync,
) {
    if from_plane == 0 || to_plane == 0 {
        return;
    }
    let planes = to.par_chunks_mut(to_plane).zip(from.par_chunks(from_plane));
    planes.with_min_len(planes_at_once(geometry)).for_each(|(to, from)| work(from, to));
}

/// Σ in eight interleaved parts, so that the machine may add them side by side.
fn sum<T: Real>(row: &[T]) -> T {
    let (chunks, rest) = row.as_chunks::<8>();
    let mut parts = [T::zero(); 8];
    for chunk in chunks {
        for (part, &value) in parts.iter_mut().zip(chunk) {
            *part += value;
        }
    }
    rest.iter().chain(&parts).fold(T::zero(), |total, &value| total + value)
}

/// Adds the part of an input row that each output's window covers, tap by tap.
fn add_windows<T: Real>(out: &mut [T], row: &[T], taps: &[ColumnTap], stride: usize) {
    for ColumnTap { outputs, start } in taps {
        read_strided(&mut out[outputs.clone()], &row[*start..], stride, |out, value| *out += value);
    }
}

/// The transpose of [`add_windows`].
fn spread_windows<T: Real>(row: &mut [T], shares: &[T], taps: &[ColumnTap], stride: usize) {
    for ColumnTap { outputs, start } in taps {
        add_strided(&mut row[*start..], &shares[outputs.clone()], stride);
    }
}

/// How many values each window's mean is over.
struct Counts<T> {
    /// The area of each window, if it is the same for all.
    area: Option<T>,
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl<T: Real> Counts<T> {
    fn new(g: &PoolGeometry, count_include_pad: bool) -> Self {
        let along = |axis: usize| (0..g.output[axis]).map(|o| g.window(axis, o).len()).collect();
        let area = count_include_pad.then(|| T::of(g.kernel[0] as f64 * g.kernel[1] as f64));
        Self { area, rows: along(0), columns: along(1) }
    }

    fn divisor(&self, i: usize, j: usize) -> T {
        self.area.unwrap_or_else(|| T::of((self.rows[i] * self.columns[j]).max(1) as f64))
    }
}
