//! Slices.

use ndarray::ArrayD;
use xai_core::Backend;

use crate::tape::Written;
use crate::value::Known;
use crate::write::{Cx, Operand};

/// Starts, ends, axes and steps are attributes before opset 10, and inputs since.
pub(crate) fn slice<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let missing = |cx: &Cx<'_, B>| cx.wrong("it has no starts or ends");
    let starts = cx.ints_at(1, "starts")?.ok_or_else(|| missing(cx))?;
    let ends = cx.ints_at(2, "ends")?.ok_or_else(|| missing(cx))?;
    let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
    let axes = cx.ints_at(3, "axes")?.unwrap_or_else(|| (0..count).collect());
    let steps = cx.ints_at(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() || steps.contains(&0) {
        return Err(
            cx.wrong(format!("its starts {starts:?}, ends {ends:?}, axes {axes:?}, steps {steps:?} do not fit"))
        );
    }
    let mut y = cx.x(0)?;
    let mut empty = shape.clone();
    for (i, &axis) in axes.iter().enumerate() {
        let axis = cx.axis(axis, shape.len())?;
        cx.tape.room("a list of places", &shape[axis..=axis])?;
        let places = places(shape[axis], starts[i], ends[i], steps[i]);
        empty[axis] = places.len();
        if !places.is_empty() {
            y = cx.tape.select(y, axis, &places)?;
        }
    }
    if empty.contains(&0) {
        return Ok(vec![Operand::Known(Known::array(cx.element(0)?, ArrayD::zeros(empty)))]);
    }
    cx.out(y)
}

/// The places of an axis from a start to an end, both counted from the end if they are negative, and clamped.
fn places(length: usize, start: i64, end: i64, step: i64) -> Vec<usize> {
    let n = i64::try_from(length).unwrap_or(i64::MAX);
    let from_front = |at: i64| if at < 0 { at.saturating_add(n) } else { at };
    let (start, end) = (from_front(start), from_front(end));
    let (start, end) = match step > 0 {
        true => (start.clamp(0, n), end.clamp(0, n)),
        false => (start.clamp(-1, n - 1), end.clamp(-1, n - 1)),
    };
    let mut places = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        places.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    places
}
