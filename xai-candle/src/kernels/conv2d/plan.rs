//! Which registers of outputs are summed, where they read a band, and where their lanes go.

use super::axis::{Axis, Phase};
use super::source::Layout;
use crate::kernels::Real;

/// Registers that read side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Where the first lane reads a class of the band, without a tap's shift.
    pub(super) source: usize,
    /// How many registers there are.
    pub(super) registers: usize,
}

/// One phase of a band's outputs.
///
/// Registers either run on over the ends of the padded rows, which wastes the lanes that fall between two rows, or
/// start anew in each row, which wastes the lanes after its end: whichever takes fewer. Their sums are staged one
/// after the other; [`Plan::store`] picks the outputs out of them.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) spans: Vec<Span>,
    /// How many floats are staged for each output channel.
    pub(super) staged: usize,
    /// The distance between staged rows.
    pitch: usize,
    rows: usize,
    columns: usize,
    /// Where the phase starts in the band's part of an output plane.
    out: usize,
    /// The distance between rows in the output.
    out_pitch: usize,
    /// The distance between columns in the output.
    out_step: usize,
}

impl Plan {
    /// For the outputs `first..first + steps` of a phase.
    pub(super) fn new(
        axes: &[Axis; 2],
        phases: [&Phase; 2],
        layout: Layout,
        first: usize,
        steps: usize,
        lanes: usize,
    ) -> Self {
        let rows = phases[0].len.min(first + steps).saturating_sub(first);
        let columns = phases[1].len;
        let through = if rows == 0 || columns == 0 { 0 } else { (rows - 1) * layout.width + columns }.div_ceil(lanes);
        let per_row = columns.div_ceil(lanes);
        let (spans, pitch): (Vec<Span>, usize) = if through <= rows * per_row {
            (vec![Span { source: 0, registers: through }], layout.width)
        } else {
            let row = |row: usize| Span { source: row * layout.width, registers: per_row };
            ((0..rows).map(row).collect(), per_row * lanes)
        };
        Self {
            staged: spans.iter().map(|span| span.registers * lanes).sum(),
            spans,
            pitch,
            rows,
            columns,
            out: phases[0].start * axes[1].out_len + phases[1].start,
            out_pitch: axes[0].out_step * axes[1].out_len,
            out_step: axes[1].out_step,
        }
    }

    /// Stores the staged sums of one output channel into the band's part of its plane, or adds them to what is there.
    #[inline(always)]
    pub(super) fn store<T: Real>(&self, staged: &[T], out: &mut [T], adds: bool) {
        if self.out_step == 1 && self.pitch == self.columns && self.out_pitch == self.columns {
            let len = self.rows * self.columns;
            put(&mut out[self.out..self.out + len], &staged[..len], adds);
            return;
        }
        for row in 0..self.rows {
            let from = &staged[row * self.pitch..][..self.columns];
            let to = &mut out[self.out + row * self.out_pitch..];
            if self.out_step == 1 {
                put(&mut to[..self.columns], from, adds);
            } else {
                for (to, from) in to.iter_mut().step_by(self.out_step).zip(from) {
                    *to = if adds { *to + *from } else { *from };
                }
            }
        }
    }

    /// Stores, or adds, this phase's and the next column phase's sums, where columns alternate between the two.
    #[inline(always)]
    pub(super) fn store_pair<T: Real>(&self, staged: &[T], next: &Self, next_staged: &[T], out: &mut [T], adds: bool) {
        for row in 0..self.rows {
            let even = &staged[row * self.pitch..][..self.columns];
            let odd = &next_staged[row * next.pitch..][..next.columns];
            let to = &mut out[self.out + row * self.out_pitch..][..self.columns + next.columns];
            let (pairs, rest) = to.as_chunks_mut::<2>();
            for ((to, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
                *to = if adds { [to[0] + *even, to[1] + *odd] } else { [*even, *odd] };
            }
            if let ([last], [.., even]) = (rest, even) {
                *last = if adds { *last + *even } else { *even };
            }
        }
    }
}

/// Writes numbers side by side, or adds them.
#[inline(always)]
fn put<T: Real>(to: &mut [T], from: &[T], adds: bool) {
    if !adds {
        to.copy_from_slice(from);
        return;
    }
    for (to, from) in to.iter_mut().zip(from) {
        *to += *from;
    }
}
