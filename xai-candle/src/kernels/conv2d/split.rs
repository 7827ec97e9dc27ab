//! How a convolution is cut into tasks. No sum is cut, so this changes no result.

use super::correlation::Correlation;
use crate::kernels::SERIAL_WORK;

/// A band's source is kept below this, so that it stays in the second-level cache.
const BAND_BYTES: usize = 1 << 18;

/// A band that is made only to give another thread work has at least this many outputs in a plane.
const BAND_PIXELS: usize = 192;

/// A block of output channels that is made only to give another thread work has a multiple of this many.
const BLOCK_ROWS: usize = 16;

/// Tasks for each thread, so that one that is late does not keep all others waiting.
const TASKS_PER_THREAD: usize = 4;

/// The size of tasks. A unit is a sample and a group.
#[derive(Debug)]
pub(super) struct Split {
    /// Steps of the row axis in a band.
    pub(super) band_steps: usize,
    /// Output channels in a block.
    pub(super) block_rows: usize,
    /// Whether the bands of a unit are tasks of their own.
    pub(super) bands_apart: bool,
    /// Units that make one task.
    pub(super) units_at_once: usize,
}

impl Split {
    pub(super) fn new(correlation: &Correlation, float_bytes: usize) -> Self {
        let [rows, columns] = &correlation.axes;
        let steps = rows.steps();
        let classes = rows.classes.len() * columns.classes.len();
        let row_bytes = correlation.sources * classes * columns.padded(columns.steps()) * float_bytes;
        let fitting = (BAND_BYTES / row_bytes.max(1)).saturating_sub(rows.reach).clamp(1, steps);
        let cache_bands = steps.div_ceil(fitting);

        let taps = correlation.kernel.max(1).div_ceil(columns.out_step * rows.out_step);
        let unit_work = [correlation.outputs, correlation.sources.max(1), taps]
            .iter()
            .fold(rows.out_len * columns.out_len, |work, &count| work.saturating_mul(count));
        let units = correlation.batch * correlation.groups;
        let threads = rayon::current_num_threads();
        let whole = Self {
            band_steps: steps.div_ceil(cache_bands),
            block_rows: correlation.outputs,
            bands_apart: false,
            units_at_once: (SERIAL_WORK / unit_work.max(1)).max(units / (2 * TASKS_PER_THREAD * threads)).max(1),
        };
        let wanted = (TASKS_PER_THREAD * threads).div_ceil(units);
        if threads == 1 || wanted == 1 || unit_work < 2 * SERIAL_WORK {
            return whole;
        }
        let pixels = columns.out_len * rows.out_step;
        let bands = cache_bands.max(wanted.min(steps / BAND_PIXELS.div_ceil(pixels).min(steps)));
        let band_steps = steps.div_ceil(bands);
        let blocks = if bands * units >= 2 * threads { 1 } else { (2 * threads).div_ceil(bands * units) };
        let block_rows = correlation.outputs.div_ceil(blocks).next_multiple_of(BLOCK_ROWS).min(correlation.outputs);
        Self { band_steps, block_rows, bands_apart: bands > 1, units_at_once: 1 }
    }
}
