//! Products of matrices.

use xai_core::Backend;
use xai_core::nn::Linear;

use crate::tape::{Id, Tape, Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

/// α · A · B + β · C
pub(crate) fn gemm<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (alpha, beta) = (cx.float("alpha", 1.0)?, cx.float("beta", 1.0)?);
    let (turn_a, turn_b) = (cx.flag("transA", false)?, cx.flag("transB", false)?);
    let mut a = cx.x(0)?;
    if cx.tape.shape(a).len() != 2 || cx.shape(1)?.len() != 2 {
        return Err(cx.shape_error(cx.tape.shape(a), "both factors need 2 axes"));
    }
    if turn_a {
        a = cx.tape.permute(a, &[1, 0])?;
    }
    let whole = near(alpha, 1.0) && near(beta, 1.0);
    let mut added = false;
    let mut y = match cx.held(1)? {
        Operand::Known(known) => {
            let known = known.clone();
            let outputs = known.shape[usize::from(!turn_b)];
            // A bias of the file for each output is the operation's own.
            let bias = match cx.inputs.get(2) {
                Some(Some(Operand::Known(bias))) if whole && bias.shape == [outputs] => Some(bias.clone()),
                _ => None,
            };
            added = bias.is_some();
            linear(cx, a, &known, !turn_b, bias.as_ref())?
        }
        Operand::Var(b, _) => {
            let mut b = *b;
            if turn_b {
                b = cx.tape.permute(b, &[1, 0])?;
            }
            cx.tape.matmul(a, b)?
        }
    };
    y = cx.tape.affine(y, alpha, 0.0)?;
    if cx.has_input(2) && !added {
        let c = cx.x(2)?;
        let c = cx.tape.affine(c, beta, 0.0)?;
        y = cx.tape.add(y, c)?;
    }
    cx.out(y)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < f64::EPSILON
}

/// x · W, or x · Wᵀ, over the last axis.
fn linear<B: Backend>(cx: &mut Cx<'_, B>, x: Id, weight: &Known, turned: bool, bias: Option<&Known>) -> Written<Id> {
    let weight = cx.weight("linear", weight, |known| {
        let numbers = known.of();
        Ok(if turned { numbers.reversed_axes().as_standard_layout().into_owned() } else { numbers })
    })?;
    let bias = bias.map(|bias| cx.weight("bias", bias, |known| Ok(known.of()))).transpose()?;
    cx.tape.op(Linear { weight, bias }, &[x])
}

pub(crate) fn matmul<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if let (Operand::Var(x, _), Operand::Known(weight)) = (cx.held(0)?, cx.held(1)?)
        && weight.shape.len() == 2
        && !weight.shape.contains(&0)
    {
        let (x, weight) = (*x, weight.clone());
        let y = linear(cx, x, &weight, true, None)?;
        return cx.out(y);
    }
    let (a, b) = (cx.x(0)?, cx.x(1)?);
    let y = product(cx.tape, a, b)?;
    cx.out(y)
}

/// As NumPy's: a vector is a row on the left, a column on the right.
pub(super) fn product<B: Backend>(t: &mut Tape<B>, a: Id, b: Id) -> Written<Id> {
    let (left, right) = (t.shape(a).to_vec(), t.shape(b).to_vec());
    if left.is_empty() || right.is_empty() {
        return Err(refuse("one of its factors is a single number"));
    }
    let a = if left.len() == 1 { t.reshape(a, &[1, left[0]])? } else { a };
    let b = if right.len() == 1 { t.reshape(b, &[right[0], 1])? } else { b };
    let y = t.matmul(a, b)?;
    let mut shape = t.shape(y).to_vec();
    if right.len() == 1 {
        shape.pop();
    }
    if left.len() == 1 {
        shape.remove(shape.len() - if right.len() == 1 { 1 } else { 2 });
    }
    t.reshape(y, &shape)
}

/// α · A · B, each maybe transposed, of ONNX Runtime's operators.
pub(crate) fn fused_matmul<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if cx.flag("transBatchA", false)? || cx.flag("transBatchB", false)? {
        return Err(refuse("it transposes the batch"));
    }
    let turned = |cx: &mut Cx<'_, B>, i: usize, name: &str| -> Written<Id> {
        let x = cx.x(i)?;
        let rank = cx.tape.shape(x).len();
        if !cx.flag(name, false)? || rank < 2 {
            return Ok(x);
        }
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        cx.tape.permute(x, &order)
    };
    let (a, b) = (turned(cx, 0, "transA")?, turned(cx, 1, "transB")?);
    let y = product(cx.tape, a, b)?;
    let y = {
        let alpha = cx.float("alpha", 1.0)?;
        cx.tape.affine(y, alpha, 0.0)?
    };
    cx.out(y)
}
