//! Parts put together, taken apart, and in another order.

use ndarray::ArrayD;
use xai_core::Backend;

use crate::tape::{Written, refuse};
use crate::value::Known;
use crate::write::{Cx, Operand};

pub(crate) fn concat<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let rank = cx.shape(0)?.len();
    let axis = cx.axis(cx.int("axis", 1)?, rank)?;
    let mut parts = Vec::with_capacity(cx.inputs.len());
    for i in 0..cx.inputs.len() {
        // What has no number adds nothing.
        if cx.shape(i)?.get(axis) != Some(&0) {
            parts.push(cx.x(i)?);
        }
    }
    if parts.is_empty() {
        return Ok(vec![cx.held(0)?.clone()]);
    }
    let y = cx.tape.concat(&parts, axis)?;
    cx.out(y)
}

pub(crate) fn split<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(cx.int("axis", 0)?, shape.len())?;
    let length = shape[axis];
    let lengths = match cx.ints_at(1, "split")? {
        Some(lengths) => cx.lengths("split", &lengths)?,
        None => {
            let parts = cx.node.outputs.len();
            if let Some(said) = cx.maybe_int("num_outputs")?
                && usize::try_from(said) != Ok(parts)
            {
                return Err(cx.wrong(format!("its num_outputs is {said}, and it has {parts} outputs")));
            }
            let parts = parts.min(length.max(1));
            let each = length.div_ceil(parts.max(1));
            (0..parts).map(|i| each.min(length.saturating_sub(i * each))).collect()
        }
    };
    if lengths.iter().try_fold(0_usize, |all, &n| all.checked_add(n)) != Some(length) {
        return Err(cx.shape_error(&shape, format!("axis {axis} cannot be split into {lengths:?}")));
    }
    let element = cx.element(0)?;
    let (mut start, mut outputs) = (0, Vec::with_capacity(lengths.len()));
    for length in lengths {
        if length == 0 {
            let mut empty = shape.clone();
            empty[axis] = 0;
            outputs.push(Operand::Known(Known::array(element, ArrayD::zeros(empty))));
            continue;
        }
        outputs.push(Operand::Var(cx.tape.narrow(x, axis, start, length)?, element));
        start += length;
    }
    Ok(outputs)
}

/// The four lengths of an image, and the block's.
fn blocks<B: Backend>(cx: &Cx<'_, B>) -> Written<([usize; 4], usize)> {
    let shape = cx.shape(0)?;
    let lengths = <[usize; 4]>::try_from(&shape[..]).map_err(|_| cx.shape_error(&shape, "it needs 4 axes"))?;
    if shape.contains(&0) {
        return Err(cx.shape_error(&shape, "it has no pixel"));
    }
    match usize::try_from(cx.int("blocksize", 0)?) {
        Ok(block) if block > 0 => Ok((lengths, block)),
        _ => Err(cx.wrong("its blocksize has to be at least 1")),
    }
}

pub(crate) fn depth_to_space<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let ([n, c, h, w], b) = blocks(cx)?;
    let Some(inner) = b.checked_mul(b).filter(|square| c % square == 0).map(|square| c / square) else {
        return Err(cx.shape_error(&[n, c, h, w], format!("its channels are no multiple of {b} × {b}")));
    };
    let (split, order) = match cx.text("mode")?.as_str() {
        "CRD" => ([n, inner, b, b, h, w], [0, 1, 4, 2, 5, 3]),
        _ => ([n, b, b, inner, h, w], [0, 3, 4, 1, 5, 2]),
    };
    let x = cx.x(0)?;
    let y = cx.tape.reshape(x, &split)?;
    let y = cx.tape.permute(y, &order)?;
    let y = cx.tape.reshape(y, &[n, inner, h * b, w * b])?;
    cx.out(y)
}

pub(crate) fn space_to_depth<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let ([n, c, h, w], b) = blocks(cx)?;
    if h % b != 0 || w % b != 0 {
        return Err(cx.shape_error(&[n, c, h, w], format!("its rows and columns are no multiples of {b}")));
    }
    let (split, order) = match cx.text("mode")?.as_str() {
        "CRD" => ([n, c, h / b, b, w / b, b], [0, 1, 3, 5, 2, 4]),
        _ => ([n, c, h / b, b, w / b, b], [0, 3, 5, 1, 2, 4]),
    };
    let x = cx.x(0)?;
    let y = cx.tape.reshape(x, &split)?;
    let y = cx.tape.permute(y, &order)?;
    let y = cx.tape.reshape(y, &[n, c * b * b, h / b, w / b])?;
    cx.out(y)
}

/// What is above, or below, a diagonal of the last two axes; zeros elsewhere.
pub(crate) fn triangle<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let [.., rows, columns] = shape[..] else { return Err(cx.shape_error(&shape, "it needs 2 axes")) };
    let k = cx.maybe_known(1, "diagonal")?.and_then(|known| known.to_ints().first().copied()).unwrap_or(0);
    let upper = cx.flag("upper", true)?;
    let at = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    cx.tape.room("a mask", &[rows, columns])?;
    let mask = ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| {
        let beyond = at(j) - at(i);
        f64::from(u8::from(if upper { beyond >= k } else { beyond <= k }))
    });
    let mask = cx.array(&mask.into_dyn())?;
    let zero = cx.array(&ndarray::arr0(0.0).into_dyn())?;
    // A choice and no product: what is infinite goes too.
    let y = cx.tape.choose(mask, x, zero)?;
    cx.out(y)
}

/// The first entries of each row along the time axis, backwards.
pub(crate) fn reverse_sequence<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let (batch, time) = (cx.int("batch_axis", 1)?, cx.int("time_axis", 0)?);
    let (batch, time) = (cx.axis(batch, shape.len())?, cx.axis(time, shape.len())?);
    let lengths = cx.known(1, "sequence_lens")?.to_ints();
    let lengths = cx.lengths("sequence lengths", &lengths)?;
    if lengths.len() != shape[batch] || lengths.iter().any(|&n| n > shape[time]) || batch == time {
        return Err(refuse("its sequence lengths do not fit its input"));
    }
    let mut rows = Vec::with_capacity(lengths.len());
    for (i, &length) in lengths.iter().enumerate() {
        let row = cx.tape.narrow(x, batch, i, 1)?;
        let places: Vec<usize> = (0..length).rev().chain(length..shape[time]).collect();
        rows.push(cx.tape.select(row, time, &places)?);
    }
    let y = cx.tape.concat(&rows, batch)?;
    cx.out(y)
}
