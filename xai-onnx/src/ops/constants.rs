//! Numbers that the file says, or that follow from shapes; and their types.

use half::{bf16, f16};
use xai_core::Backend;
use xai_core::nn::Activation;

use crate::file::Attribute;
use crate::tape::{Written, refuse};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

pub(crate) fn constant<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    #[allow(clippy::cast_precision_loss)]
    let known = match cx.node.attributes.iter().next() {
        Some((_, Attribute::Tensor(known))) => known.clone(),
        Some((_, Attribute::Float(n))) => Known::same(ElementType::F32, vec![], *n),
        Some((_, Attribute::Int(n))) => Known::same(ElementType::I64, vec![], *n as f64),
        Some((_, Attribute::Floats(n))) => Known::list(ElementType::F32, n.iter().copied()),
        Some((_, Attribute::Ints(n))) => Known::ints(n.iter().copied()),
        _ => return Err(refuse("it is no tensor of numbers")),
    };
    Ok(vec![Operand::Known(known)])
}

pub(crate) fn of_shape<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let known = cx.known(0, "shape")?;
    let (shape, stable) = (cx.lengths("shape", &known.to_ints())?, known.stable);
    cx.tape.room("a constant", &shape)?;
    let value = cx.tensor("value")?;
    let (element, number) = match &value {
        Some(value) => (value.element, value.everywhere().unwrap_or(0.0)),
        None => (ElementType::F32, 0.0),
    };
    Ok(vec![Operand::Known(Known::same(element, shape, number).stable(stable))])
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn range<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let number = |i: usize, what: &str| cx.known(i, what).map(|known| known.numbers().first().copied().unwrap_or(0.0));
    let (start, limit, delta) = (number(0, "start")?, number(1, "limit")?, number(2, "delta")?);
    let count = ((limit - start) / delta).ceil();
    if !count.is_finite() {
        return Err(cx.wrong(format!("it goes from {start} to {limit} by {delta}")));
    }
    let count = count.max(0.0) as usize;
    cx.tape.room("a range", &[count])?;
    let numbers = (0..count).map(|i| start + i as f64 * delta);
    Ok(vec![Operand::Known(Known::list(cx.element(0)?, numbers))])
}

pub(crate) fn shape<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape: Vec<i64> = cx.shape(0)?.iter().map(|&n| i64::try_from(n).unwrap_or(i64::MAX)).collect();
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let bound = |at: i64| {
        let at = if at < 0 { at.saturating_add(rank) } else { at };
        usize::try_from(at.clamp(0, rank)).unwrap_or(0)
    };
    let (start, end) = (bound(cx.int("start", 0)?), bound(cx.int("end", rank)?));
    let part = shape.get(start..end.max(start)).unwrap_or_default();
    Ok(vec![Operand::Known(Known::ints(part.iter().copied()))])
}

pub(crate) fn size<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    #[allow(clippy::cast_precision_loss)]
    let size = cx.shape(0)?.iter().product::<usize>() as f64;
    Ok(vec![Operand::Known(Known::same(ElementType::I64, vec![], size))])
}

pub(crate) fn eye<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let &[rows, columns] = &shape[..] else { return Err(cx.shape_error(&shape, "it needs 2 axes")) };
    cx.tape.room("a diagonal", &shape)?;
    let element = match cx.maybe_int("dtype")? {
        Some(code) => ElementType::of_code(i32::try_from(code).unwrap_or(0)),
        None => cx.element(0)?,
    };
    let k = cx.int("k", 0)?;
    let at = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let eye = ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| {
        f64::from(u8::from(at(i).checked_add(k) == Some(at(j))))
    });
    Ok(vec![Operand::Known(Known::array(element, eye.into_dyn()))])
}

/// In another type. Numbers that are computed stay as they are, but that what is cast to a whole number loses the rest
/// of it, and its gradient.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn cast<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let to = match cx.node.operator.as_str() {
        "CastLike" => cx.element(1)?,
        _ => ElementType::of_code(i32::try_from(cx.int("to", 1)?).unwrap_or(0)),
    };
    if to.bytes().is_none() {
        return Err(refuse(format!("it makes numbers of a type that is not read, {to}")));
    }
    let from = cx.element(0)?;
    match cx.held(0)? {
        Operand::Known(known) if from == to => Ok(vec![Operand::Known(known.clone())]),
        Operand::Known(_) => {
            let known = cx.known(0, "input")?;
            let stable = known.stable;
            let convert = move |n: f64| match to {
                ElementType::F32 => f64::from(n as f32),
                ElementType::F16 => f16::from_f64(n).to_f64(),
                ElementType::Bf16 => bf16::from_f64(n).to_f64(),
                ElementType::Bool => f64::from(u8::from(n != 0.0)),
                _ => match to.range() {
                    Some((low, high)) => n.trunc().clamp(low, high),
                    None => n,
                },
            };
            let cast = match known.everywhere() {
                Some(number) => Known::same(to, known.shape.clone(), convert(number)),
                None => Known::array(to, known.numbers().mapv(convert)),
            };
            Ok(vec![Operand::Known(cast.stable(stable))])
        }
        Operand::Var(x, _) => {
            let x = *x;
            let y = if to == ElementType::Bool && from != ElementType::Bool {
                let sign = cx.tape.act(x, Activation::Sign)?;
                cx.tape.act(sign, Activation::Abs)?
            } else if to.is_integer() && from.is_float() {
                cx.tape.each(x, "it makes whole numbers", f64::trunc, None)?
            } else {
                x
            };
            Ok(vec![Operand::Var(y, to)])
        }
    }
}

/// (x - zero point) · scale, of weights that are stored so.
pub(crate) fn dequantize<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if let Operand::Var(..) = cx.held(0)? {
        return Err(refuse("quantised numbers have no gradient: use the file before its quantisation"));
    }
    let x = cx.known(0, "input")?.clone();
    let scale = cx.known(1, "scale")?.clone();
    let zero = cx.maybe_known(2, "x_zero_point")?.cloned();
    if cx.int("block_size", 0)? != 0 {
        return Err(refuse("it is quantised in blocks: use the file before its quantisation"));
    }
    let rank = x.shape.len();
    let align = |known: &Known| -> Written<ndarray::ArrayD<f64>> {
        let numbers = known.numbers();
        if known.len() == 1 || rank == 0 {
            return Ok(ndarray::arr0(numbers.first().copied().unwrap_or(0.0)).into_dyn());
        }
        let axis = cx.axis(cx.int("axis", 1)?, rank)?;
        let mut shape = vec![1; rank];
        shape[axis] = known.len();
        numbers.into_shape_with_order(shape).map_err(|_| cx.wrong("its scale does not fit its axis"))
    };
    let element = match cx.int("output_dtype", 0)? {
        0 => scale.element,
        code => ElementType::of_code(i32::try_from(code).unwrap_or(0)),
    };
    let (scale, zero) = (align(&scale)?, zero.as_ref().map(align).transpose()?);
    let mut y = x.numbers();
    let fits = |other: &ndarray::ArrayD<f64>| other.broadcast(y.raw_dim()).is_some();
    if !fits(&scale) || zero.as_ref().is_some_and(|zero| !fits(zero)) {
        return Err(cx.wrong("its scale or zero point does not fit its input"));
    }
    if let Some(zero) = zero {
        y -= &zero;
    }
    y *= &scale;
    Ok(vec![Operand::Known(Known::array(element, y).stable(x.stable))])
}
