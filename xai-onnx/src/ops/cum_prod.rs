//! Running products.

use ndarray::ArrayD;
use xai_core::Backend;

use crate::tape::Written;
use crate::write::{Cx, Operand};

/// By doubling: each number is multiplied with the one before it, then with that two before it, and so on.
pub(crate) fn cum_prod<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut y = cx.x(0)?;
    let shape = cx.tape.shape(y).to_vec();
    let axis = cx.known(1, "axis")?.to_ints().first().copied().unwrap_or(0);
    let axis = cx.axis(axis, shape.len())?;
    let length = shape[axis];
    if shape.contains(&0) {
        return cx.out(y);
    }
    let reverse = cx.flag("reverse", false)?;
    let turned: Vec<usize> = (0..length).rev().collect();
    if reverse {
        y = cx.tape.select(y, axis, &turned)?;
    }
    if cx.flag("exclusive", false)? {
        let mut one = shape;
        one[axis] = 1;
        let one = cx.array(&ArrayD::ones(one))?;
        y = match length {
            1 => one,
            _ => {
                let before = cx.tape.narrow(y, axis, 0, length - 1)?;
                cx.tape.concat(&[one, before], axis)?
            }
        };
    }
    let mut step = 1;
    while step < length {
        let first = cx.tape.narrow(y, axis, 0, step)?;
        let before = cx.tape.narrow(y, axis, 0, length - step)?;
        let rest = cx.tape.narrow(y, axis, step, length - step)?;
        let rest = cx.tape.mul(rest, before)?;
        y = cx.tape.concat(&[first, rest], axis)?;
        step *= 2;
    }
    if reverse {
        y = cx.tape.select(y, axis, &turned)?;
    }
    cx.out(y)
}
