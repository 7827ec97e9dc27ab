//! Linear models and what stands before them, as scikit-learn's files say them: the operators of `ai.onnx.ml`.

use ndarray::ArrayD;
use prost::bytes::Bytes;
use xai_core::nn::{Activation, Linear, Reduction};
use xai_core::{Backend, Element};

use super::norm::divided;
use crate::tape::{HostStep, Id, Written, refuse};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

/// (x - offset) · scale, along the last axis.
pub(crate) fn scaler<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut y = cx.x(0)?;
    for (name, divides) in [("offset", false), ("scale", true)] {
        if let Some(numbers) = cx.floats(name)?.filter(|numbers| !numbers.is_empty()) {
            let numbers = cx.array(&ndarray::Array1::from(numbers).into_dyn())?;
            y = if divides { cx.tape.mul(y, numbers)? } else { cx.tape.sub(y, numbers)? };
        }
    }
    Ok(vec![Operand::Var(y, ElementType::F32)])
}

/// Each row over its norm: the greatest number, the sum of sizes, or the length.
pub(crate) fn normalizer<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let Some(axis) = cx.tape.shape(x).len().checked_sub(1) else { return Err(cx.wrong("it needs an axis")) };
    let of = cx.text("norm")?;
    let t = &mut *cx.tape;
    let norm = match of.as_str() {
        "" | "MAX" => t.reduce(x, Reduction::Max, &[axis])?,
        "L1" => {
            let sizes = t.act(x, Activation::Abs)?;
            t.reduce(sizes, Reduction::Sum, &[axis])?
        }
        "L2" => {
            let squares = t.mul(x, x)?;
            let sum = t.reduce(squares, Reduction::Sum, &[axis])?;
            t.act(sum, Activation::Sqrt)?
        }
        other => return Err(refuse(format!("its norm `{other}` is not known"))),
    };
    let y = divided(cx, x, norm)?;
    Ok(vec![Operand::Var(y, ElementType::F32)])
}

/// Columns side by side.
pub(crate) fn vectorizer<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut parts = Vec::with_capacity(cx.inputs.len());
    for i in 0..cx.inputs.len() {
        parts.push(cx.x(i)?);
    }
    let y = cx.tape.concat(&parts, 1)?;
    Ok(vec![Operand::Var(y, ElementType::F32)])
}

/// A row of scores for each class: they are passed on without the classes' names.
pub(crate) fn zip_map<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    Ok(vec![cx.held(0)?.clone()])
}

pub(crate) fn regressor<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let y = scores(cx)?;
    let y = transformed(cx, y)?;
    Ok(vec![Operand::Var(y, ElementType::F32)])
}

/// The class, without a gradient, and the scores.
pub(crate) fn classifier<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let scores = scores(cx)?;
    let &[rows, classes] = cx.tape.shape(scores) else { return Err(cx.wrong("it needs rows of numbers")) };
    let numbers = cx.ints("classlabels_ints")?.filter(|classes| !classes.is_empty());
    let labels = match &numbers {
        Some(numbers) => numbers.len(),
        None => cx.text("classlabels_strings")?.split(',').count(),
    };
    if classes == 1 && labels == 2 {
        return Err(refuse(
            "it has one score for two classes, of which runtimes make two in different ways: export it with a row of \
             coefficients for each class",
        ));
    }
    let label = match numbers.filter(|numbers| numbers.len() == classes) {
        Some(numbers) => Operand::Var(label(cx, scores, rows, numbers)?, ElementType::I64),
        None => Operand::Known(Known::stored(ElementType::Text, vec![0], Bytes::new())),
    };
    let y = transformed(cx, scores)?;
    Ok(vec![label, Operand::Var(y, ElementType::F32)])
}

/// The class of the greatest score of each row.
fn label<B: Backend>(cx: &mut Cx<'_, B>, scores: Id, rows: usize, classes: Vec<i64>) -> Written<Id> {
    #[allow(clippy::cast_precision_loss)] // names of classes
    let forward = move |x: &[ArrayD<f64>]| {
        x[0].map_axis(ndarray::Axis(1), |row| {
            let best = row.iter().enumerate().fold(0, |best, (i, n)| if *n > row[best] { i } else { best });
            classes.get(best).map_or(0.0, |&class| class as f64)
        })
    };
    cx.tape.host(HostStep::forward_only(vec![rows], "it is a class, a whole number", forward), &[scores])
}

/// x · coefficientsᵀ + intercepts
fn scores<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Id> {
    let shape = cx.shape(0)?;
    let coefficients = cx.floats("coefficients")?.unwrap_or_default();
    let intercepts = cx.floats("intercepts")?.filter(|numbers| !numbers.is_empty());
    let columns = shape.last().copied().filter(|&columns| columns > 0 && shape.len() == 2);
    let rows = columns.map(|columns| coefficients.len() / columns).filter(|rows| *rows > 0);
    let (Some(columns), Some(rows)) = (columns, rows) else {
        return Err(cx.shape_error(&shape, format!("it has {} coefficients", coefficients.len())));
    };
    if rows * columns != coefficients.len() || intercepts.as_ref().is_some_and(|numbers| numbers.len() != rows) {
        return Err(cx.shape_error(&shape, format!("it has {} coefficients", coefficients.len())));
    }
    let array = |numbers: Vec<f64>, shape: &[usize]| {
        let numbers = numbers.into_iter().map(B::Elem::of).collect();
        ArrayD::from_shape_vec(shape, numbers).map_err(|_| refuse("its coefficients cannot be counted"))
    };
    let op = cx.kept_op("linear", true, |cx| {
        let weight = cx.made(&array(coefficients, &[rows, columns])?)?;
        let bias = intercepts.map(|numbers| cx.made(&array(numbers, &[rows])?)).transpose()?;
        Ok(Linear { weight, bias }.into())
    })?;
    let x = cx.x(0)?;
    cx.tape.op(op, &[x])
}

/// What `post_transform` makes of scores.
fn transformed<B: Backend>(cx: &mut Cx<'_, B>, x: Id) -> Written<Id> {
    match cx.text("post_transform")?.as_str() {
        "" | "NONE" => Ok(x),
        "SOFTMAX" => cx.tape.softmax(x, 1),
        "LOGISTIC" => cx.tape.act(x, Activation::Sigmoid),
        other => Err(refuse(format!("its post_transform `{other}` is not supported"))),
    }
}
