//! Other shapes of the same numbers.

use xai_core::Backend;

use crate::tape::{Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

/// In the shape, with what is known staying known.
fn reshaped<B: Backend>(cx: &mut Cx<'_, B>, shape: &[usize]) -> Written<Vec<Operand>> {
    cx.tape.fits("another shape", shape)?;
    if let Operand::Known(known) = cx.held(0)?
        && known.shape != shape
        && known.len() == shape.iter().product::<usize>()
        && let Some(number) = known.everywhere()
    {
        return Ok(vec![Operand::Known(Known::same(known.element, shape.to_vec(), number).stable(known.stable))]);
    }
    let x = cx.x(0)?;
    let y = cx.tape.reshape(x, shape)?;
    cx.out(y)
}

pub(crate) fn reshape<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let from = cx.shape(0)?;
    let wanted = cx.ints_at(1, "shape")?.ok_or_else(|| cx.wrong("it has no shape"))?;
    let keep_zero = cx.flag("allowzero", false)?;
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (axis, &length) in wanted.iter().enumerate() {
        shape.push(match length {
            0 if !keep_zero => match from.get(axis) {
                Some(&length) => length,
                None => return Err(cx.wrong(format!("its shape {wanted:?} keeps axis {axis}, which is not there"))),
            },
            -1 if open.is_none() => {
                open = Some(axis);
                1
            }
            length => match usize::try_from(length) {
                Ok(length) => length,
                Err(_) => return Err(cx.wrong(format!("its shape is {wanted:?}"))),
            },
        });
    }
    if let Some(axis) = open {
        let count = |shape: &[usize]| shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n));
        match (count(&from), count(&shape)) {
            (Some(all), Some(others)) if others > 0 && all % others == 0 => shape[axis] = all / others,
            _ => return Err(cx.shape_error(&from, format!("it cannot become {wanted:?}"))),
        }
    }
    reshaped(cx, &shape)
}

pub(crate) fn flatten<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let axis = cx.int("axis", 1)?;
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let axis = if axis < 0 { axis.saturating_add(rank) } else { axis };
    match usize::try_from(axis).ok().filter(|&axis| axis <= shape.len()) {
        Some(axis) => reshaped(cx, &[shape[..axis].iter().product(), shape[axis..].iter().product()]),
        None => Err(cx.wrong(format!("it has axis {axis} of {rank}"))),
    }
}

pub(crate) fn transpose<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let rank = cx.shape(0)?.len();
    let order = match cx.ints("perm")? {
        Some(order) => order.iter().map(|&axis| cx.axis(axis, rank)).collect::<Written<Vec<_>>>()?,
        None => (0..rank).rev().collect(),
    };
    let x = cx.x(0)?;
    let y = cx.tape.permute(x, &order)?;
    cx.out(y)
}

pub(crate) fn squeeze<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let axes = match cx.ints_at(1, "axes")? {
        Some(axes) => cx.axes(&axes, shape.len())?,
        None => (0..shape.len()).filter(|&axis| shape[axis] == 1).collect(),
    };
    if let Some(axis) = axes.iter().find(|&&axis| shape[axis] != 1) {
        return Err(cx.shape_error(&shape, format!("axis {axis} cannot go, for it is not of length 1")));
    }
    let left: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
    reshaped(cx, &left)
}

pub(crate) fn unsqueeze<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let axes = cx.ints_at(1, "axes")?.ok_or_else(|| cx.wrong("it has no axes"))?;
    let axes = cx.axes(&axes, shape.len().saturating_add(axes.len()))?;
    let mut own = shape.iter();
    let length = |axis: usize| if axes.contains(&axis) { 1 } else { own.next().copied().unwrap_or(1) };
    let wider: Vec<usize> = (0..shape.len() + axes.len()).map(length).collect();
    reshaped(cx, &wider)
}

pub(crate) fn expand<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let wanted = cx.known(1, "shape")?.to_ints();
    let wanted = cx.lengths("shape", &wanted)?;
    let shape = xai_core::tensor::broadcast_shape(&cx.shape(0)?, &wanted)?;
    cx.tape.fits("an expansion", &shape)?;
    if let Operand::Known(known) = cx.held(0)?
        && let Some(number) = known.everywhere()
    {
        return Ok(vec![Operand::Known(Known::same(known.element, shape, number).stable(known.stable))]);
    }
    let x = cx.x(0)?;
    let y = cx.tape.broadcast(x, &shape)?;
    cx.out(y)
}

pub(crate) fn tile<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let times = cx.known(1, "repeats")?.to_ints();
    let times = cx.lengths("repeats", &times)?;
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    if times.len() != shape.len() {
        return Err(cx.wrong(format!("it repeats {} axes of {}", times.len(), shape.len())));
    }
    let wider: Vec<usize> = shape.iter().zip(&times).map(|(&n, &times)| n.saturating_mul(times)).collect();
    cx.tape.fits("a tiling", &wider)?;
    let mut y = x;
    for (axis, &times) in times.iter().enumerate().filter(|(_, times)| **times != 1) {
        if times == 0 {
            return Err(refuse("it repeats an axis no time, so that nothing is left"));
        }
        cx.tape.room("a list of places", &[wider[axis]])?;
        let places: Vec<usize> = (0..wider[axis]).map(|i| i % shape[axis]).collect();
        y = cx.tape.select(y, axis, &places)?;
    }
    cx.out(y)
}

/// What passes its input on; dropout's mask is that of inference, all true.
pub(crate) fn identity<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut outputs = vec![cx.held(0)?.clone()];
    if cx.node.operator == "Dropout" {
        let training = cx.maybe_known(2, "training_mode")?.is_some_and(|known| known.to_ints().contains(&1));
        if training {
            return Err(refuse("it drops numbers at random: export the network for inference"));
        }
        outputs.push(Operand::Known(Known::same(crate::ElementType::Bool, cx.shape(0)?, 1.0)));
    }
    Ok(outputs)
}
