//! Which convolutions can be computed at points, and for which of them it pays.

use pulp::Arch;

use super::sizes::{BLOCK, POINTS, TILE};
use super::tiles::Tiles;
use crate::kernels::Real;
use crate::kernels::conv2d::ConvGeometry;
use crate::kernels::real::lanes;

/// The source at the points is kept below this for the tiles that are worked off at a time.
const SOURCE_BYTES: usize = 3 << 20;

/// A convolution that can be computed like this, or its transpose.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Winograd {
    pub(super) tiles: Tiles,
    /// Source channels.
    pub(super) sources: usize,
    /// Output channels.
    pub(super) outputs: usize,
    /// The distance in the weight between source channels.
    pub(super) weight_source: usize,
    /// The distance in the weight between output channels.
    pub(super) weight_output: usize,
    /// Whether the kernel is turned round.
    pub(super) turned: bool,
}

impl Winograd {
    /// The forward pass, if it is of this kind.
    pub(in super::super) fn forward(g: &ConvGeometry) -> Option<Self> {
        let kernel = POINTS - TILE + 1;
        let fits = g.kernel == [kernel; 2] && g.stride == [1; 2] && g.dilation == [1; 2] && g.groups == 1;
        fits.then(|| Self {
            tiles: Tiles::new(g.batch, g.input, g.output, g.pad_before.map(|pad| -(pad as isize))),
            sources: g.in_channels,
            outputs: g.out_channels,
            weight_source: kernel * kernel,
            weight_output: g.in_channels * kernel * kernel,
            turned: false,
        })
    }

    /// The transpose, if it is of this kind.
    pub(in super::super) fn transposed(g: &ConvGeometry) -> Option<Self> {
        let forward = Self::forward(g)?;
        let reach = (POINTS - TILE) as isize;
        Some(Self {
            tiles: Tiles::new(g.batch, g.output, g.input, g.pad_before.map(|pad| pad as isize - reach)),
            sources: forward.outputs,
            outputs: forward.sources,
            weight_source: forward.weight_output,
            weight_output: forward.weight_source,
            turned: true,
        })
    }

    /// Whether it is faster than the sum of products: not for so few channels or pixels that the way to the points
    /// and back takes longer than what is saved. In multiplications of registers, or what takes as long.
    pub(in super::super) fn pays<T: Real>(&self, arch: Arch) -> bool {
        const TO_POINTS: usize = 400;
        const WEIGHT_TO_POINTS: usize = 25;
        let lanes = lanes::<T>(arch);
        let channels = self.sources * self.outputs;
        let registers = self.tiles.count().div_ceil(lanes);
        let products = registers * POINTS * POINTS * channels;
        let ways = registers * TO_POINTS * (self.sources + self.outputs)
            + self.blocks::<T>(lanes) * WEIGHT_TO_POINTS * channels;
        let [rows, columns] = self.tiles.out;
        let direct = (self.tiles.batch * rows * (columns + 2)).div_ceil(lanes) * 9 * channels;
        self.sources >= BLOCK && self.outputs >= BLOCK && products + ways < direct
    }

    /// Rows of tiles that are worked off at a time.
    pub(super) fn rows_at_once<T: Real>(&self, lanes: usize) -> usize {
        let tiles = SOURCE_BYTES / (POINTS * POINTS * self.sources * size_of::<T>()).max(1) / lanes * lanes;
        let fitting = (tiles.max(lanes) / self.tiles.columns.max(1)).max(1);
        let rows = self.tiles.rows();
        rows.div_ceil(rows.div_ceil(fitting).max(1)).max(1)
    }

    fn blocks<T: Real>(&self, lanes: usize) -> usize {
        self.tiles.rows().div_ceil(self.rows_at_once::<T>(lanes))
    }
}
