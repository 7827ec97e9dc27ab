//! The padded source of a band of outputs, in the layout that makes every tap a contiguous read.

use super::axis::Axis;
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

/// Copies the rows that the outputs `first..first + steps` read from `planes` (channel, row, column) into `band`.
#[inline(always)]
pub(super) fn fill<T: Real>(
    band: &mut [T],
    layout: Layout,
    planes: &[T],
    axes: &[Axis; 2],
    first: usize,
    steps: usize,
) {
    let [rows, columns] = axes;
    if layout.channel == 0 {
        return;
    }
    let plane_len = rows.source_len * columns.source_len;
    if plane_len == 0 {
        band.fill(T::ZERO);
        return;
    }
    for (channel, plane) in band.chunks_exact_mut(layout.channel).zip(planes.chunks_exact(plane_len)) {
        let mut classes = channel.chunks_exact_mut(layout.class);
        for &row_origin in &rows.classes {
            for (&column_origin, class) in columns.classes.iter().zip(&mut classes) {
                for (q, row) in class.chunks_exact_mut(layout.width).take(rows.padded(steps)).enumerate() {
                    let y = row_origin + (rows.source_step * (first + q)) as isize;
                    match usize::try_from(y).ok().filter(|&y| y < rows.source_len) {
                        Some(y) => fill_row(
                            row,
                            &plane[y * columns.source_len..][..columns.source_len],
                            columns,
                            column_origin,
                        ),
                        None => row.fill(T::ZERO),
                    }
                }
            }
        }
    }
}

/// Copies every `source_step`-th element from `origin` on; what lies outside the source is zero.
#[inline(always)]
fn fill_row<T: Real>(row: &mut [T], source: &[T], axis: &Axis, origin: isize) {
    let step = axis.source_step;
    let before = (origin.min(0).unsigned_abs()).div_ceil(step).min(row.len());
    let end = (source.len() as isize - origin).max(0) as usize;
    let end = end.div_ceil(step).clamp(before, row.len());
    row[..before].fill(T::ZERO);
    row[end..].fill(T::ZERO);
    let inner = &mut row[before..end];
    if inner.is_empty() {
        return;
    }
    let source = &source[(origin + (before * step) as isize) as usize..];
    match step {
        1 => inner.copy_from_slice(&source[..inner.len()]),
        2 => {
            let (pairs, rest) = source.as_chunks::<2>();
            let (paired, last) = inner.split_at_mut(pairs.len().min(inner.len()));
            for (to, from) in paired.iter_mut().zip(pairs) {
                *to = from[0];
            }
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
        }
        _ => {
            for (to, from) in inner.iter_mut().zip(source.iter().step_by(step)) {
                *to = *from;
            }
        }
    }
}
