//! The sizes of a convolution.

use xai_core::{Error, Result};

use crate::kernels::{check_positive, volume};

/// The sizes of a two-dimensional convolution. The padding after the image is whatever the output's size implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvGeometry {
    /// The number of samples, B.
    pub batch: usize,
    /// The input's channels, C.
    pub in_channels: usize,
    /// The output's channels, K.
    pub out_channels: usize,
    /// The number of groups; it divides C and K.
    pub groups: usize,
    /// The input's (H, W).
    pub input: [usize; 2],
    /// The kernel's (kh, kw).
    pub kernel: [usize; 2],
    /// The output's (H', W').
    pub output: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// The dilation, (rows, columns).
    pub dilation: [usize; 2],
    /// The zeros before the first row and the first column.
    pub pad_before: [usize; 2],
}

impl ConvGeometry {
    pub(super) fn input_shape(&self) -> [usize; 4] {
        [self.batch, self.in_channels, self.input[0], self.input[1]]
    }

    pub(super) fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.out_channels, self.output[0], self.output[1]]
    }

    pub(super) fn weight_shape(&self) -> [usize; 4] {
        [self.out_channels, self.in_channels / self.groups, self.kernel[0], self.kernel[1]]
    }

    /// Checks everything that does not depend on a slice.
    pub(super) fn check(&self) -> Result<()> {
        check_positive("groups", self.groups)?;
        for (name, channels) in [("in_channels", self.in_channels), ("out_channels", self.out_channels)] {
            if !channels.is_multiple_of(self.groups) {
                return Err(Error::InvalidParameter {
                    name,
                    value: channels.to_string(),
                    reason: format!("it must be a multiple of the number of groups, {}", self.groups),
                });
            }
        }
        for axis in 0..2 {
            check_positive("stride", self.stride[axis])?;
            check_positive("dilation", self.dilation[axis])?;
            self.check_reach(axis)?;
        }
        for (what, shape) in [
            ("convolution input", self.input_shape()),
            ("convolution output", self.output_shape()),
            ("convolution weight", self.weight_shape()),
        ] {
            volume(what, &shape)?;
        }
        Ok(())
    }

    /// Checks that no position along an axis, in the padding or not, overflows.
    fn check_reach(&self, axis: usize) -> Result<()> {
        let span = |count: usize, step: usize| count.checked_mul(step);
        let last = span(self.output[axis], self.stride[axis])
            .zip(span(self.kernel[axis], self.dilation[axis]))
            .and_then(|(outputs, taps)| outputs.checked_add(taps))
            .and_then(|last| last.checked_add(self.pad_before[axis]))
            .and_then(|last| last.checked_add(self.input[axis]));
        if last.is_some_and(|last| last <= isize::MAX as usize / 4) {
            return Ok(());
        }
        Err(Error::InvalidShape {
            what: "convolution".to_owned(),
            got: vec![self.output[axis], self.stride[axis], self.kernel[axis], self.dilation[axis]],
            reason: "(output, stride, kernel, dilation) reach further than positions can be counted".to_owned(),
        })
    }
}
