//! What a convolution and its transpose have in common: both sum shifted source planes, weighted.

use super::ConvGeometry;
use super::axis::Axis;

/// A convolution or its transpose: both sum shifted source planes, weighted.
#[derive(Debug)]
pub(super) struct Correlation {
    pub(super) axes: [Axis; 2],
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Source channels in a group.
    pub(super) sources: usize,
    /// Output channels in a group.
    pub(super) outputs: usize,
    /// The distance in the weight between a group's source channels.
    pub(super) weight_source: usize,
    /// The distance in the weight between a group's output channels.
    pub(super) weight_output: usize,
    /// How many weights a kernel has.
    pub(super) kernel: usize,
    /// The distance in the weight between kernel rows.
    pub(super) kernel_width: usize,
}

impl Correlation {
    pub(super) fn forward(g: &ConvGeometry) -> Self {
        Self::new(g, Axis::forward)
    }

    pub(super) fn transposed(g: &ConvGeometry) -> Self {
        let forward = Self::new(g, Axis::transposed);
        Self {
            sources: forward.outputs,
            outputs: forward.sources,
            weight_source: forward.weight_output,
            weight_output: forward.weight_source,
            ..forward
        }
    }

    fn new(g: &ConvGeometry, axis: fn(&ConvGeometry, usize) -> Axis) -> Self {
        // Without a weight there is nothing to read, whatever size and stride the kernel claims.
        let empty = ConvGeometry { kernel: [0, 0], stride: [1, 1], ..*g };
        let g = if g.weight_shape().contains(&0) { &empty } else { g };
        let kernel = g.kernel[0] * g.kernel[1];
        let sources = g.in_channels / g.groups;
        Self {
            axes: [axis(g, 0), axis(g, 1)],
            batch: g.batch,
            groups: g.groups,
            sources,
            outputs: g.out_channels / g.groups,
            weight_source: kernel,
            weight_output: sources * kernel,
            kernel,
            kernel_width: g.kernel[1],
        }
    }
}
