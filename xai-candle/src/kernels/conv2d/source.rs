//! The padded source of a band of outputs, in the layout that makes every tap a contiguous read.

use std::ops::Range;

use super::axis::Axis;
use super::ends::Plane;
use crate::kernels::Real;

/// How a band lies in the scratch buffer: channel, class of rows, class of columns, row, column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// The length of a row.
    pub(super) width: usize,
    /// The distance between classes.
    pub(super) class: usize,
    /// The distance between channels.
    pub(super) channel: usize,
}

impl Layout {
    pub(super) fn new(axes: &[Axis; 2], band_steps: usize) -> Self {
        let width = axes[1].padded(axes[1].steps());
        let class = axes[0].padded(band_steps) * width;
        Self { width, class, channel: class * axes[0].classes.len() * axes[1].classes.len() }
    }
}

/// Copies what the outputs `steps` of the row axis read from `planes`, one for each channel, into `band`.
///
/// The padding is written only if the band is `fresh`: otherwise it is still there.
#[inline(always)]
pub(super) fn fill<'a, T: Real>(
    band: &mut [T],
    layout: Layout,
    planes: impl Iterator<Item = Plane<'a, T>>,
    axes: &[Axis; 2],
    steps: Range<usize>,
    fresh: bool,
) {
    let [rows, columns] = axes;
    if layout.channel == 0 {
        return;
    }
    let plane_len = rows.source_len * columns.source_len;
    if plane_len == 0 {
        band.fill(T::zero());
        return;
    }
    let origins = rows.classes.iter().flat_map(|&y| columns.classes.iter().map(move |&x| (y, x)));
    for (channel, plane) in band.chunks_exact_mut(layout.channel).zip(planes) {
        for (class, (row_origin, column_origin)) in channel.chunks_exact_mut(layout.class).zip(origins.clone()) {
            let first = row_origin + (rows.source_step * steps.start) as isize;
            let count = rows.padded(steps.len());
            let inside = inside(first, rows.source_step, rows.source_len, count);
            if fresh {
                class[..inside.start * layout.width].fill(T::zero());
                class[inside.end * layout.width..count * layout.width].fill(T::zero());
            }
            if inside.is_empty() {
                continue;
            }
            let start = (first + (rows.source_step * inside.start) as isize) as usize;
            let whole = column_origin == 0 && columns.source_step == 1 && layout.width == columns.source_len;
            if whole && rows.source_step == 1 {
                let len = inside.len() * layout.width;
                plane.read(start * columns.source_len, &mut class[inside.start * layout.width..][..len]);
                continue;
            }
            let class_rows = class.chunks_exact_mut(layout.width).skip(inside.start).take(inside.len());
            for (at, row) in class_rows.enumerate() {
                let start = (start + at * rows.source_step) * columns.source_len;
                fill_row(row, plane, start, columns, column_origin, fresh);
            }
        }
    }
}

/// The elements of a class of `len` that lie in a source of `source_len`.
#[inline(always)]
fn inside(origin: isize, step: usize, source_len: usize, len: usize) -> Range<usize> {
    let start = origin.min(0).unsigned_abs().div_ceil(step).min(len);
    let end = (source_len as isize - origin).max(0) as usize;
    start..end.div_ceil(step).clamp(start, len)
}

/// Copies every `source_step`-th element of the row at `start` from `origin` on; what lies outside the row is padding.
#[inline(always)]
fn fill_row<T: Real>(row: &mut [T], plane: Plane<'_, T>, start: usize, axis: &Axis, origin: isize, fresh: bool) {
    let step = axis.source_step;
    let inside = inside(origin, step, axis.source_len, row.len());
    if fresh {
        row[..inside.start].fill(T::zero());
        row[inside.end..].fill(T::zero());
    }
    let inner = &mut row[inside.clone()];
    if inner.is_empty() {
        return;
    }
    let first = start + (origin + (inside.start * step) as isize) as usize;
    match step {
        1 => plane.read(first, inner),
        _ => plane.read_strided(first, step, inner),
    }
}
