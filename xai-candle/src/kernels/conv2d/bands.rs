//! The bands of rows that a plane is worked off in, and the work on one of them.

use pulp::{Arch, Simd, WithSimd};

use super::axis::{Axis, Phase};
use super::correlation::Correlation;
use super::plan::{Register, registers};
use super::source::{Layout, fill};
use super::tile::{OutputRows, Reduction, Rows, TapOffset, compute};
use crate::kernels::Real;

/// What all bands of a convolution share, worked out once.
#[derive(Debug)]
pub(super) struct Bands<'a> {
    axes: &'a [Axis; 2],
    layout: Layout,
    /// The length of a band's source.
    scratch: usize,
    band_len: usize,
    /// Steps of a band; the last may have fewer.
    steps: usize,
    reductions: Vec<Reduction>,
    /// For each band, the registers of each reduction.
    registers: Vec<Vec<Vec<Register>>>,
}

impl<'a> Bands<'a> {
    pub(super) fn new<T: Real>(correlation: &'a Correlation, steps: usize) -> Self {
        let axes = &correlation.axes;
        let layout = Layout::new(axes, steps);
        let lanes = Arch::new().dispatch(CountLanes::<T>(std::marker::PhantomData));
        let phases: Vec<[&Phase; 2]> =
            axes[0].phases.iter().flat_map(|row| axes[1].phases.iter().map(move |column| [row, column])).collect();
        let reductions: Vec<Reduction> = phases.iter().map(|phase| reduction(correlation, layout, *phase)).collect();
        let registers = (0..axes[0].steps().div_ceil(steps)).map(|band| {
            phases.iter().map(|phase| registers(axes, *phase, layout, band * steps, steps, lanes)).collect()
        });
        let registers = registers.collect();
        // The last register may read over the end of the last channel.
        let band_len = correlation.sources * layout.channel + 2 * lanes;
        let scratch = band_len + reductions.iter().map(|r| r.sources.len()).max().unwrap_or(0) * 8;
        Self { band_len, axes, layout, scratch, steps, reductions, registers }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.registers.len()
    }

    /// Where a band starts in an output plane.
    pub(super) fn start(&self, band: usize) -> usize {
        let rows = &self.axes[0];
        (band * self.steps * rows.out_step).min(rows.out_len) * self.axes[1].out_len
    }
}

/// The reads of one phase of outputs.
fn reduction(correlation: &Correlation, layout: Layout, [row, column]: [&Phase; 2]) -> Reduction {
    let column_classes = correlation.axes[1].classes.len();
    let taps = row.taps.iter().flat_map(|y| {
        column.taps.iter().map(move |x| TapOffset {
            weight: y.kernel * correlation.kernel_width + x.kernel,
            source: (y.class * column_classes + x.class) * layout.class + y.shift * layout.width + x.shift,
        })
    });
    let taps: Vec<TapOffset> = taps.collect();
    let kernel_taps = correlation.weight_source.min(correlation.weight_output);
    let in_order = correlation.weight_source == taps.len()
        && taps.iter().enumerate().all(|(i, tap)| tap.weight == i)
        && correlation.weight_output == taps.len() * correlation.sources;
    Reduction {
        in_order,
        kernel_taps,
        sources: (0..correlation.sources)
            .flat_map(|c| taps.iter().map(move |t| c * layout.channel + t.source))
            .collect(),
        channels: correlation.sources,
        weight_channel: correlation.weight_source,
        weight_row: correlation.weight_output,
        source_channel: layout.channel,
        taps,
    }
}

/// One band of one block of output channels.
pub(super) struct BandTask<'a, T, O> {
    pub(super) bands: &'a Bands<'a>,
    pub(super) band: usize,
    pub(super) source: &'a [T],
    pub(super) rows: &'a Rows<'a, T>,
    pub(super) out: O,
}

impl<T: Real, O: OutputRows<T>> BandTask<'_, T, O> {
    pub(super) fn run(self) {
        Arch::new().dispatch(self);
    }
}

impl<T: Real, O: OutputRows<T>> WithSimd for BandTask<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let bands = self.bands;
        let mut scratch = T::take_scratch();
        if scratch.len() < bands.scratch {
            scratch.resize(bands.scratch, T::ZERO);
        }
        let (source, packed) = scratch.split_at_mut(bands.band_len);
        fill(source, bands.layout, self.source, bands.axes, self.band * bands.steps, bands.steps);
        for (reduction, registers) in bands.reductions.iter().zip(&bands.registers[self.band]) {
            compute(simd, self.rows, reduction, source, packed, registers, &mut self.out);
        }
        T::give_scratch(scratch);
    }
}

/// Asks how many lanes a register has on this machine.
struct CountLanes<T>(std::marker::PhantomData<T>);

impl<T: Real> WithSimd for CountLanes<T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        T::lanes::<S>()
    }
}
