//! Comparisons, logic, and choices by them.

use xai_core::Backend;
use xai_core::nn::Activation;

use super::arithmetic::{on_host, pair};
use crate::tape::{Id, Tape, Written};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// 1 where it holds, else 0; no gradient flows through it.
#[allow(clippy::float_cmp)]
pub(crate) fn compare<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let operator = cx.node.operator.clone();
    if cx.kept.is_none() {
        // Known beforehand: also of numbers that are infinite.
        let f: fn(f64, f64) -> f64 = match operator.as_str() {
            "Equal" => |a, b| truth(a == b),
            "Greater" => |a, b| truth(a > b),
            "Less" => |a, b| truth(a < b),
            "GreaterOrEqual" => |a, b| truth(a >= b),
            _ => |a, b| truth(a <= b),
        };
        let y = on_host(cx, "it compares", f)?;
        return Ok(vec![Operand::Var(y, ElementType::Bool)]);
    }
    let finite = [0, 1].into_iter().any(|i| is_finite(cx.held(i)));
    let (a, b) = pair(cx)?;
    let y = match operator.as_str() {
        "Greater" => greater(cx, a, b, finite)?,
        "Less" => greater(cx, b, a, finite)?,
        "GreaterOrEqual" => {
            let less = greater(cx, b, a, finite)?;
            cx.tape.not(less)?
        }
        "LessOrEqual" => {
            let greater = greater(cx, a, b, finite)?;
            cx.tape.not(greater)?
        }
        _ => {
            let difference = cx.tape.sub(a, b)?;
            let sign = cx.tape.act(difference, Activation::Sign)?;
            let other = cx.tape.act(sign, Activation::Abs)?;
            let equal = cx.tape.not(other)?;
            match finite {
                true => equal,
                false => {
                    let other = unless(cx, equal, other)?;
                    cx.tape.not(other)?
                }
            }
        }
    };
    Ok(vec![Operand::Var(y, ElementType::Bool)])
}

/// Whether all numbers are known, and finite.
fn is_finite(held: Written<&Operand>) -> bool {
    let finite = |known: &Known| match known.everywhere() {
        Some(number) => number.is_finite(),
        None => known.numbers().iter().all(|n| n.is_finite()),
    };
    matches!(held, Ok(Operand::Known(known)) if finite(known))
}

/// 1 where a > b, else 0. Infinite numbers of one sign have no difference, and are equal, as hidden scores are.
fn greater<B: Backend>(cx: &mut Cx<'_, B>, a: Id, b: Id, finite: bool) -> Written<Id> {
    if finite {
        return cx.tape.above(a, b);
    }
    let difference = cx.tape.sub(b, a)?;
    let sign = cx.tape.act(difference, Activation::Sign)?;
    let below = cx.tape.act(sign, Activation::Relu)?;
    let above = cx.tape.affine(sign, -1.0, 0.0)?;
    unless(cx, below, above)
}

/// 0 where the condition is not 0, also where it is NaN, else y.
fn unless<B: Backend>(cx: &mut Cx<'_, B>, condition: Id, y: Id) -> Written<Id> {
    let zero = cx.array(&ndarray::arr0(0.0).into_dyn())?;
    cx.tape.choose(condition, zero, y)
}

/// Of numbers that are 0 or 1.
pub(crate) fn logic<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (a, b) = pair(cx)?;
    let t = &mut *cx.tape;
    let y = match cx.node.operator.as_str() {
        "And" => t.mul(a, b)?,
        "Or" => {
            let sum = t.add(a, b)?;
            t.act(sum, Activation::Sign)?
        }
        _ => {
            let difference = t.sub(a, b)?;
            t.act(difference, Activation::Abs)?
        }
    };
    Ok(vec![Operand::Var(y, ElementType::Bool)])
}

pub(crate) fn choose<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (condition, a, b) = (cx.x(0)?, cx.x(1)?, cx.x(2)?);
    let y = cx.tape.choose(condition, a, b)?;
    let element = cx.element(1)?;
    Ok(vec![Operand::Var(y, element)])
}

/// The greatest, or smallest, of several values, number by number.
pub(crate) fn extreme<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let smallest = cx.node.operator == "Min";
    let mut y = cx.x(0)?;
    for i in 1..cx.inputs.len() {
        let next = cx.x(i)?;
        y = one_of(cx.tape, y, next, smallest)?;
    }
    cx.out(y)
}

/// The greater of two values, or the smaller one, number by number.
pub(super) fn one_of<B: Backend>(t: &mut Tape<B>, a: Id, b: Id, smallest: bool) -> Written<Id> {
    let first = if smallest { t.above(b, a)? } else { t.above(a, b)? };
    t.choose(first, a, b)
}
