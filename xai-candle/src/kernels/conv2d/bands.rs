//! The bands of rows that a plane is worked off in.

use pulp::Arch;

use super::axis::{Axis, Phase};
use super::correlation::Correlation;
use super::plan::Plan;
use super::source::Layout;
use super::split::Split;
use super::tile::{Reduction, TILE_ROWS};
use crate::kernels::Real;
use crate::kernels::real::lanes;

/// What all bands of a convolution share, worked out once.
#[derive(Debug)]
pub(super) struct Bands<'a> {
    pub(super) axes: &'a [Axis; 2],
    pub(super) layout: Layout,
    /// Steps of the row axis in a band; the last may have fewer.
    pub(super) steps: usize,
    /// Source channels of a band at a time; the last may be fewer.
    pub(super) sources_at_once: usize,
    /// One for each phase of rows and, within, of columns.
    pub(super) reductions: Vec<Reduction>,
    /// For each band, one for each reduction.
    pub(super) plans: Vec<Vec<Plan>>,
    pub(super) scratch: ScratchSizes,
}

/// How the scratch buffer is divided.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScratchSizes {
    /// The source of a band.
    pub(super) band: usize,
    /// The weights of a tile.
    pub(super) packed: usize,
    /// The sums of a row phase of a tile's channels.
    pub(super) staged: usize,
}

impl<'a> Bands<'a> {
    pub(super) fn new<T: Real>(correlation: &'a Correlation, split: &Split, arch: Arch) -> Self {
        let (steps, sources_at_once) = (split.band_steps, split.sources_at_once);
        let axes = &correlation.axes;
        let layout = Layout::new(axes, steps);
        let lanes = lanes::<T>(arch);
        let phases: Vec<[&Phase; 2]> =
            axes[0].phases.iter().flat_map(|row| axes[1].phases.iter().map(move |column| [row, column])).collect();
        let reduction = |phase: &[&Phase; 2]| reduction(correlation, layout, *phase, sources_at_once);
        let reductions: Vec<Reduction> = phases.iter().map(reduction).collect();
        let band_plans = |band: usize| -> Vec<Plan> {
            phases.iter().map(|phase| Plan::new(axes, *phase, layout, band * steps, steps, lanes)).collect()
        };
        let plans: Vec<Vec<Plan>> = (0..axes[0].steps().div_ceil(steps)).map(band_plans).collect();
        let rows = TILE_ROWS.min(correlation.outputs);
        let row_phases = plans.iter().flat_map(|plans| plans.chunks(axes[1].phases.len().max(1)));
        let staged = row_phases.map(|plans| plans.iter().map(|plan| plan.staged).sum::<usize>()).max().unwrap_or(0);
        let packed = reductions.iter().map(|reduction| reduction.reads.len()).max().unwrap_or(0);
        let scratch = ScratchSizes {
            // The last register may read over the end of the last channel.
            band: sources_at_once * layout.channel + 2 * lanes,
            packed: rows * packed,
            staged: rows * staged,
        };
        Self { axes, layout, steps, sources_at_once, reductions, plans, scratch }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.plans.len()
    }

    /// Where a band starts in an output plane.
    pub(super) fn start(&self, band: usize) -> usize {
        let rows = &self.axes[0];
        (band * self.steps * rows.out_step).min(rows.out_len) * self.axes[1].out_len
    }

    /// Cuts planes into bands: for each band, its part of each plane.
    pub(super) fn parts<'o, T>(&self, out: &'o mut [T], plane: usize) -> Vec<Vec<&'o mut [T]>> {
        let rows = out.len() / plane;
        let mut parts: Vec<Vec<&mut [T]>> = (0..self.count()).map(|_| Vec::with_capacity(rows)).collect();
        for plane in out.chunks_exact_mut(plane) {
            let mut left = plane;
            for (band, part) in parts.iter_mut().enumerate() {
                let (now, later) = left.split_at_mut(self.start(band + 1) - self.start(band));
                part.push(now);
                left = later;
            }
        }
        parts
    }
}

/// The reads of one phase of outputs.
fn reduction(correlation: &Correlation, layout: Layout, [row, column]: [&Phase; 2], sources: usize) -> Reduction {
    let column_classes = correlation.axes[1].classes.len();
    let taps: Vec<(usize, usize)> = row
        .taps
        .iter()
        .flat_map(|y| {
            column.taps.iter().map(move |x| {
                let class = (y.class * column_classes + x.class) * layout.class;
                (y.kernel * correlation.kernel_width + x.kernel, class + y.shift * layout.width + x.shift)
            })
        })
        .collect();
    Reduction {
        reads: (0..sources).flat_map(|c| taps.iter().map(move |tap| c * layout.channel + tap.1)).collect(),
        taps: taps.iter().map(|tap| tap.0).collect(),
        kernel: correlation.kernel,
        weight_source: correlation.weight_source,
        weight_output: correlation.weight_output,
    }
}
