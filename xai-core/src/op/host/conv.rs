//! Convolution as a matrix product with the unfolded image, and backwards.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use super::array::{Array, Pull, failed, flat, numbers, shaped};
use super::on_host::OnHost;
use crate::op::{Conv2d, ConvGeometry, ConvTranspose2d};
use crate::{Element, NdArray, Result, Weight};

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

/// A convolution of known lengths, with its weight: both ways, of which a transposed convolution takes them in turn.
struct Kernel<F> {
    geometry: ConvGeometry,
    weight: Array<F>,
}

/// Zeros, or each channel's bias in all its pixels.
fn biased<F: Element>(shape: [usize; 4], bias: Option<&Weight<NdArray<F>>>) -> Vec<F> {
    let mut y = vec![F::zero(); shape.iter().product()];
    if let Some(bias) = bias {
        let bias = numbers(bias);
        let bias = flat(&bias);
        for (plane, &b) in y.chunks_mut(shape[2] * shape[3]).zip(bias.iter().cycle()) {
            plane.fill(b);
        }
    }
    y
}

impl<F: Element> Kernel<F> {
    fn new(geometry: ConvGeometry, weight: &Weight<NdArray<F>>) -> Self {
        Kernel { geometry, weight: numbers(weight) }
    }

    /// Input to output.
    fn correlate(&self, x: &Array<F>, bias: Option<&Weight<NdArray<F>>>) -> Result<Array<F>> {
        let groups = Groups::new(self.geometry);
        let (weights, x) = (flat(&self.weight), flat(x));
        let shape = self.geometry.output_shape();
        let mut y = biased(shape, bias);
        let mut unfolded = Array2::zeros((groups.taps, groups.pixels));
        let parts = x.chunks(groups.input).zip(y.chunks_mut(groups.outputs * groups.pixels)).enumerate();
        for (part, (x, y)) in parts {
            if let Some(unfolded) = unfolded.as_slice_mut() {
                groups.meet(|to, from| unfolded[to] = x[from]);
            }
            let mut y = ArrayViewMut2::from_shape((groups.outputs, groups.pixels), y).map_err(failed)?;
            let weight = groups.weight(&weights, part % self.geometry.groups)?;
            general_mat_mul(F::one(), &weight, &unfolded, F::one(), &mut y);
        }
        shaped(&shape, y)
    }

    /// What is given in the output's shape, spread over the input's.
    fn spread(&self, v: &Array<F>, bias: Option<&Weight<NdArray<F>>>) -> Result<Array<F>> {
        let groups = Groups::new(self.geometry);
        let (weights, v) = (flat(&self.weight), flat(v));
        let shape = self.geometry.input_shape();
        let mut dx = biased(shape, bias);
        let mut unfolded = Array2::zeros((groups.taps, groups.pixels));
        let parts = dx.chunks_mut(groups.input).zip(v.chunks(groups.outputs * groups.pixels)).enumerate();
        for (part, (dx, v)) in parts {
            let v = ArrayView2::from_shape((groups.outputs, groups.pixels), v).map_err(failed)?;
            let weight = groups.weight(&weights, part % self.geometry.groups)?;
            general_mat_mul(F::one(), &weight.t(), &v, F::zero(), &mut unfolded);
            if let Some(unfolded) = unfolded.as_slice() {
                groups.meet(|from, to| dx[to] += unfolded[from]);
            }
        }
        shaped(&shape, dx)
    }
}

impl<F: Element> OnHost<F> for Conv2d<NdArray<F>> {
    fn output(&self, x: &Array<F>) -> Result<Array<F>> {
        Kernel::new(self.geometry(x.shape())?, &self.weight).correlate(x, self.bias.as_ref())
    }

    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let kernel = Kernel::new(self.geometry(x.shape())?, &self.weight);
        let y = kernel.correlate(x, self.bias.as_ref())?;
        Ok((y, Box::new(move |v: &Array<F>| kernel.spread(v, None))))
    }
}

/// The pullback of a convolution is its forward pass, and the forward pass its pullback.
impl<F: Element> OnHost<F> for ConvTranspose2d<NdArray<F>> {
    fn output_and_pull(&self, x: &Array<F>) -> Result<(Array<F>, Pull<F>)> {
        let kernel = Kernel::new(self.geometry(x.shape())?, &self.weight);
        let y = kernel.spread(x, self.bias.as_ref())?;
        Ok((y, Box::new(move |v: &Array<F>| kernel.correlate(v, None))))
    }
}
