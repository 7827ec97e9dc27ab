//! Sums, products and powers, broadcast.

use ndarray::{ArrayD, IxDyn};
use xai_core::Backend;
use xai_core::nn::{Activation, Binary};
use xai_core::tensor::broadcast_shape;

use crate::tape::{HostStep, Id, Tape, Written, refuse};
use crate::value::ElementType;
use crate::write::{Cx, Operand};

pub(crate) fn binary<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let of = match cx.node.operator.as_str() {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        _ => Binary::Div,
    };
    let whole = of == Binary::Div && cx.element(0)?.is_integer();
    let scalar = if whole { None } else { with_number(cx, of)? };
    let y = match scalar {
        Some(y) => y,
        None => {
            let (a, b) = pair(cx)?;
            match of == Binary::Mul {
                true => match cx.tape.gated(a, b)? {
                    Some(y) => y,
                    None => cx.tape.mul(a, b)?,
                },
                false => cx.tape.binary(of, a, b)?,
            }
        }
    };
    let y = if whole { cx.tape.each(y, "it divides whole numbers", f64::trunc, None)? } else { y };
    cx.out(y)
}

/// One number with a value that is computed: a scale and a shift.
fn with_number<B: Backend>(cx: &mut Cx<'_, B>, of: Binary) -> Written<Option<Id>> {
    let number = |held: &Operand, rank: usize| match held {
        Operand::Known(known) if known.shape.len() <= rank => known.everywhere().filter(|n| n.is_finite()),
        _ => None,
    };
    let one = |cx: &Cx<'_, B>, i: usize| -> Written<Option<f64>> {
        let rank = cx.shape(1 - i)?.len();
        Ok(number(cx.held(i)?, rank).filter(|_| matches!(cx.held(1 - i), Ok(Operand::Var(..)))))
    };
    if let Some(n) = one(cx, 1)?
        && cx.shape(1)?.iter().all(|&n| n == 1)
    {
        let (scale, shift) = match of {
            Binary::Add => (1.0, n),
            Binary::Sub => (1.0, -n),
            Binary::Mul => (n, 0.0),
            Binary::Div if n == 0.0 => return Ok(None),
            Binary::Div => (1.0 / n, 0.0),
        };
        let x = cx.x(0)?;
        return cx.tape.affine(x, scale, shift).map(Some);
    }
    if let Some(n) = one(cx, 0)?
        && cx.shape(0)?.iter().all(|&n| n == 1)
    {
        let x = cx.x(1)?;
        let t = &mut *cx.tape;
        let y = match of {
            Binary::Add => t.affine(x, 1.0, n)?,
            Binary::Sub => t.affine(x, -1.0, n)?,
            Binary::Mul => t.affine(x, n, 0.0)?,
            Binary::Div => {
                let y = t.act(x, Activation::Reciprocal)?;
                t.affine(y, n, 0.0)?
            }
        };
        return Ok(Some(y));
    }
    Ok(None)
}

/// Both operands. Before opset 7 the second one said at which axis of the first it begins.
pub(crate) fn pair<B: Backend>(cx: &mut Cx<'_, B>) -> Written<(Id, Id)> {
    let (a, mut b) = (cx.x(0)?, cx.x(1)?);
    if cx.opset < 7
        && let Some(axis) = cx.maybe_int("axis")?
    {
        let (rank, shape) = (cx.tape.shape(a).len(), cx.tape.shape(b).to_vec());
        let axis = cx.axis(axis, rank)?;
        let Some(after) = rank.checked_sub(axis + shape.len()) else {
            return Err(cx.wrong(format!("its second input, {shape:?}, does not fit at axis {axis}")));
        };
        b = cx.tape.reshape(b, &[&shape[..], &vec![1; after]].concat())?;
    }
    Ok((a, b))
}

pub(crate) fn sum<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut all = cx.x(0)?;
    for i in 1..cx.inputs.len() {
        let next = cx.x(i)?;
        all = cx.tape.add(all, next)?;
    }
    if cx.node.operator == "Mean" {
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / cx.inputs.len() as f64;
        all = cx.tape.affine(all, share, 0.0)?;
    }
    cx.out(all)
}

#[allow(clippy::float_cmp)]
pub(crate) fn pow<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let whole = cx.element(0)?.is_integer();
    let exponent = match cx.held(1)? {
        Operand::Known(known) if known.len() == 1 && known.shape.len() <= cx.shape(0)?.len() => known.everywhere(),
        _ => None,
    };
    let y = if let Some(exponent) = exponent.filter(|exponent| exponent.is_finite()) {
        let x = cx.x(0)?;
        let t = &mut *cx.tape;
        if exponent == 1.0 {
            x
        } else if exponent == 2.0 {
            t.mul(x, x)?
        } else if exponent == 0.5 {
            t.act(x, Activation::Sqrt)?
        } else {
            t.act(x, Activation::Power { exponent })?
        }
    } else {
        let (a, b) = pair(cx)?;
        power_of(cx.tape, a, b)?
    };
    let y = if whole { cx.tape.each(y, "it is of whole numbers", f64::trunc, None)? } else { y };
    cx.out(y)
}

/// aᵇ for both varying: on the host.
fn power_of<B: Backend>(t: &mut Tape<B>, a: Id, b: Id) -> Written<Id> {
    let shape = broadcast_shape(t.shape(a), t.shape(b))?;
    let step = HostStep::with_back(
        shape,
        |x| both(&x[0], &x[1], f64::powf),
        |x, v| {
            let to_a = both(&x[0], &x[1], |a, b| if b == 0.0 { 0.0 } else { b * a.powf(b - 1.0) }) * v;
            let to_b = both(&x[0], &x[1], |a, b| if a > 0.0 { a.powf(b) * a.ln() } else { 0.0 }) * v;
            vec![Some(sum_to(to_a, x[0].shape())), Some(sum_to(to_b, x[1].shape()))]
        },
    );
    t.host(step, &[a, b])
}

/// A function of two arrays, broadcast to each other. There may be more rows than were traced: what follows a path puts
/// one in front.
pub(super) fn both(a: &ArrayD<f64>, b: &ArrayD<f64>, f: impl Fn(f64, f64) -> f64) -> ArrayD<f64> {
    let shape = IxDyn(&broadcast_shape(a.shape(), b.shape()).unwrap_or_default());
    match (a.broadcast(shape.clone()), b.broadcast(shape.clone())) {
        (Some(a), Some(b)) => ndarray::Zip::from(&a).and(&b).map_collect(|&a, &b| f(a, b)),
        // They fit each other, or they had not been traced.
        _ => ArrayD::zeros(shape),
    }
}

fn sum_to(mut array: ArrayD<f64>, shape: &[usize]) -> ArrayD<f64> {
    while array.ndim() > shape.len() {
        array = array.sum_axis(ndarray::Axis(0));
    }
    for (axis, &length) in shape.iter().enumerate() {
        if length == 1 && array.shape()[axis] != 1 {
            array = array.sum_axis(ndarray::Axis(axis)).insert_axis(ndarray::Axis(axis));
        }
    }
    array
}

/// A function of two arrays that has no gradient, on the host.
pub(super) fn on_host<B: Backend>(
    cx: &mut Cx<'_, B>,
    why: &str,
    f: impl Fn(f64, f64) -> f64 + Send + Sync + 'static,
) -> Written<Id> {
    let (a, b) = pair(cx)?;
    let shape = broadcast_shape(cx.tape.shape(a), cx.tape.shape(b))?;
    cx.tape.host(HostStep::forward_only(shape, why, move |x| both(&x[0], &x[1], &f)), &[a, b])
}

/// The remainder that has the divisor's sign.
fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

/// What is meant for whole numbers: remainders and bits.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(crate) fn whole<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let integer = cx.element(0)?.is_integer();
    let bits = |f: fn(i64, i64) -> i64| move |a: f64, b: f64| f(a as i64, b as i64) as f64;
    let why = "it is a function of whole numbers";
    let y = match cx.node.operator.as_str() {
        "BitwiseNot" => {
            let (x, element) = (cx.x(0)?, cx.element(0)?);
            let all = element.range().map_or(0.0, |(low, high)| if low < 0.0 { -1.0 } else { high });
            cx.tape.affine(x, -1.0, all)?
        }
        "Mod" if cx.flag("fmod", false)? => on_host(cx, why, |a, b| a % b)?,
        "Mod" if integer => on_host(cx, why, |a, b| if b == 0.0 { 0.0 } else { remainder(a, b) })?,
        "Mod" => on_host(cx, why, remainder)?,
        "BitwiseAnd" => on_host(cx, why, bits(|a, b| a & b))?,
        "BitwiseOr" => on_host(cx, why, bits(|a, b| a | b))?,
        "BitwiseXor" => on_host(cx, why, bits(|a, b| a ^ b))?,
        _ => {
            let width = match cx.element(0)? {
                ElementType::U8 => 8,
                ElementType::U16 => 16,
                ElementType::U32 => 32,
                ElementType::U64 => 64,
                other => return Err(refuse(format!("bits of {other} are not shifted"))),
            };
            let mask = if width == 64 { u64::MAX } else { (1_u64 << width) - 1 };
            let left = cx.text("direction")? == "LEFT";
            #[allow(clippy::cast_sign_loss)]
            let shift = move |a: f64, b: f64| {
                let (a, by) = (a as u64, b as u32);
                let shifted = if left { a.checked_shl(by) } else { a.checked_shr(by) };
                (shifted.unwrap_or(0) & mask) as f64
            };
            on_host(cx, why, shift)?
        }
    };
    cx.out(y)
}
