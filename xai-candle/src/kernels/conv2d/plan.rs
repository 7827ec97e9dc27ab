//! Which register of outputs reads where in a band, and where its lanes are stored.

use super::axis::{Axis, Phase};
use super::source::Layout;

/// Lanes that are stored side by side, `out_step` apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) lane: usize,
    pub(super) len: usize,
    /// The first element's place in the band's part of an output plane.
    pub(super) out: usize,
}

/// One register of outputs.
#[derive(Debug, Clone)]
pub(super) struct Register {
    /// The place of its lane 0 in a class of the band, without a tap's shift.
    pub(super) source: usize,
    /// Where its lanes go; lanes in no run are thrown away.
    pub(super) runs: Vec<Run>,
}

/// The registers that cover the outputs `first..first + steps` of a phase.
///
/// Registers either run over the ends of the padded rows, which wastes the lanes that fall between two rows, or start
/// anew in each row, which wastes the lanes after its end: whichever takes fewer.
pub(super) fn registers(
    axes: &[Axis; 2],
    phases: [&Phase; 2],
    layout: Layout,
    first: usize,
    steps: usize,
    lanes: usize,
) -> Vec<Register> {
    let rows = phases[0].len.min(first + steps).saturating_sub(first);
    let columns = phases[1].len;
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    let through = ((rows - 1) * layout.width + columns).div_ceil(lanes);
    let per_row = columns.div_ceil(lanes);
    let starts: Vec<usize> = if through <= rows * per_row {
        (0..through).map(|v| v * lanes).collect()
    } else {
        (0..rows).flat_map(|row| (0..per_row).map(move |v| row * layout.width + v * lanes)).collect()
    };
    let one_row = through > rows * per_row;
    let place = |row: usize| (row * axes[0].out_step + phases[0].start) * axes[1].out_len + phases[1].start;
    let runs_from = |start: usize| {
        let mut runs: Vec<Run> = Vec::new();
        let first_row = start / layout.width;
        let last_row = if one_row { first_row } else { ((start + lanes - 1) / layout.width).min(rows - 1) };
        for row in first_row..=last_row {
            let begin = (row * layout.width).max(start);
            let end = (row * layout.width + columns).min(start + lanes);
            if begin >= end {
                continue;
            }
            let out = place(row) + (begin - row * layout.width) * axes[1].out_step;
            match runs.last_mut() {
                Some(run)
                    if axes[1].out_step == 1 && run.lane + run.len == begin - start && run.out + run.len == out =>
                {
                    run.len += end - begin;
                }
                _ => runs.push(Run { lane: begin - start, len: end - begin, out }),
            }
        }
        runs
    };
    starts.into_iter().map(|source| Register { source, runs: runs_from(source) }).collect()
}
