//! Normalisations.

use ndarray::ArrayD;
use xai_core::Backend;
use xai_core::nn::{Activation, AvgPool2d, ChannelAffine, GroupNorm, LayerNorm, Padding, Reduction, RmsNorm};

use crate::tape::{Id, Tape, Written, refuse};
use crate::value::{ElementType, Known};
use crate::write::{Cx, Operand};

const EPSILON: f64 = 1e-5;

pub(crate) fn batch<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    if cx.flag("training_mode", false)? {
        return Err(refuse(
            "it is in training mode, where samples change each other: export the network for inference",
        ));
    }
    if !cx.flag("spatial", true)? {
        return Err(refuse("it has a scale for each place of the map (spatial = 0), as no newer opset does"));
    }
    if (1..5).any(|i| is_computed(cx, i)) {
        return batch_by_data(cx);
    }
    let known = |cx: &Cx<'_, B>, i: usize, what: &str| cx.known(i, what).cloned();
    let (scale, bias) = (known(cx, 1, "scale")?, known(cx, 2, "bias")?);
    let (mean, var) = (known(cx, 3, "mean")?, known(cx, 4, "variance")?);
    let eps = cx.float("epsilon", EPSILON)?;
    let stable = [&scale, &bias, &mean, &var].iter().all(|known| known.stable);
    let at = cx.at;
    let op = cx.kept_op("affine", stable, |cx| {
        cx.tape.budget().spend(scale.len().saturating_mul(2), cx.kept.is_some() && stable)?;
        let (scale, bias, mean, var) = (scale.of(), bias.of(), mean.of(), var.of());
        let op =
            ChannelAffine::<B>::batch_norm(Some(scale.view()), Some(bias.view()), mean.view(), var.view(), eps, at)?;
        Ok(op.into())
    })?;
    let x = cx.x(0)?;
    let y = cx.tape.op(op, &[x])?;
    cx.out(y)
}

fn is_computed<B: Backend>(cx: &Cx<'_, B>, i: usize) -> bool {
    matches!(cx.inputs.get(i), Some(Some(Operand::Var(..))))
}

/// (x - mean) / √(variance + ε) · scale + bias, of which some are computed.
fn batch_by_data<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (x, eps) = (cx.x(0)?, cx.float("epsilon", EPSILON)?);
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| by_channels(cx, i, 1));
    let (scale, bias, mean, variance) = (scale?, bias?, mean?, variance?);
    let t = &mut *cx.tape;
    let centred = t.sub(x, mean)?;
    let variance = t.affine(variance, 1.0, eps)?;
    let inverse = t.act(variance, Activation::Power { exponent: -0.5 })?;
    let y = t.mul(centred, inverse)?;
    let y = t.mul(y, scale)?;
    let y = t.add(y, bias)?;
    cx.out(y)
}

/// An input of one number for each channel, or for so many channels each, along the channels of input 0.
fn by_channels<B: Backend>(cx: &mut Cx<'_, B>, i: usize, each: usize) -> Written<Id> {
    let (shape, own) = (cx.shape(0)?, cx.shape(i)?);
    let Some(&channels) = shape.get(1).filter(|&&channels| own == [channels / each]) else {
        return Err(cx.shape_error(&own, format!("it is not of the channels of {shape:?}")));
    };
    let mut value = cx.x(i)?;
    if each > 1 {
        let places: Vec<usize> = (0..channels).map(|channel| channel / each).collect();
        value = cx.tape.select(value, 0, &places)?;
    }
    cx.tape.reshape(value, &[&[channels][..], &vec![1; shape.len() - 2]].concat())
}

pub(crate) fn instance<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let Some(&channels) = shape.get(1).filter(|&&channels| channels > 0) else {
        return Err(cx.shape_error(&shape, "it has no channels"));
    };
    in_groups(cx, channels, 1)
}

pub(crate) fn group<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let shape = cx.shape(0)?;
    let groups = usize::try_from(cx.int("num_groups", 0)?).unwrap_or(0);
    let Some(&channels) = shape.get(1).filter(|&&channels| groups > 0 && channels % groups == 0) else {
        return Err(cx.shape_error(&shape, format!("its channels are not in {groups} groups")));
    };
    // Before opset 21, one scale for each group.
    let each = if cx.shape(1)? == [groups] && groups != channels { channels / groups } else { 1 };
    in_groups(cx, groups, each)
}

/// Group norm, each scale and bias for so many channels.
fn in_groups<B: Backend>(cx: &mut Cx<'_, B>, groups: usize, each: usize) -> Written<Vec<Operand>> {
    let eps = cx.float("epsilon", EPSILON)?;
    if is_computed(cx, 1) || is_computed(cx, 2) {
        let x = cx.x(0)?;
        let (scale, bias) = (by_channels(cx, 1, each)?, by_channels(cx, 2, each)?);
        let y = cx.tape.op(GroupNorm { groups, weight: None, bias: None, eps }, &[x])?;
        let y = cx.tape.mul(y, scale)?;
        let y = cx.tape.add(y, bias)?;
        return cx.out(y);
    }
    let repeat = |known: &Known| -> Written<ArrayD<B::Elem>> {
        let numbers = known.of();
        let numbers = numbers.iter().flat_map(|&n| std::iter::repeat_n(n, each)).collect::<ndarray::Array1<_>>();
        Ok(numbers.into_dyn())
    };
    let (scale, bias) = (cx.known(1, "scale")?.clone(), cx.known(2, "bias")?.clone());
    let (weight, bias) = (cx.weight("scale", &scale, repeat)?, cx.weight("bias", &bias, repeat)?);
    let x = cx.x(0)?;
    let y = cx.tape.op(GroupNorm { groups, weight: Some(weight), bias: Some(bias), eps }, &[x])?;
    cx.out(y)
}

pub(crate) fn layer<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let axis = cx.int("axis", -1)?;
    let eps = cx.float("epsilon", EPSILON)?;
    let y = layer_of(cx, x, axis, 1, eps)?;
    let mut outputs = cx.out(y)?;
    if cx.node.outputs.len() > 1 {
        let element = ElementType::of_code(i32::try_from(cx.int("stash_type", 1)?).unwrap_or(0));
        outputs.extend(moments(cx, x, axis, eps)?.map(|id| Operand::Var(id, element)));
    }
    Ok(outputs)
}

/// What else a layer norm can give: the mean, and one over the standard deviation.
fn moments<B: Backend>(cx: &mut Cx<'_, B>, x: Id, axis: i64, eps: f64) -> Written<[Id; 2]> {
    let rank = cx.tape.shape(x).len();
    let axes: Vec<usize> = (cx.axis(axis, rank)?..rank).collect();
    let t = &mut *cx.tape;
    let mean = t.reduce(x, Reduction::Mean, &axes)?;
    let centred = t.sub(x, mean)?;
    let variance = mean_of_squares(t, centred, &axes)?;
    let variance = t.affine(variance, 1.0, eps)?;
    Ok([mean, t.act(variance, Activation::Power { exponent: -0.5 })?])
}

/// Layer norm from an axis on, with scale and bias at inputs `at` and `at + 1`.
fn layer_of<B: Backend>(cx: &mut Cx<'_, B>, x: Id, axis: i64, at: usize, eps: f64) -> Written<Id> {
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(axis, shape.len())?;
    let axes = shape.len() - axis;
    let mut norm = LayerNorm { axes, weight: None, bias: None, eps };
    let mut left = [None, None];
    for (i, left) in left.iter_mut().enumerate() {
        if !cx.has_input(at + i) {
            continue;
        }
        match cx.held(at + i)? {
            // A bias in the operation is added after a scale outside of it: then both stand outside.
            Operand::Known(known) if known.shape == shape[axis..] && (i == 0 || norm.weight.is_some()) => {
                let known = known.clone();
                let weight = cx.weight(["scale", "bias"][i], &known, |known| Ok(known.of()))?;
                *(if i == 0 { &mut norm.weight } else { &mut norm.bias }) = Some(weight);
            }
            _ => *left = Some(cx.x(at + i)?),
        }
    }
    let mut y = cx.tape.op(norm, &[x])?;
    if let Some(scale) = left[0] {
        y = cx.tape.mul(y, scale)?;
    }
    if let Some(bias) = left[1] {
        y = cx.tape.add(y, bias)?;
    }
    Ok(y)
}

/// Layer norm of a sum, of ONNX Runtime's operators.
pub(crate) fn skip_layer<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (a, b) = (cx.x(0)?, cx.x(1)?);
    let mut x = cx.tape.add(a, b)?;
    if cx.has_input(4) {
        let bias = cx.x(4)?;
        x = cx.tape.add(x, bias)?;
    }
    // Unlike ONNX's own.
    let eps = cx.float("epsilon", 1e-12)?;
    let y = layer_of(cx, x, -1, 2, eps)?;
    let mut outputs = cx.out(y)?;
    if cx.node.outputs.len() > 1 {
        let [mean, inverse] = moments(cx, x, -1, eps)?;
        outputs.extend([mean, inverse].map(|id| Operand::Var(id, ElementType::F32)));
        outputs.extend(cx.out(x)?);
    }
    Ok(outputs)
}

pub(crate) fn rms<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let axis = cx.axis(cx.int("axis", -1)?, shape.len())?;
    let eps = cx.float("epsilon", EPSILON)?;
    let scale = cx.x(1)?;
    // Several axes are normalised as one.
    let flat: Vec<usize> = [&shape[..axis], &[shape[axis..].iter().product()]].concat();
    let t = &mut *cx.tape;
    let y = t.reshape(x, &flat)?;
    let y = t.op(RmsNorm { weight: None, eps }, &[y])?;
    let y = t.reshape(y, &shape)?;
    let y = t.mul(y, scale)?;
    Ok(vec![Operand::Var(y, cx.element(1)?)])
}

/// x / (bias + α / n · Σ x²)^β over the n channels around each.
pub(crate) fn lrn<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let shape = cx.tape.shape(x).to_vec();
    let [batch, channels, ref rest @ ..] = shape[..] else { return Err(cx.shape_error(&shape, "it has no channels")) };
    let (alpha, beta, bias) = (cx.float("alpha", 1e-4)?, cx.float("beta", 0.75)?, cx.float("bias", 1.0)?);
    let size = match usize::try_from(cx.int("size", 0)?) {
        Ok(size) if size > 0 => size,
        _ => return Err(cx.wrong("its size has to be at least 1")),
    };
    cx.tape.room("a window", &[size])?;
    let t = &mut *cx.tape;
    let squares = t.mul(x, x)?;
    let rows = t.reshape(squares, &[batch, 1, channels, rest.iter().product()])?;
    let padding = Padding { top: (size - 1) / 2, bottom: size / 2, ..Padding::default() };
    let mean = t.op(AvgPool2d::new([size, 1]).stride(1).padding(padding), &[rows])?;
    let mean = t.reshape(mean, &shape)?;
    let below = t.affine(mean, alpha, bias)?;
    let factor = t.act(below, Activation::Power { exponent: -beta })?;
    let y = t.mul(x, factor)?;
    cx.out(y)
}

/// (x - mean) / (standard deviation + 1e-9) over axes.
pub(crate) fn mean_variance<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let rank = cx.tape.shape(x).len();
    // Before opset 9, as ONNX Runtime has it.
    if !cx.flag("normalize_variance", true)? {
        return Err(refuse("it leaves the variance as it is (normalize_variance = 0), as no newer opset does"));
    }
    let usual = if cx.flag("across_channels", false)? { vec![0, 1, 2, 3] } else { vec![0, 2, 3] };
    let axes = cx.ints("axes")?.unwrap_or(usual);
    let axes = cx.axes(&axes, rank)?;
    let t = &mut *cx.tape;
    let mean = t.reduce(x, Reduction::Mean, &axes)?;
    let centred = t.sub(x, mean)?;
    let variance = mean_of_squares(t, centred, &axes)?;
    let deviation = t.act(variance, Activation::Sqrt)?;
    let deviation = t.affine(deviation, 1.0, 1e-9)?;
    let y = t.div(centred, deviation)?;
    cx.out(y)
}

fn mean_of_squares<B: Backend>(t: &mut Tape<B>, x: Id, axes: &[usize]) -> Written<Id> {
    let squares = t.mul(x, x)?;
    t.reduce(squares, Reduction::Mean, axes)
}

/// x / ‖x‖ along an axis.
pub(crate) fn lp<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let axis = cx.axis(cx.int("axis", -1)?, cx.tape.shape(x).len())?;
    let squared = cx.int("p", 2)? == 2;
    let t = &mut *cx.tape;
    let sizes = if squared { t.mul(x, x)? } else { t.act(x, Activation::Abs)? };
    let sum = t.reduce(sizes, Reduction::Sum, &[axis])?;
    let norm = if squared { t.act(sum, Activation::Sqrt)? } else { sum };
    let y = divided(cx, x, norm)?;
    cx.out(y)
}

/// x over its norm; what is zero altogether stays so.
pub(super) fn divided<B: Backend>(cx: &mut Cx<'_, B>, x: Id, norm: Id) -> Written<Id> {
    let one = cx.array(&ndarray::arr0(1.0).into_dyn())?;
    let norm = cx.tape.choose(norm, norm, one)?;
    cx.tape.div(x, norm)
}
