//! Convolution from candle's own tensor operations, for devices without kernels of ours.
//!
//! candle convolves with one padding, one stride and one dilation for rows and columns; other cases are brought to
//! that.

use candle_core::{Result, Tensor};

use super::super::shift::{crop, every, extend, place, spread};
use crate::kernels::conv2d::ConvGeometry;

/// How much of the padded input the windows cover, along rows or columns.
fn covered(g: &ConvGeometry, side: usize) -> usize {
    (g.output[side] - 1) * g.stride[side] + g.dilation[side] * (g.kernel[side] - 1) + 1
}

fn is_depthwise(g: &ConvGeometry) -> bool {
    g.groups == g.in_channels && g.groups > 1
}

pub(super) fn forward(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, g: &ConvGeometry) -> Result<Tensor> {
    let padded = extend(x, 2, g.pad_before[0], covered(g, 0), 0.0)?;
    let padded = extend(&padded, 3, g.pad_before[1], covered(g, 1), 0.0)?;
    let y = if is_depthwise(g) { depthwise(&padded, weight, g)? } else { dense(&padded, weight, g)? };
    match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, g.out_channels, 1, 1))?),
        None => Ok(y),
    }
}

pub(super) fn input_vjp(dy: &Tensor, weight: &Tensor, g: &ConvGeometry) -> Result<Tensor> {
    let padded = if is_depthwise(g) { depthwise_vjp(dy, weight, g)? } else { dense_vjp(dy, weight, g)? };
    crop(&crop(&padded, 2, g.pad_before[0], g.input[0])?, 3, g.pad_before[1], g.input[1])?.contiguous()
}

/// The weight with one dilation for both sides: as it is, or with the zeros of the dilation written out.
fn evenly_dilated(weight: &Tensor, g: &ConvGeometry) -> Result<(Tensor, usize)> {
    if g.dilation[0] == g.dilation[1] {
        return Ok((weight.clone(), g.dilation[0]));
    }
    Ok((spread(&spread(weight, 2, g.dilation[0])?, 3, g.dilation[1])?.contiguous()?, 1))
}

fn dense(padded: &Tensor, weight: &Tensor, g: &ConvGeometry) -> Result<Tensor> {
    let (weight, dilation) = evenly_dilated(weight, g)?;
    let padded = padded.contiguous()?;
    if g.stride[0] == g.stride[1] {
        return padded.conv2d(&weight, 0, g.stride[0], dilation, g.groups);
    }
    let y = padded.conv2d(&weight, 0, 1, dilation, g.groups)?;
    every(&every(&y, 2, 0, g.stride[0], g.output[0])?, 3, 0, g.stride[1], g.output[1])
}

fn dense_vjp(dy: &Tensor, weight: &Tensor, g: &ConvGeometry) -> Result<Tensor> {
    let (weight, dilation) = evenly_dilated(weight, g)?;
    let (dy, stride) = if g.stride[0] == g.stride[1] {
        (dy.clone(), g.stride[0])
    } else {
        (spread(&spread(dy, 2, g.stride[0])?, 3, g.stride[1])?, 1)
    };
    let parts = dy.chunk(g.groups, 1)?.into_iter().zip(weight.chunk(g.groups, 0)?);
    let parts: Vec<_> = parts
        .map(|(dy, w)| dy.contiguous()?.conv_transpose2d(&w.contiguous()?, 0, 0, stride, dilation))
        .collect::<Result<_>>()?;
    if let [whole] = &parts[..] { Ok(whole.clone()) } else { Tensor::cat(&parts, 1) }
}

/// The places of the kernel, and the weight at each: (1, C, outputs per channel, 1, 1).
fn taps(weight: &Tensor, g: &ConvGeometry) -> Result<Vec<(usize, usize, Tensor)>> {
    let per_channel = g.out_channels / g.groups;
    let places = (0..g.kernel[0]).flat_map(|u| (0..g.kernel[1]).map(move |v| (u, v)));
    places
        .map(|(u, v)| {
            let tap = weight.narrow(2, u, 1)?.narrow(3, v, 1)?;
            Ok((u * g.dilation[0], v * g.dilation[1], tap.reshape((1, g.groups, per_channel, 1, 1))?))
        })
        .collect()
}

/// One shifted copy of the image for each place of the kernel: candle itself would run one convolution per channel.
fn depthwise(padded: &Tensor, weight: &Tensor, g: &ConvGeometry) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (u, v, tap) in taps(weight, g)? {
        let rows = every(padded, 2, u, g.stride[0], g.output[0])?;
        let part = every(&rows, 3, v, g.stride[1], g.output[1])?.unsqueeze(2)?.broadcast_mul(&tap)?;
        sum = Some(match sum {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    let shape = (g.batch, g.out_channels, g.output[0], g.output[1]);
    sum.map_or_else(|| candle_core::bail!("a kernel without a place"), |sum| sum.reshape(shape))
}

fn depthwise_vjp(dy: &Tensor, weight: &Tensor, g: &ConvGeometry) -> Result<Tensor> {
    let dy = dy.reshape((g.batch, g.groups, g.out_channels / g.groups, g.output[0], g.output[1]))?;
    let mut sum: Option<Tensor> = None;
    for (u, v, tap) in taps(weight, g)? {
        let part = dy.broadcast_mul(&tap)?.sum(2)?;
        let part = place(&part, 2, u, g.stride[0], covered(g, 0))?;
        let part = place(&part, 3, v, g.stride[1], covered(g, 1))?;
        sum = Some(match sum {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    sum.map_or_else(|| candle_core::bail!("a kernel without a place"), Ok)
}
