//! Rotary position embedding.

use xai_core::Backend;

use crate::tape::{Id, Written};
use crate::write::{Cx, Operand};

/// Pairs of numbers of each head, turned by the angles of their position.
pub(crate) fn rotary<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let given = cx.shape(0)?;
    let heads = usize::try_from(cx.int("num_heads", 0)?).unwrap_or(0);
    let mut x = cx.x(0)?;
    // (B, S, H, D)
    x = match given[..] {
        [batch, steps, width] if heads > 0 && width % heads == 0 => {
            cx.tape.reshape(x, &[batch, steps, heads, width / heads])?
        }
        [_, _, _, _] => cx.tape.permute(x, &[0, 2, 1, 3])?,
        _ => return Err(cx.shape_error(&given, format!("it is not of {heads} heads"))),
    };
    let shape = cx.tape.shape(x).to_vec();
    let width = match usize::try_from(cx.int("rotary_embedding_dim", 0)?).unwrap_or(0) {
        0 => shape[3],
        width => width,
    };
    let half = width / 2;
    if width > shape[3] || width % 2 != 0 || half == 0 {
        return Err(cx.wrong(format!("it turns {width} of {} numbers", shape[3])));
    }
    let (cos, sin) = (angles(cx, 1, [shape[0], shape[1], half])?, angles(cx, 2, [shape[0], shape[1], half])?);
    let interleaved = cx.flag("interleaved", false)?;
    let t = &mut *cx.tape;
    let turned = t.narrow(x, 3, 0, width)?;
    let places = |second: usize| -> Vec<usize> {
        (0..half).map(|i| if interleaved { 2 * i + second } else { i + second * half }).collect()
    };
    let (a, b) = (t.select(turned, 3, &places(0))?, t.select(turned, 3, &places(1))?);
    let (a_cos, b_sin) = (t.mul(a, cos)?, t.mul(b, sin)?);
    let (a_sin, b_cos) = (t.mul(a, sin)?, t.mul(b, cos)?);
    let (real, imaginary) = (t.sub(a_cos, b_sin)?, t.add(a_sin, b_cos)?);
    let mut y = t.concat(&[real, imaginary], 3)?;
    if interleaved {
        let back: Vec<usize> = (0..width).map(|i| i / 2 + (i % 2) * half).collect();
        y = t.select(y, 3, &back)?;
    }
    if width < shape[3] {
        let rest = t.narrow(x, 3, width, shape[3] - width)?;
        y = t.concat(&[y, rest], 3)?;
    }
    y = if given.len() == 3 { t.reshape(y, &given)? } else { t.permute(y, &[0, 2, 1, 3])? };
    cx.out(y)
}

/// The cosines or sines of each position, (B, S, 1, half): of a table by positions, or given for each.
fn angles<B: Backend>(cx: &mut Cx<'_, B>, i: usize, [batch, steps, half]: [usize; 3]) -> Written<Id> {
    let mut table = cx.x(i)?;
    if cx.has_input(3) {
        let positions = cx.known(3, "positions")?.to_ints();
        let places = super::gather::places(cx, &positions, cx.tape.shape(table).first().copied().unwrap_or(0))?;
        table = cx.tape.select(table, 0, &places)?;
    }
    cx.tape.reshape(table, &[batch, steps, 1, half])
}
