//! Operators that go on from what was before: a convolution over time, and a cache that is written to.

use ndarray::ArrayD;
use xai_core::Backend;
use xai_core::nn::Activation;

use crate::tape::{Id, Tape, Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

/// Each channel over time by its own kernel, which sees what was before alone: y and the last numbers.
pub(crate) fn causal_conv<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (shape, kernel) = (cx.shape(0)?, cx.shape(1)?);
    let (&[batch, channels, length], &[of, 1, taps]) = (&shape[..], &kernel[..]) else {
        return Err(cx.shape_error(&shape, format!("it needs three axes, and a kernel for each channel: {kernel:?}")));
    };
    if of != channels || taps == 0 || length == 0 {
        return Err(cx.shape_error(&shape, format!("its kernel is {kernel:?}")));
    }
    let silu = match cx.text("activation")?.as_str() {
        "" | "none" => false,
        "silu" | "swish" => true,
        other => return Err(refuse(format!("its activation `{other}` is not known"))),
    };
    let (x, weight) = (cx.x(0)?, cx.x(1)?);
    let all = match (taps, cx.has_input(3)) {
        (1, _) => x,
        (_, true) => {
            let past = cx.x(3)?;
            cx.tape.concat(&[past, x], 2)?
        }
        (_, false) => {
            cx.tape.room("a border", &[batch, channels, taps])?;
            let none = cx.array(&ArrayD::zeros(vec![batch, channels, taps - 1]))?;
            cx.tape.concat(&[none, x], 2)?
        }
    };
    if cx.tape.shape(all)[2] != length + taps - 1 {
        return Err(cx.wrong(format!("what was before is of {} steps", cx.tape.shape(all)[2] - length)));
    }
    let mut y: Option<Id> = None;
    for tap in 0..taps {
        let (seen, share) = (cx.tape.narrow(all, 2, tap, length)?, cx.tape.narrow(weight, 2, tap, 1)?);
        let share = cx.tape.reshape(share, &[channels, 1])?;
        let part = cx.tape.mul(seen, share)?;
        y = Some(match y {
            Some(before) => cx.tape.add(before, part)?,
            None => part,
        });
    }
    let mut y = y.unwrap_or(x);
    if cx.has_input(2) {
        let bias = cx.x(2)?;
        let bias = cx.tape.reshape(bias, &[channels, 1])?;
        y = cx.tape.add(y, bias)?;
    }
    if silu {
        y = cx.tape.act(y, Activation::Silu)?;
    }
    let element = cx.element(0)?;
    if taps == 1 {
        let present = Known::array(element, ArrayD::zeros(vec![batch, channels, 0]));
        return Ok(vec![Operand::Var(y, element), Operand::Known(present)]);
    }
    let present = cx.tape.narrow(all, 2, length, taps - 1)?;
    Ok([y, present].map(|id| Operand::Var(id, element)).to_vec())
}

/// A cache of which an axis is written to from a place on, another one for each sample.
pub(crate) fn tensor_scatter<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (shape, update) = (cx.shape(0)?, cx.shape(1)?);
    let axis = cx.axis(cx.int("axis", -2)?, shape.len())?;
    let circular = match cx.text("mode")?.as_str() {
        "" | "linear" => false,
        "circular" => true,
        other => return Err(refuse(format!("its mode `{other}` is not known"))),
    };
    let fits = axis > 0
        && update.len() == shape.len()
        && (0..shape.len()).all(|i| if i == axis { update[i] <= shape[i] } else { update[i] == shape[i] });
    if !fits || shape.contains(&0) {
        return Err(cx.shape_error(&shape, format!("what is written to axis {axis} is {update:?}")));
    }
    let (batch, length, steps) = (shape[0], shape[axis], update[axis]);
    let starts = match cx.maybe_known(2, "write_indices")? {
        Some(known) => known.to_ints(),
        None => vec![0; batch],
    };
    let starts = cx.lengths("write_indices", &starts)?;
    if starts.len() != batch || (!circular && starts.iter().any(|&start| start > length - steps)) {
        return Err(cx.wrong(format!("it writes {steps} of {length} at {starts:?}")));
    }
    let (x, update) = (cx.x(0)?, cx.x(1)?);
    let all = cx.tape.concat(&[x, update], axis)?;
    let from = |start: usize| -> Vec<usize> {
        let written = |at: usize| (at + length - start % length) % length;
        (0..length).map(|at| if written(at) < steps { length + written(at) } else { at }).collect()
    };
    let y = if starts.iter().all(|&start| start == starts[0]) {
        cx.tape.select(all, axis, &from(starts[0]))?
    } else {
        let row = |tape: &mut Tape<B>, (i, &start): (usize, &usize)| -> Written<Id> {
            let own = tape.narrow(all, 0, i, 1)?;
            tape.select(own, axis, &from(start))
        };
        let rows = starts.iter().enumerate().map(|start| row(cx.tape, start)).collect::<Written<Vec<Id>>>()?;
        cx.tape.concat(&rows, 0)?
    };
    cx.out(y)
}
