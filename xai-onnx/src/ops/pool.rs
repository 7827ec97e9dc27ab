//! Pools over any number of axes.

use ndarray::ArrayD;
use xai_core::Backend;
use xai_core::nn::{Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d, Pad2d, Padding, Reduction};

use super::windows::Windows;
use super::{pad, unpool};
use crate::tape::{Id, Written};
use crate::value::ElementType;
use crate::write::{Cx, Operand};

/// The window, for an input with axes behind batch and channels.
fn windows<B: Backend>(cx: &Cx<'_, B>) -> Written<(Windows, Vec<usize>)> {
    let shape = cx.shape(0)?;
    if shape.len() < 3 {
        return Err(cx.shape_error(&shape, "it needs (batch, channels, ...)"));
    }
    let kernel = cx.ints("kernel_shape")?.ok_or_else(|| cx.wrong("it has no kernel_shape"))?;
    let kernel = cx.lengths("kernel_shape", &kernel)?;
    Ok((Windows::read(cx, kernel, &shape[2..])?, shape))
}

/// The padding of an image, with what the last window reaches beyond it; none if the vocabulary's pools do not take it.
fn image<B: Backend>(
    cx: &Cx<'_, B>,
    windows: &Windows,
    shape: &[usize],
    ceil: bool,
) -> Written<Option<(Padding, [usize; 2])>> {
    if shape.len() != 4 || windows.dilation.iter().any(|&d| d != 1) {
        return Ok(None);
    }
    let (_, rows) = windows.places(cx, 0, shape[2], ceil)?;
    let (_, columns) = windows.places(cx, 1, shape[3], ceil)?;
    let ((top, bottom), (left, right)) = (windows.pads[0], windows.pads[1]);
    let (bottom_all, right_all) = (bottom.saturating_add(rows), right.saturating_add(columns));
    let fits = top.max(bottom_all) < windows.kernel[0] && left.max(right_all) < windows.kernel[1];
    Ok(fits.then_some((Padding { top, bottom, left, right }, [rows, columns])))
}

fn beyond(padding: Padding, [rows, columns]: [usize; 2]) -> Padding {
    Padding { bottom: padding.bottom + rows, right: padding.right + columns, ..padding }
}

pub(crate) fn max<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (windows, shape) = windows(cx)?;
    let ceil = cx.flag("ceil_mode", false)?;
    let x = cx.x(0)?;
    let y = match image(cx, &windows, &shape, ceil)? {
        Some((padding, more)) => {
            let [kernel, stride] = [&windows.kernel, &windows.stride].map(|two| [two[0], two[1]]);
            cx.tape.op(MaxPool2d { kernel, stride, padding: beyond(padding, more) }, &[x])?
        }
        None => by_axes(cx, x, &windows, ceil, f64::NEG_INFINITY, Reduction::Max)?,
    };
    let mut outputs = cx.out(y)?;
    if cx.node.outputs.get(1).is_some_and(|name| !name.is_empty()) {
        let output = cx.tape.shape(y).to_vec();
        outputs.push(Operand::Var(unpool::indices(cx, x, &windows, &output)?, ElementType::I64));
    }
    Ok(outputs)
}

pub(crate) fn average<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (windows, shape) = windows(cx)?;
    let (ceil, counts) = (cx.flag("ceil_mode", false)?, cx.flag("count_include_pad", false)?);
    let x = cx.x(0)?;
    let y = match image(cx, &windows, &shape, ceil)? {
        Some((padding, more)) => {
            let [kernel, stride] = [&windows.kernel, &windows.stride].map(|two| [two[0], two[1]]);
            let pool = AvgPool2d { kernel, stride, padding, count_include_pad: counts };
            match more {
                [0, 0] => cx.tape.op(pool, &[x])?,
                // What the last window reaches beyond the padding never counts.
                [bottom, right] => {
                    let (x, padding) = match counts && !padding.is_zero() {
                        true => (cx.tape.op(Pad2d::new(padding), &[x])?, Padding::default()),
                        false => (x, padding),
                    };
                    let padding = beyond(padding, [bottom, right]);
                    cx.tape.op(AvgPool2d { padding, count_include_pad: false, ..pool }, &[x])?
                }
            }
        }
        None => {
            let sums = by_axes(cx, x, &windows, ceil, 0.0, Reduction::Sum)?;
            shares(cx, sums, &windows, &shape, counts)?
        }
    };
    cx.out(y)
}

/// The p-norm of each window.
pub(crate) fn lp<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (windows, _) = windows(cx)?;
    let (p, ceil) = (norm_order(cx)?, cx.flag("ceil_mode", false)?);
    let x = cx.x(0)?;
    let powers = powers(cx, x, p)?;
    let sums = by_axes(cx, powers, &windows, ceil, 0.0, Reduction::Sum)?;
    let y = cx.tape.act(sums, Activation::Power { exponent: 1.0 / p })?;
    cx.out(y)
}

fn norm_order<B: Backend>(cx: &Cx<'_, B>) -> Written<f64> {
    #[allow(clippy::cast_precision_loss)]
    let p = cx.int("p", 2)? as f64;
    if p >= 1.0 { Ok(p) } else { Err(cx.wrong(format!("its p is {p}"))) }
}

/// |x|ᵖ
fn powers<B: Backend>(cx: &mut Cx<'_, B>, x: Id, p: f64) -> Written<Id> {
    let size = cx.tape.act(x, Activation::Abs)?;
    cx.tape.act(size, Activation::Power { exponent: p })
}

/// Over all axes behind the channels.
pub(crate) fn global<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let rank = cx.tape.shape(x).len();
    let axes: Vec<usize> = (2..rank).collect();
    let y = match cx.node.operator.as_str() {
        "GlobalAveragePool" if rank == 4 => cx.tape.op(AdaptiveAvgPool2d::global(), &[x])?,
        "GlobalAveragePool" => cx.tape.reduce(x, Reduction::Mean, &axes)?,
        "GlobalMaxPool" if rank == 4 => cx.tape.op(AdaptiveMaxPool2d::global(), &[x])?,
        "GlobalMaxPool" => cx.tape.reduce(x, Reduction::Max, &axes)?,
        _ => {
            let p = norm_order(cx)?;
            let powers = powers(cx, x, p)?;
            let sums = cx.tape.reduce(powers, Reduction::Sum, &axes)?;
            cx.tape.act(sums, Activation::Power { exponent: 1.0 / p })?
        }
    };
    cx.out(y)
}

/// Axis by axis: what the window sees is laid out, place by place, and reduced. For any dilation and padding.
fn by_axes<B: Backend>(
    cx: &mut Cx<'_, B>,
    x: Id,
    windows: &Windows,
    ceil: bool,
    border: f64,
    of: Reduction,
) -> Written<Id> {
    let mut y = x;
    for i in 0..windows.kernel.len() {
        let axis = i + 2;
        let (places, more) = windows.places(cx, i, cx.tape.shape(y)[axis], ceil)?;
        let (before, after) = windows.pads[i];
        let width = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        y = pad::constant(cx.tape, y, axis, (width(before), width(after.saturating_add(more))), border)?;
        let (kernel, stride, dilation) = (windows.kernel[i], windows.stride[i], windows.dilation[i]);
        cx.tape.room("what its windows see", &[places, kernel])?;
        let taps: Vec<usize> =
            (0..places).flat_map(|place| (0..kernel).map(move |tap| place * stride + tap * dilation)).collect();
        let seen = cx.tape.select(y, axis, &taps)?;
        let shape = cx.tape.shape(seen).to_vec();
        let split = [&shape[..axis], &[places, kernel], &shape[axis + 1..]].concat();
        let seen = cx.tape.reshape(seen, &split)?;
        let reduced = cx.tape.reduce(seen, of, &[axis + 1])?;
        y = cx.tape.reshape(reduced, &[&shape[..axis], &[places], &shape[axis + 1..]].concat())?;
    }
    Ok(y)
}

/// Sums divided by how many numbers each window sees: a product over the axes.
fn shares<B: Backend>(cx: &mut Cx<'_, B>, sums: Id, windows: &Windows, shape: &[usize], counts: bool) -> Written<Id> {
    let mut y = sums;
    for i in 0..windows.kernel.len() {
        let out = cx.tape.shape(sums)[i + 2];
        let (before, after) = windows.pads[i];
        // What counts of the padded axis.
        let counted = if counts { 0..before + shape[i + 2] + after } else { before..before + shape[i + 2] };
        #[allow(clippy::cast_precision_loss)]
        let share = |place: usize| {
            let taps = (0..windows.kernel[i]).map(|tap| place * windows.stride[i] + tap * windows.dilation[i]);
            1.0 / taps.filter(|tap| counted.contains(tap)).count().max(1) as f64
        };
        let mut along = vec![1; shape.len()];
        along[i + 2] = out;
        let shares: Vec<f64> = (0..out).map(share).collect();
        let shares = ArrayD::from_shape_vec(along, shares).map_err(|_| cx.wrong("its windows cannot be counted"))?;
        let shares = cx.array(&shares)?;
        y = cx.tape.mul(y, shares)?;
    }
    Ok(y)
}
