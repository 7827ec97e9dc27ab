//! Reductions over axes.

use xai_core::Backend;
use xai_core::nn::{Activation, CumSum, Reduction};

use crate::tape::{Id, Written};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

pub(crate) fn reduce<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let axes = cx.ints_at(1, "axes")?.unwrap_or_default();
    let none = axes.is_empty();
    let axes = if none && !cx.flag("noop_with_empty_axes", false)? {
        (0..shape.len()).collect()
    } else {
        cx.axes(&axes, shape.len())?
    };
    let keep = cx.flag("keepdims", true)?;
    if axes.iter().any(|&axis| shape[axis] == 0) {
        return of_nothing(cx, &shape, &axes, keep);
    }
    let x = cx.x(0)?;
    let y = reduced(cx, x, &axes)?;
    let y = if keep {
        y
    } else {
        let left: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
        cx.tape.reshape(y, &left)?
    };
    cx.out(y)
}

/// Over an axis without a number: what changes nothing.
fn of_nothing<B: Backend>(cx: &Cx<'_, B>, shape: &[usize], axes: &[usize], keep: bool) -> Written<Vec<Operand>> {
    let number = match cx.node.operator.as_str() {
        "ReduceMax" if cx.element(0)? == ElementType::Bool => 0.0,
        "ReduceMin" if cx.element(0)? == ElementType::Bool => 1.0,
        "ReduceMax" | "ReduceLogSum" | "ReduceLogSumExp" => f64::NEG_INFINITY,
        "ReduceMin" => f64::INFINITY,
        "ReduceProd" => 1.0,
        "ReduceMean" => f64::NAN,
        _ => 0.0,
    };
    let length = |axis: usize| match axes.contains(&axis) {
        true => keep.then_some(1),
        false => Some(shape[axis]),
    };
    let shape: Vec<usize> = (0..shape.len()).filter_map(length).collect();
    cx.tape.fits("a reduction", &shape)?;
    Ok(vec![Operand::Known(Known::same(cx.element(0)?, shape, number))])
}

fn reduced<B: Backend>(cx: &mut Cx<'_, B>, x: Id, axes: &[usize]) -> Written<Id> {
    let t = &mut *cx.tape;
    match cx.node.operator.as_str() {
        "ReduceSum" => t.reduce(x, Reduction::Sum, axes),
        "ReduceMean" => t.reduce(x, Reduction::Mean, axes),
        "ReduceMax" => t.reduce(x, Reduction::Max, axes),
        "ReduceMin" => t.reduce(x, Reduction::Min, axes),
        "ReduceL1" => {
            let y = t.act(x, Activation::Abs)?;
            t.reduce(y, Reduction::Sum, axes)
        }
        "ReduceL2" => {
            let y = t.mul(x, x)?;
            let y = t.reduce(y, Reduction::Sum, axes)?;
            t.act(y, Activation::Sqrt)
        }
        "ReduceSumSquare" => {
            let y = t.mul(x, x)?;
            t.reduce(y, Reduction::Sum, axes)
        }
        "ReduceLogSum" => {
            let y = t.reduce(x, Reduction::Sum, axes)?;
            t.act(y, Activation::Log)
        }
        "ReduceLogSumExp" => {
            // Past the greatest, so that nothing overflows.
            let top = t.reduce(x, Reduction::Max, axes)?;
            let y = t.sub(x, top)?;
            let y = t.act(y, Activation::Exp)?;
            let y = t.reduce(y, Reduction::Sum, axes)?;
            let y = t.act(y, Activation::Log)?;
            t.add(y, top)
        }
        _ => product(cx, x, axes),
    }
}

/// The product, by halves.
fn product<B: Backend>(cx: &mut Cx<'_, B>, x: Id, axes: &[usize]) -> Written<Id> {
    let t = &mut *cx.tape;
    let mut y = x;
    for &axis in axes {
        while t.shape(y)[axis] > 1 {
            let length = t.shape(y)[axis];
            let half = length / 2;
            let (a, b) = (t.narrow(y, axis, 0, half)?, t.narrow(y, axis, half, half)?);
            let both = t.mul(a, b)?;
            y = match length % 2 {
                0 => both,
                _ => {
                    let last = t.narrow(y, axis, length - 1, 1)?;
                    t.concat(&[both, last], axis)?
                }
            };
        }
    }
    Ok(y)
}

/// Running sums.
pub(crate) fn cumulative<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.known(1, "axis")?.to_ints().first().copied().unwrap_or(0);
    let axis = cx.axis(axis, shape.len())?;
    let (exclusive, reverse) = (cx.flag("exclusive", false)?, cx.flag("reverse", false)?);
    let axis = isize::try_from(axis).map_err(|_| cx.wrong(format!("its axis is {axis}")))?;
    let y = cx.tape.op(CumSum { axis, exclusive, reverse }, &[x])?;
    cx.out(y)
}
