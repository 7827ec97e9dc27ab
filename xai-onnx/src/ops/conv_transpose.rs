//! Transposed convolutions over one or two axes.

use xai_core::Backend;
use xai_core::nn::{ConvTranspose2d, Padding};

use super::windows::pads;
use crate::tape::{Written, refuse};
use crate::write::{Cx, Operand};

pub(crate) fn conv_transpose<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let weight = cx.known(1, "weight")?.clone();
    let bias = cx.maybe_known(2, "bias")?.cloned();
    let rank = shape.len().saturating_sub(2);
    if rank > 2 {
        return Err(refuse("it is over three axes: transposed convolutions are supported over one and two"));
    }
    if weight.shape.len() != shape.len() || rank == 0 || weight.shape.contains(&0) {
        return Err(cx.shape_error(&shape, format!("its weight is {:?}", weight.shape)));
    }
    let list = |name: &str, default: usize| -> Written<Vec<usize>> {
        let Some(values) = cx.ints(name)? else { return Ok(vec![default; rank]) };
        let values = cx.lengths(name, &values)?;
        if values.len() == rank { Ok(values) } else { Err(cx.wrong(format!("its {name} are {values:?}"))) }
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
    let groups = usize::try_from(cx.int("group", 1)?).unwrap_or(0);
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
