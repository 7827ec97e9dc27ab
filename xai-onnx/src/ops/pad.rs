//! Borders.

use xai_core::Backend;
use xai_core::nn::{Pad2d, Padding};

use crate::tape::{Id, Tape, Written, refuse};
use crate::write::{Cx, Operand};

pub(crate) fn pad<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut y = cx.x(0)?;
    let shape = cx.tape.shape(y).to_vec();
    // Before opset 2 they had another name.
    let name = if cx.has("paddings") { "paddings" } else { "pads" };
    let widths = cx.ints_at(1, name)?.ok_or_else(|| cx.wrong("it has no pads"))?;
    if widths.iter().any(|width| width.unsigned_abs() > 1 << 40) {
        return Err(cx.wrong(format!("its pads are {widths:?}")));
    }
    let axes = match cx.maybe_known(3, "axes")? {
        Some(known) => {
            let axes = known.to_ints();
            axes.iter().map(|&axis| cx.axis(axis, shape.len())).collect::<Written<Vec<_>>>()?
        }
        None => (0..shape.len()).collect(),
    };
    if widths.len() != 2 * axes.len() {
        return Err(cx.wrong(format!("it has {} pads for {} axes", widths.len(), axes.len())));
    }
    let value = match cx.maybe_known(2, "value")? {
        Some(known) => known.numbers().first().copied().unwrap_or(0.0),
        None => cx.float("value", 0.0)?,
    };
    let mode = cx.text("mode")?;
    for (i, &axis) in axes.iter().enumerate() {
        let (before, after) = (widths[i], widths[axes.len() + i]);
        y = match mode.as_str() {
            "" | "constant" => constant(cx.tape, y, axis, (before, after), value)?,
            _ => {
                let places = border(cx, &mode, shape[axis], (before, after))?;
                cx.tape.select(y, axis, &places)?
            }
        };
    }
    cx.out(y)
}

/// Cut, or filled up with zeros, to a shape, as much on both sides; where that is odd, one more at the end.
pub(crate) fn center<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut y = cx.x(0)?;
    let shape = cx.tape.shape(y).to_vec();
    let axes = match cx.ints("axes")? {
        Some(axes) => axes.iter().map(|&axis| cx.axis(axis, shape.len())).collect::<Written<Vec<_>>>()?,
        None => (0..shape.len()).collect(),
    };
    let wanted = cx.known(1, "shape")?.to_ints();
    let lengths = cx.lengths("shape", &wanted)?;
    if lengths.len() != axes.len() {
        return Err(cx.wrong(format!("its shape {lengths:?} is not of {} axes", axes.len())));
    }
    for (&axis, &length) in axes.iter().zip(&lengths) {
        let width = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let sides = match length.checked_sub(shape[axis]) {
            Some(more) => (width(more / 2), width(more - more / 2)),
            None => {
                let less = shape[axis] - length;
                (-width(less / 2), -width(less - less / 2))
            }
        };
        y = constant(cx.tape, y, axis, sides, 0.0)?;
    }
    cx.out(y)
}

/// One axis with a border of one value; a negative width is cut off.
pub(super) fn constant<B: Backend>(
    t: &mut Tape<B>,
    x: Id,
    axis: usize,
    (before, after): (i64, i64),
    value: f64,
) -> Written<Id> {
    let cut = |width: i64| usize::try_from(width.min(0).unsigned_abs()).unwrap_or(usize::MAX);
    let add = |width: i64| usize::try_from(width.max(0)).unwrap_or(usize::MAX);
    let shape = t.shape(x).to_vec();
    let cuts = (cut(before), cut(after));
    let Some(left) = shape[axis].checked_sub(cuts.0.saturating_add(cuts.1)).filter(|&left| left > 0) else {
        return Err(refuse(format!("nothing is left of axis {axis}")));
    };
    let x = t.narrow(x, axis, cuts.0, left)?;
    let (top, bottom) = (add(before), add(after));
    if (top, bottom) == (0, 0) {
        return Ok(x);
    }
    let mut wider = shape.clone();
    wider[axis] = left.saturating_add(top).saturating_add(bottom);
    t.fits("a padded value", &wider)?;
    // The axis becomes the rows of an image; what is before it stays batch and channels.
    let outer: usize = shape[..axis].iter().product();
    let first = if axis == 0 { 1 } else { shape[0] };
    let inner: usize = shape[axis + 1..].iter().product();
    let image = t.reshape(x, &[first, outer / first.max(1), left, inner])?;
    let image = t.op(Pad2d::new(Padding { top, bottom, ..Padding::default() }).value(value), &[image])?;
    t.reshape(image, &wider)
}

/// For each entry of the padded axis, the entry that it repeats.
fn border<B: Backend>(cx: &Cx<'_, B>, mode: &str, length: usize, (before, after): (i64, i64)) -> Written<Vec<usize>> {
    let n = i64::try_from(length).unwrap_or(i64::MAX);
    let end = n.checked_add(after).filter(|&end| end > -before && n > 0);
    let end = end.ok_or_else(|| refuse("nothing is left of an axis"))?;
    let count = usize::try_from(end.saturating_add(before)).unwrap_or(usize::MAX);
    cx.tape.room("a padded axis", &[count])?;
    let place = |at: i64| match mode {
        "edge" => at.clamp(0, n - 1),
        "wrap" => at.rem_euclid(n),
        // Back and forth, the ends once each.
        _ => {
            let period = (2 * (n - 1)).max(1);
            let at = at.rem_euclid(period);
            if at < n { at } else { period - at }
        }
    };
    if !["edge", "wrap", "reflect"].contains(&mode) {
        return Err(cx.wrong(format!("its mode is `{mode}`")));
    }
    Ok((-before..end).filter_map(|at| usize::try_from(place(at)).ok()).collect())
}
