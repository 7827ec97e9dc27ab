//! Convolution as a matrix product with the unfolded image.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::array::{Array, Pull, failed, flat, numbers, shaped};
use crate::op::{Conv2d, ConvGeometry};
use crate::{Element, NdArray, Result};

/// One group of channels at a time: how many there are, and how long each one's input, output and weight are.
struct Groups {
    geometry: ConvGeometry,
    /// Output channels of a group.
    outputs: usize,
    /// Rows of the unfolded image: input channels of a group × kernel.
    taps: usize,
    /// Columns of the unfolded image: output pixels.
    pixels: usize,
    /// Numbers in a group's part of an input image.
    input: usize,
}

impl Groups {
    fn new(geometry: ConvGeometry) -> Self {
        let ConvGeometry { groups, kernel, input, output, .. } = geometry;
        let inputs = geometry.in_channels / groups;
        Groups {
            geometry,
            outputs: geometry.out_channels / groups,
            taps: inputs * kernel[0] * kernel[1],
            pixels: output[0] * output[1],
            input: inputs * input[0] * input[1],
        }
    }

    /// Calls `f(place in the unfolded image, place in a group's input image)` wherever the kernel meets the image.
    fn meet(&self, mut f: impl FnMut(usize, usize)) {
        let ConvGeometry { kernel: [kh, kw], stride, dilation, padding, output: [oh, ow], input: [h, w], .. } =
            self.geometry;
        for tap in 0..self.taps {
            let (channel, ky, kx) = (tap / (kh * kw), tap / kw % kh, tap % kw);
            for oy in 0..oh {
                let row = oy * stride[0] + ky * dilation[0];
                let Some(y) = row.checked_sub(padding.top).filter(|&y| y < h) else { continue };
                for ox in 0..ow {
                    let column = ox * stride[1] + kx * dilation[1];
                    let Some(x) = column.checked_sub(padding.left).filter(|&x| x < w) else { continue };
                    f((tap * oh + oy) * ow + ox, (channel * h + y) * w + x);
                }
            }
        }
    }

    fn weight<'a, F>(&self, weights: &'a [F], group: usize) -> Result<ArrayView2<'a, F>> {
        let part = &weights[group * self.outputs * self.taps..][..self.outputs * self.taps];
        ArrayView2::from_shape((self.outputs, self.taps), part).map_err(failed)
    }
}

pub(super) fn forward<F: Element>(conv: &Conv2d<NdArray<F>>, x: &Array<F>) -> Result<Array<F>> {
    let geometry = conv.geometry(x.shape())?;
    let groups = Groups::new(geometry);
    let weight = numbers(&conv.weight);
    let (weights, x) = (flat(&weight), flat(x));
    let shape = geometry.output_shape();
    let mut y = vec![F::zero(); shape.iter().product()];
    if let Some(bias) = &conv.bias {
        let bias = numbers(bias);
        let bias = flat(&bias);
        for (plane, &b) in y.chunks_mut(groups.pixels).zip(bias.iter().cycle()) {
            plane.fill(b);
        }
    }
    let mut unfolded = Array2::zeros((groups.taps, groups.pixels));
    let parts = x.chunks(groups.input).zip(y.chunks_mut(groups.outputs * groups.pixels)).enumerate();
    for (part, (x, y)) in parts {
        if let Some(unfolded) = unfolded.as_slice_mut() {
            groups.meet(|to, from| unfolded[to] = x[from]);
        }
        let mut y = ArrayViewMut2::from_shape((groups.outputs, groups.pixels), y).map_err(failed)?;
        general_mat_mul(F::one(), &groups.weight(&weights, part % geometry.groups)?, &unfolded, F::one(), &mut y);
    }
    shaped(&shape, y)
}

pub(super) fn vjp<F: Element>(conv: &Conv2d<NdArray<F>>, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
    let y = forward(conv, x)?;
    let geometry = conv.geometry(x.shape())?;
    let weight = numbers(&conv.weight);
    let pull = move |v: &Array<F>| {
        let groups = Groups::new(geometry);
        let (weights, v) = (flat(&weight), flat(v));
        let shape = geometry.input_shape();
        let mut dx = vec![F::zero(); shape.iter().product()];
        let mut unfolded = Array2::zeros((groups.taps, groups.pixels));
        let parts = dx.chunks_mut(groups.input).zip(v.chunks(groups.outputs * groups.pixels)).enumerate();
        for (part, (dx, v)) in parts {
            let v = ArrayView2::from_shape((groups.outputs, groups.pixels), v).map_err(failed)?;
            let weight = groups.weight(&weights, part % geometry.groups)?;
            general_mat_mul(F::one(), &weight.t(), &v, F::zero(), &mut unfolded);
            if let Some(unfolded) = unfolded.as_slice() {
                groups.meet(|from, to| dx[to] += unfolded[from]);
            }
        }
        shaped(&shape, dx)
    };
    Ok((y, Box::new(pull)))
}
