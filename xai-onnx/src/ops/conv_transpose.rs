//! Transposed convolutions over one to three axes.

use xai_core::Backend;
use xai_core::nn::{ConvTranspose2d, Padding};

use super::pad;
use super::windows::{MOST, groups, pads};
use crate::tape::{Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

pub(crate) fn conv_transpose<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let weight = cx.known(1, "weight")?.clone();
    let bias = cx.maybe_known(2, "bias")?.cloned();
    let rank = shape.len().saturating_sub(2);
    if rank > 3 {
        return Err(refuse(format!("it is over {rank} axes: transposed convolutions are supported over one to three")));
    }
    if weight.shape.len() != shape.len() || rank == 0 || weight.shape.contains(&0) {
        return Err(cx.shape_error(&shape, format!("its weight is {:?}", weight.shape)));
    }
    let list = |name: &str, default: usize| -> Written<Vec<usize>> {
        let Some(values) = cx.ints(name)? else { return Ok(vec![default; rank]) };
        let values = cx.lengths(name, &values)?;
        if values.len() == rank && values.iter().all(|&value| value <= MOST) {
            Ok(values)
        } else {
            Err(cx.wrong(format!("its {name} are {values:?}")))
        }
    };
    let (stride, dilation) = (list("strides", 1)?, list("dilations", 1)?);
    let mut more = list("output_padding", 0)?;
    let mut sides = pads(cx, rank)?;
    // The length of each axis before anything is cut off, without the output padding.
    let whole = |axis: usize| {
        let reach = (weight.shape[axis + 2] - 1).saturating_mul(dilation[axis]);
        shape[axis + 2].saturating_sub(1).saturating_mul(stride[axis]).saturating_add(reach).saturating_add(1)
    };
    let automatic = cx.text("auto_pad")?;
    let wanted: Option<Vec<usize>> = match cx.ints("output_shape")? {
        Some(wanted) => Some(cx.lengths("output_shape", &wanted)?),
        None if automatic.starts_with("SAME") => {
            Some((0..rank).map(|axis| shape[axis + 2].saturating_mul(stride[axis])).collect())
        }
        None => None,
    };
    if let Some(wanted) = wanted {
        if wanted.len() < rank {
            return Err(cx.wrong(format!("its output shape is {wanted:?}")));
        }
        let wanted = &wanted[wanted.len() - rank..];
        for axis in 0..rank {
            let all = whole(axis).saturating_add(more[axis]);
            let total = all.saturating_sub(wanted[axis]);
            // What is wanted beyond all that there is, is padding of the output.
            more[axis] = more[axis].saturating_add(wanted[axis].saturating_sub(all));
            let (less, rest) = (total / 2, total - total / 2);
            sides[axis] = if automatic == "SAME_UPPER" { (less, rest) } else { (rest, less) };
        }
    }
    let groups = groups(cx)?;
    if rank == 3 {
        return volume(cx, &Settings { stride, dilation, more, sides, groups }, &weight, bias.as_ref());
    }
    let pair = |values: &[usize], one: usize| if rank == 2 { [values[0], values[1]] } else { [one, values[0]] };
    let mut four = weight.shape.clone();
    if rank == 1 {
        four.insert(2, 1);
    }
    let weight = cx.weight("weight", &weight, |known| {
        known.of().into_shape_with_order(four).map_err(|_| refuse("its weight has another shape than it says"))
    })?;
    let bias = bias.map(|bias| cx.weight("bias", &bias, |known| Ok(known.of()))).transpose()?;
    let (rows, columns) = if rank == 2 { (sides[0], sides[1]) } else { ((0, 0), sides[0]) };
    let padding = Padding { top: rows.0, bottom: rows.1, left: columns.0, right: columns.1 };
    let (stride, dilation) = (pair(&stride, 1), pair(&dilation, 1));
    // The operation takes as much output padding as a stride leaves open; the rest is a border of the bias, which
    // would be another network: it is refused by the operation itself.
    let op = ConvTranspose2d { weight, bias, stride, padding, output_padding: pair(&more, 0), dilation, groups };
    let x = cx.x(0)?;
    if rank == 2 {
        let y = cx.tape.op(op, &[x])?;
        return cx.out(y);
    }
    let image = cx.tape.reshape(x, &[shape[0], shape[1], 1, shape[2]])?;
    let y = cx.tape.op(op, &[image])?;
    let out = cx.tape.shape(y).to_vec();
    let y = cx.tape.reshape(y, &[out[0], out[1], out[3]])?;
    cx.out(y)
}

/// What is the same for every axis, and for all.
struct Settings {
    stride: Vec<usize>,
    dilation: Vec<usize>,
    /// The output padding.
    more: Vec<usize>,
    sides: Vec<(usize, usize)>,
    groups: usize,
}

/// Over a volume: each slice by one transposed convolution over rows and columns, whose channels are those of all taps
/// of the depth; these are then put to where they belong, and added up.
fn volume<B: Backend>(
    cx: &mut Cx<'_, B>,
    Settings { stride, dilation, more, sides, groups }: &Settings,
    weight: &Known,
    bias: Option<&Known>,
) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let (&[n, c, d, h, w], &[inputs, outputs, taps, rows, columns]) = (&shape[..], &weight.shape[..]) else {
        return Err(cx.shape_error(&shape, "it needs 5 axes"));
    };
    if c != inputs || *groups == 0 || c % groups != 0 || d == 0 || stride[0] == 0 {
        return Err(cx.shape_error(&shape, format!("its weight is {:?}, in {groups} groups", weight.shape)));
    }
    let weight = cx.weight("weight", weight, |known| {
        let taps_first = known.of::<B::Elem>().permuted_axes(vec![0, 2, 1, 3, 4]).as_standard_layout().into_owned();
        let four = vec![inputs, taps * outputs, rows, columns];
        taps_first.into_shape_with_order(four).map_err(|_| refuse("its weight has another shape than it says"))
    })?;
    let bias = bias.map(|bias| cx.weight("bias", bias, |known| Ok(known.of()))).transpose()?;
    let padding = Padding { top: sides[1].0, bottom: sides[1].1, left: sides[2].0, right: sides[2].1 };
    let (plane, output_padding) = ([stride[1], stride[2]], [more[1], more[2]]);
    let dilations = [dilation[1], dilation[2]];
    let op = ConvTranspose2d {
        weight,
        bias: None,
        stride: plane,
        padding,
        output_padding,
        dilation: dilations,
        groups: *groups,
    };
    let channels = outputs.saturating_mul(*groups);
    // Of one tap, from the first slice to the last; and of all.
    let reach = (d - 1).saturating_mul(stride[0]).saturating_add(1);
    let whole = reach.saturating_add((taps - 1).saturating_mul(dilation[0]));
    let x = cx.x(0)?;
    let t = &mut *cx.tape;
    let slices = t.permute(x, &[0, 2, 1, 3, 4])?;
    let slices = t.reshape(slices, &[n.saturating_mul(d), c, h, w])?;
    let maps = t.op(op, &[slices])?;
    let (high, wide) = (t.shape(maps)[2], t.shape(maps)[3]);
    let pixels = high * wide;
    t.fits("a transposed convolution", &[n, channels, whole, pixels])?;
    let maps = t.reshape(maps, &[n, d, *groups, taps, outputs, pixels])?;
    let width = |slices: usize| i64::try_from(slices).unwrap_or(i64::MAX);
    let mut sum = None;
    for tap in 0..taps {
        let one = t.narrow(maps, 3, tap, 1)?;
        let one = t.reshape(one, &[n, d, channels, pixels])?;
        let one = t.permute(one, &[0, 2, 1, 3])?;
        // A stride leaves slices of zeros between.
        let one = t.reshape(one, &[n, channels, d, 1, pixels])?;
        let one = pad::constant(t, one, 3, (0, width(stride[0] - 1)), 0.0)?;
        let one = t.reshape(one, &[n, channels, d.saturating_mul(stride[0]), pixels])?;
        let one = t.narrow(one, 2, 0, reach)?;
        let before = tap.saturating_mul(dilation[0]);
        let placed = pad::constant(t, one, 2, (width(before), width(whole - reach - before)), 0.0)?;
        sum = Some(match sum {
            Some(others) => t.add(others, placed)?,
            None => placed,
        });
    }
    let Some(sum) = sum else { return Err(cx.shape_error(&shape, "its weight has no taps")) };
    let behind = width(more[0]).saturating_sub(width(sides[0].1));
    let y = pad::constant(t, sum, 2, (-width(sides[0].0), behind), 0.0)?;
    let slices = t.shape(y)[2];
    let mut y = t.reshape(y, &[n, channels, slices, high, wide])?;
    if let Some(bias) = bias {
        let bias = t.constant(bias)?;
        let bias = t.reshape(bias, &[1, channels, 1, 1, 1])?;
        y = t.add(y, bias)?;
    }
    cx.out(y)
}
