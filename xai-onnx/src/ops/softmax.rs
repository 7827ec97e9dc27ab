//! Softmax, its logarithm, and the greatest one.

use ndarray::{ArrayD, Axis};
use xai_core::Backend;
use xai_core::nn::LogSoftmax;

use crate::tape::{HostStep, Id, Tape, Written};
use crate::write::{Cx, Operand};

/// Before opset 13, along all axes from the named one on together.
pub(crate) fn softmax<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(cx.int("axis", if cx.opset < 13 { 1 } else { -1 })?, shape.len())?;
    let operator = cx.node.operator.clone();
    if cx.opset >= 13 || axis + 1 == shape.len() {
        let y = along(cx.tape, &operator, x, axis)?;
        return cx.out(y);
    }
    let together: usize = shape[axis..].iter().product();
    let flat = cx.tape.reshape(x, &[&shape[..axis], &[together]].concat())?;
    let y = along(cx.tape, &operator, flat, axis)?;
    let y = cx.tape.reshape(y, &shape)?;
    cx.out(y)
}

fn along<B: Backend>(t: &mut Tape<B>, operator: &str, x: Id, axis: usize) -> Written<Id> {
    match operator {
        "Softmax" => t.softmax(x, axis),
        "LogSoftmax" => t.op(LogSoftmax::new(axis.cast_signed()), &[x]),
        _ => {
            let shape = t.shape(x).to_vec();
            let step = HostStep::forward_only(shape, "it is constant but for jumps", move |x| hardmax(&x[0], axis));
            t.host(step, &[x])
        }
    }
}

/// 1 at the first greatest number along an axis, 0 elsewhere.
fn hardmax(x: &ArrayD<f64>, axis: usize) -> ArrayD<f64> {
    let mut y = ArrayD::zeros(x.raw_dim());
    for (x, mut y) in x.lanes(Axis(axis)).into_iter().zip(y.lanes_mut(Axis(axis))) {
        let mut best = 0;
        x.iter().enumerate().for_each(|(i, n)| best = if *n > x[best] { i } else { best });
        if let Some(one) = y.get_mut(best) {
            *one = 1.0;
        }
    }
    y
}
