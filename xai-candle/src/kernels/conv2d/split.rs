//! How a convolution is cut into tasks. How many threads there are changes no result: sums are cut by the sizes
//! alone.

use super::correlation::Correlation;
use crate::kernels::SERIAL_WORK;

/// A band's source is kept below this, so that it stays in the second-level cache.
const BAND_BYTES: usize = 1 << 18;

/// A band that is made only to give another thread work has at least this many outputs in a plane.
const BAND_PIXELS: usize = 192;

/// A band with fewer outputs in a plane does not make up for laying out the weights anew.
const FEW_PIXELS: usize = 96;

/// Source channels that are summed at a time, at the most: the weights of a tile then stay in the first-level cache, as
/// do the lines of the next one's that are read with them.
const SOURCES: usize = 512;

/// And at the least: sums are added to those of the channels before.
const LEAST_SOURCES: usize = 32;

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
    /// Source channels that are summed before the next are read.
    pub(super) sources_at_once: usize,
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
        let channel_row = classes * columns.padded(columns.steps()) * float_bytes;
        let sources_at_once = sources_at_once(correlation, channel_row);
        let row_bytes = sources_at_once * channel_row;
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
            sources_at_once,
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
        Self { band_steps, block_rows, sources_at_once, bands_apart: bands > 1, units_at_once: 1 }
    }
}

/// How many source channels are summed before the next are read. `channel_row` is how many bytes of a channel one step
/// of the row axis reads.
///
/// All of them if bands of enough outputs fit into the cache with them. Of the sizes alone, and not of the threads, for
/// it changes roundings.
fn sources_at_once(correlation: &Correlation, channel_row: usize) -> usize {
    let [rows, columns] = &correlation.axes;
    let fitting = |pixels: usize| {
        let steps = pixels.div_ceil((columns.out_len * rows.out_step).max(1)).min(rows.steps());
        BAND_BYTES / (rows.padded(steps) * channel_row).max(1)
    };
    let all = correlation.sources;
    let most = if fitting(FEW_PIXELS) < all { fitting(BAND_PIXELS) } else { all };
    let parts = all.div_ceil(most.clamp(LEAST_SOURCES, SOURCES));
    all.div_ceil(parts.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::square;
    use super::*;

    #[test]
    fn sums_are_cut_where_all_channels_leave_no_room_for_enough_outputs() {
        let of = |channels, side, kernel, stride| {
            let geometry = square(1, channels, 1, side, kernel, stride);
            let both = [Correlation::forward(&geometry), Correlation::transposed(&geometry)];
            both.map(|correlation| Split::new(&correlation, size_of::<f32>()).sources_at_once)
        };
        // There and back, of ResNet-50.
        assert_eq!(of([256, 64], 56, 1, 1), [256, 64]);
        assert_eq!(of([512, 128], 28, 1, 1), [512, 128]);
        assert_eq!(of([1024, 256], 14, 1, 1), [256, 256]);
        assert_eq!(of([2048, 512], 7, 1, 1), [512, 512]);
        assert_eq!(of([256, 256], 28, 3, 2), [64, 256]);
        assert_eq!(of([0, 3], 7, 1, 1), [1, 3]);
    }
}
