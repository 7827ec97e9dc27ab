//! Two-dimensional convolution, straight from its definition.

use super::Real;

/// The sizes of a convolution, (rows, columns) each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConvGeometry {
    pub(crate) batch: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) groups: usize,
    pub(crate) input: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) pad_before: [usize; 2],
}

impl ConvGeometry {
    /// Calls back with the places in output, weight and input that meet in one product.
    fn for_each_product(&self, mut meet: impl FnMut(usize, usize, usize)) {
        let [ih, iw] = self.input;
        let [kh, kw] = self.kernel;
        let [oh, ow] = self.output;
        let (inner, outer) = (self.in_channels / self.groups, self.out_channels / self.groups);
        for b in 0..self.batch {
            for k in 0..self.out_channels {
                for c in 0..inner {
                    let channel = k / outer * inner + c;
                    for (i, j) in (0..oh).flat_map(|i| (0..ow).map(move |j| (i, j))) {
                        for (u, v) in (0..kh).flat_map(|u| (0..kw).map(move |v| (u, v))) {
                            let row = (i * self.stride[0] + u * self.dilation[0]).checked_sub(self.pad_before[0]);
                            let col = (j * self.stride[1] + v * self.dilation[1]).checked_sub(self.pad_before[1]);
                            if let (Some(r), Some(s)) = (row.filter(|&r| r < ih), col.filter(|&s| s < iw)) {
                                meet(
                                    ((b * self.out_channels + k) * oh + i) * ow + j,
                                    ((k * inner + c) * kh + u) * kw + v,
                                    ((b * self.in_channels + channel) * ih + r) * iw + s,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(crate) fn forward<T: Real>(x: &[T], weight: &[T], bias: Option<&[T]>, g: &ConvGeometry) -> Vec<T> {
    let plane = g.output[0] * g.output[1];
    let mut y = vec![T::zero(); g.batch * g.out_channels * plane];
    if let Some(bias) = bias {
        for (i, y) in y.iter_mut().enumerate() {
            *y = bias[i / plane % g.out_channels];
        }
    }
    g.for_each_product(|o, w, i| y[o] += weight[w] * x[i]);
    y
}

pub(crate) fn input_vjp<T: Real>(dy: &[T], weight: &[T], g: &ConvGeometry) -> Vec<T> {
    let mut dx = vec![T::zero(); g.batch * g.in_channels * g.input[0] * g.input[1]];
    g.for_each_product(|o, w, i| dx[i] += weight[w] * dy[o]);
    dx
}
