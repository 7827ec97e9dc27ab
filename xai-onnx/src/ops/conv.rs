//! Convolutions over one to three axes.

use xai_core::Backend;
use xai_core::nn::{Conv2d, Conv3d, ConvPaddingNd, Padding};

use super::windows::{Windows, groups};
use crate::tape::{Written, refuse};
use crate::write::{Cx, Operand};

pub(crate) fn conv<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let weight = cx.known(1, "weight")?.clone();
    let bias = cx.maybe_known(2, "bias")?.cloned();
    let rank = shape.len().saturating_sub(2);
    if weight.shape.len() != shape.len() || rank == 0 || rank > 3 {
        return Err(cx.shape_error(&shape, format!("it needs {} axes, 3 to 5 of them", weight.shape.len())));
    }
    let kernel = match cx.ints("kernel_shape")? {
        Some(kernel) => cx.lengths("kernel_shape", &kernel)?,
        None => weight.shape[2..].to_vec(),
    };
    if kernel != weight.shape[2..] {
        return Err(cx.wrong(format!("its kernel is {kernel:?}, and its weight {:?}", weight.shape)));
    }
    let windows = Windows::read(cx, kernel, &shape[2..])?;
    let groups = groups(cx)?;
    let x = cx.x(0)?;
    if rank == 3 {
        let three = |values: &[usize]| [values[0], values[1], values[2]];
        let weight = cx.weight("weight", &weight, |known| Ok(known.of()))?.tensor();
        let bias = bias.map(|bias| cx.weight("bias", &bias, |known| Ok(known.of()))).transpose()?;
        let layer = Conv3d::new(weight, bias.map(|bias| bias.tensor()))?
            .stride(three(&windows.stride))
            .dilation(three(&windows.dilation))
            .padding(ConvPaddingNd::from([windows.pads[0], windows.pads[1], windows.pads[2]]))
            .groups(groups);
        let y = cx.tape.layer(&layer, x)?;
        return cx.out(y);
    }
    // A sequence is an image of one row.
    let wide = |values: &[usize], one: usize| if rank == 2 { [values[0], values[1]] } else { [one, values[0]] };
    let mut four = weight.shape.clone();
    if rank == 1 {
        four.insert(2, 1);
    }
    let weight = cx.weight("weight", &weight, |known| {
        known.of().into_shape_with_order(four).map_err(|_| refuse("its weight has another shape than it says"))
    })?;
    let bias = bias.map(|bias| cx.weight("bias", &bias, |known| Ok(known.of()))).transpose()?;
    let pads = if rank == 2 { [windows.pads[0], windows.pads[1]] } else { [(0, 0), windows.pads[0]] };
    let padding = Padding { top: pads[0].0, bottom: pads[0].1, left: pads[1].0, right: pads[1].1 }.into();
    let (stride, dilation) = (wide(&windows.stride, 1), wide(&windows.dilation, 1));
    let op = Conv2d { weight, bias, stride, padding, dilation, groups };
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
