//! The output's shape of every operation, and what its input must look like.

use xai_core::nn::{Conv2d, Op, Padding};
use xai_core::{Backend, Error, Result};

/// Zeros before and after an image, (rows, columns) each. The one place that looks into a padding.
pub(super) fn padding(padding: &Padding) -> ([usize; 2], [usize; 2]) {
    ([padding.top, padding.left], [padding.bottom, padding.right])
}

/// The shape of op(x), for x of the given shape.
pub(super) fn output_shape<B: Backend>(op: Op<'_, B>, x: &[usize]) -> Result<Vec<usize>> {
    match op {
        Op::Conv2d(conv) => conv2d(conv, x),
        Op::Linear(op) => {
            let weight = op.weight.shape();
            match (x.split_last(), &weight[..]) {
                (Some((last, rest)), &[outputs, inputs]) if *last == inputs => {
                    vector("bias", op.bias.as_ref(), outputs)?;
                    Ok([rest, &[outputs]].concat())
                }
                _ => Err(shape_of("input", x, format!("a linear layer with weight {weight:?} needs (..., inputs)"))),
            }
        }
        Op::ChannelAffine(op) => {
            let channels = channels(x)?;
            vector("scale", Some(&op.scale), channels)?;
            vector("shift", Some(&op.shift), channels)?;
            Ok(x.to_vec())
        }
        Op::LayerNorm(op) => {
            let Some(normal) = x.len().checked_sub(op.axes).map(|from| &x[from..]).filter(|n| !n.is_empty()) else {
                return Err(shape_of("input", x, format!("layer norm over {} axes", op.axes)));
            };
            weight("weight", op.weight.as_ref(), normal)?;
            weight("bias", op.bias.as_ref(), normal)?;
            Ok(x.to_vec())
        }
        Op::RmsNorm(op) => {
            let Some(last) = x.last() else { return Err(shape_of("input", x, "RMS norm needs an axis".into())) };
            vector("weight", op.weight.as_ref(), *last)?;
            Ok(x.to_vec())
        }
        Op::GroupNorm(op) => {
            let channels = channels(x)?;
            if op.groups == 0 || channels % op.groups != 0 {
                return Err(shape_of("input", x, format!("{} groups must divide its channels", op.groups)));
            }
            vector("weight", op.weight.as_ref(), channels)?;
            vector("bias", op.bias.as_ref(), channels)?;
            Ok(x.to_vec())
        }
        Op::MaxPool2d(op) => pool(op.kernel, op.stride, &op.padding, x),
        Op::AvgPool2d(op) => pool(op.kernel, op.stride, &op.padding, x),
        Op::AdaptiveAvgPool2d(op) => resized(op.size, x),
        Op::AdaptiveMaxPool2d(op) => resized(op.size, x),
        Op::Upsample2d(op) => resized(op.size, x),
        Op::Softmax(op) => axis(op.axis, x).map(|_| x.to_vec()),
        Op::LogSoftmax(op) => axis(op.axis, x).map(|_| x.to_vec()),
        Op::Pad2d(op) => {
            let [b, c, h, w] = image(x)?;
            let (before, after) = padding(&op.padding);
            match (padded(h, before[0], after[0]), padded(w, before[1], after[1])) {
                (Some(h), Some(w)) => Ok(vec![b, c, h, w]),
                _ => Err(shape_of("input", x, "the padding is too large".into())),
            }
        }
        _ => Ok(x.to_vec()),
    }
}

/// The axis that a number, negative from the end, means.
pub(super) fn axis(axis: isize, x: &[usize]) -> Result<usize> {
    let from_start = if axis < 0 { x.len().checked_add_signed(axis) } else { usize::try_from(axis).ok() };
    from_start
        .filter(|&axis| axis < x.len())
        .ok_or_else(|| shape_of("input", x, format!("it has no axis {axis}")))
}

fn shape_of(what: &str, got: &[usize], reason: String) -> Error {
    Error::InvalidShape { what: what.into(), got: got.to_vec(), reason }
}

fn image(x: &[usize]) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(x).map_err(|_| shape_of("input", x, "it must be (batch, channels, rows, columns)".into()))
}

fn channels(x: &[usize]) -> Result<usize> {
    x.get(1).copied().ok_or_else(|| shape_of("input", x, "it must be (batch, channels, ...)".into()))
}

fn weight<B: Backend>(what: &str, weight: Option<&xai_core::Tensor<B>>, expected: &[usize]) -> Result<()> {
    weight.map_or(Ok(()), |w| Error::check_shape(what, expected, &w.shape()))
}

fn vector<B: Backend>(what: &str, values: Option<&xai_core::Tensor<B>>, length: usize) -> Result<()> {
    weight(what, values, &[length])
}

fn padded(input: usize, before: usize, after: usize) -> Option<usize> {
    input.checked_add(before)?.checked_add(after)
}

fn resized(size: [usize; 2], x: &[usize]) -> Result<Vec<usize>> {
    let [b, c, h, w] = image(x)?;
    if size.contains(&0) || h == 0 || w == 0 {
        return Err(shape_of("input", x, format!("it cannot be resized to {size:?}: no side may be 0")));
    }
    Ok(vec![b, c, size[0], size[1]])
}

/// ⌊(input + padding - dilation·(kernel - 1) - 1) / stride⌋ + 1
fn windows(
    input: [usize; 2],
    (before, after): ([usize; 2], [usize; 2]),
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Option<[usize; 2]> {
    let along = |i: usize| {
        let reach = kernel[i].checked_sub(1)?.checked_mul(dilation[i])?.checked_add(1)?;
        let room = padded(input[i], before[i], after[i])?.checked_sub(reach)?;
        (dilation[i] > 0).then_some(room.checked_div(stride[i])? + 1)
    };
    Some([along(0)?, along(1)?])
}

fn conv2d<B: Backend>(conv: &Conv2d<B>, x: &[usize]) -> Result<Vec<usize>> {
    let [b, c, h, w] = image(x)?;
    let shape = conv.weight.shape();
    let [k, inner, kh, kw] = <[usize; 4]>::try_from(&shape[..])
        .map_err(|_| shape_of("weight", &shape, "a convolution's must be (out, in / groups, rows, columns)".into()))?;
    if conv.groups == 0 || c.checked_div(conv.groups) != Some(inner) || inner * conv.groups != c || k % conv.groups != 0 {
        let reason = format!("a convolution with weight {shape:?} in {} groups does not fit", conv.groups);
        return Err(shape_of("input", x, reason));
    }
    vector("bias", conv.bias.as_ref(), k)?;
    let windows = windows([h, w], padding(&conv.padding), [kh, kw], conv.stride, conv.dilation);
    let [oh, ow] = windows.ok_or_else(|| {
        let (stride, dilation) = (conv.stride, conv.dilation);
        let reason = format!("a {kh}x{kw} kernel, stride {stride:?}, dilation {dilation:?}, does not fit in it");
        shape_of("input", x, reason)
    })?;
    Ok(vec![b, k, oh, ow])
}

fn pool(kernel: [usize; 2], stride: [usize; 2], padding: &Padding, x: &[usize]) -> Result<Vec<usize>> {
    let [b, c, h, w] = image(x)?;
    let (before, after) = self::padding(padding);
    // Otherwise a window may hold nothing but padding: a maximum of -∞, a mean of nothing.
    if (0..2).any(|i| before[i] >= kernel[i] || after[i] >= kernel[i]) {
        return Err(Error::InvalidParameter {
            name: "padding",
            value: format!("{padding:?}"),
            reason: format!("each side must be smaller than the window, {kernel:?}"),
        });
    }
    let [oh, ow] = windows([h, w], (before, after), kernel, stride, [1, 1])
        .filter(|_| h > 0 && w > 0)
        .ok_or_else(|| shape_of("input", x, format!("a window of {kernel:?}, stride {stride:?}, does not fit in it")))?;
    Ok(vec![b, c, oh, ow])
}
