//! Numbers kept between two bounds.

use xai_core::Backend;
use xai_core::nn::Activation;

use super::comparisons::one_of;
use crate::tape::{Id, Written};
use crate::write::{Cx, Operand};

/// The bounds are attributes before opset 11, and inputs since.
pub(crate) fn clip<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let computed = |i: usize| matches!(cx.inputs.get(i), Some(Some(Operand::Var(..))));
    if cx.opset >= 11 && (computed(1) || computed(2)) {
        return by_data(cx, x);
    }
    let bound = |cx: &Cx<'_, B>, i: usize, name: &str| -> Written<Option<f64>> {
        if cx.opset < 11 {
            return cx.maybe_float(name);
        }
        Ok(cx.maybe_known(i, name)?.and_then(|known| known.numbers().first().copied()))
    };
    let (low, high) = (bound(cx, 1, "min")?, bound(cx, 2, "max")?);
    let y = between(cx, x, low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))?;
    cx.out(y)
}

/// Bounds that are computed: the greater of the lower one, and then the smaller of the upper one.
fn by_data<B: Backend>(cx: &mut Cx<'_, B>, x: Id) -> Written<Vec<Operand>> {
    let mut y = x;
    for (i, smallest) in [(1, false), (2, true)] {
        if cx.has_input(i) {
            let bound = cx.x(i)?;
            y = one_of(cx.tape, y, bound, smallest)?;
        }
    }
    cx.out(y)
}

/// Wider ranges lose digits when they are brought to 0 .. 6.
const WIDE: f64 = 1e4;

#[allow(clippy::float_cmp)]
pub(crate) fn between<B: Backend>(cx: &mut Cx<'_, B>, x: Id, low: f64, high: f64) -> Written<Id> {
    // What is nearly the largest number there is, is no bound.
    let low = if low <= f64::from(f32::MIN) { f64::NEG_INFINITY } else { low };
    let high = if high >= f64::from(f32::MAX) { f64::INFINITY } else { high };
    // Bounds in the wrong order are all the upper one.
    let low = low.min(high);
    let t = &mut *cx.tape;
    if (low, high) == (0.0, 6.0) {
        return t.act(x, Activation::Relu6);
    }
    if (low, high) == (0.0, f64::INFINITY) {
        return t.act(x, Activation::Relu);
    }
    if low.is_finite() && high.is_finite() && high > low && high - low <= WIDE && low.abs() <= WIDE {
        // A clamp to 0 .. 6 is one operation, whose secants are exact.
        let scale = 6.0 / (high - low);
        let y = t.affine(x, scale, -low * scale)?;
        let y = t.act(y, Activation::Relu6)?;
        return t.affine(y, 1.0 / scale, low);
    }
    let mut y = x;
    for (bound, sign) in [(low, 1.0), (high, -1.0)] {
        if bound.is_finite() {
            // y where it is on the right side of the bound, else the bound.
            let inside = cx.tape.affine(y, sign, -sign * bound)?;
            let inside = cx.tape.act(inside, Activation::Sign)?;
            let inside = cx.tape.act(inside, Activation::Relu)?;
            let bound = cx.array(&ndarray::arr0(bound).into_dyn())?;
            y = cx.tape.choose(inside, y, bound)?;
        }
    }
    Ok(y)
}
