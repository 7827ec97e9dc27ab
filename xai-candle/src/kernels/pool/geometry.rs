//! The sizes of a pool.

use std::ops::Range;

use xai_core::{Error, Result};

use crate::kernels::{check_positive, volume};

/// The sizes of a two-dimensional pool. The padding after the image is whatever the output's size implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolGeometry {
    /// The number of images: batch · channels.
    pub planes: usize,
    /// The input's (H, W).
    pub input: [usize; 2],
    /// The window's (rows, columns).
    pub kernel: [usize; 2],
    /// The output's (H', W').
    pub output: [usize; 2],
    /// The stride, (rows, columns).
    pub stride: [usize; 2],
    /// The padding before the first row and the first column.
    pub pad_before: [usize; 2],
}

impl PoolGeometry {
    pub(super) fn input_shape(&self) -> [usize; 3] {
        [self.planes, self.input[0], self.input[1]]
    }

    pub(super) fn output_shape(&self) -> [usize; 3] {
        [self.planes, self.output[0], self.output[1]]
    }

    /// Elements of an input plane.
    pub(super) fn input_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Elements of an output plane.
    pub(super) fn output_plane(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// The input rows (axis 0) or columns (axis 1) that the window of output `o` covers, without the padding.
    pub(super) fn window(&self, axis: usize, o: usize) -> Range<usize> {
        let start = o * self.stride[axis];
        let end = (start + self.kernel[axis]).saturating_sub(self.pad_before[axis]).min(self.input[axis]);
        start.saturating_sub(self.pad_before[axis]).min(end)..end
    }

    /// The taps of the window along the columns that meet the image.
    pub(super) fn column_taps(&self) -> Vec<ColumnTap> {
        let last = self.output[1].saturating_sub(1) * self.stride[1];
        let end = self.kernel[1].min(self.input[1] + self.pad_before[1]);
        let taps = self.pad_before[1].saturating_sub(last).min(end)..end;
        taps.filter_map(|k| {
            let first = self.pad_before[1].saturating_sub(k).div_ceil(self.stride[1]);
            let end = (self.input[1] + self.pad_before[1]).saturating_sub(k).div_ceil(self.stride[1]);
            let outputs = first..end.min(self.output[1]);
            (!outputs.is_empty()).then(|| ColumnTap { outputs, start: first * self.stride[1] + k - self.pad_before[1] })
        })
        .collect()
    }

    /// Checks everything that does not depend on a slice.
    pub(super) fn check(&self) -> Result<()> {
        for axis in 0..2 {
            check_positive("kernel", self.kernel[axis])?;
            check_positive("stride", self.stride[axis])?;
            let last = self.output[axis]
                .checked_mul(self.stride[axis])
                .and_then(|last| last.checked_add(self.kernel[axis]))
                .and_then(|last| last.checked_add(self.pad_before[axis]))
                .and_then(|last| last.checked_add(self.input[axis]));
            if last.is_none_or(|last| isize::try_from(last).is_err()) {
                return Err(Error::InvalidShape {
                    what: "pool".to_owned(),
                    got: vec![self.output[axis], self.stride[axis], self.kernel[axis], self.pad_before[axis]],
                    reason: "(output, stride, window, padding) reach further than positions can be counted".to_owned(),
                });
            }
        }
        volume("pool input", &self.input_shape())?;
        volume("pool output", &self.output_shape())?;
        Ok(())
    }
}

/// One column of the window.
#[derive(Debug)]
pub(super) struct ColumnTap {
    /// The outputs for which it lies in the image.
    pub(super) outputs: Range<usize>,
    /// The input column that it meets for the first of them; the next is one stride further.
    pub(super) start: usize,
}
