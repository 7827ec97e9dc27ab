//! Functions of each number.

use xai_core::Backend;
use xai_core::nn::Activation;

use crate::tape::{Id, Tape, Written};
use crate::value::ElementType;
use crate::write::{Cx, Operand};

/// The attributes of a function of each number are single-precision numbers: what 1/6 and such become in a file.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

pub(crate) fn unary<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let t = &mut *cx.tape;
    let operator = cx.node.operator.as_str();
    let simple = match operator {
        "Relu" => Some(Activation::Relu),
        "Sigmoid" => Some(Activation::Sigmoid),
        "Tanh" => Some(Activation::Tanh),
        "Erf" => Some(Activation::Erf),
        "Softplus" => Some(Activation::Softplus),
        "Mish" => Some(Activation::Mish),
        "Softsign" => Some(Activation::Softsign),
        "HardSwish" => Some(Activation::HardSwish),
        "Exp" => Some(Activation::Exp),
        "Log" => Some(Activation::Log),
        "Sqrt" => Some(Activation::Sqrt),
        "Abs" => Some(Activation::Abs),
        "Reciprocal" => Some(Activation::Reciprocal),
        "Sign" => Some(Activation::Sign),
        "Sin" => Some(Activation::Sin),
        "Cos" => Some(Activation::Cos),
        _ => None,
    };
    if let Some(f) = simple {
        let y = t.act(x, f)?;
        return cx.out(y);
    }
    let y = match operator {
        "Neg" => t.affine(x, -1.0, 0.0)?,
        "Not" => t.not(x)?,
        "LeakyRelu" => {
            let slope = cx.float("alpha", 0.01)?;
            cx.tape.act(x, Activation::LeakyRelu { slope })?
        }
        "Elu" => {
            let alpha = cx.float("alpha", 1.0)?;
            cx.tape.act(x, Activation::Elu { alpha })?
        }
        "Selu" => {
            let alpha = cx.float("alpha", 1.673_263_192_176_818_8)?;
            let gamma = cx.float("gamma", 1.050_701_022_148_132_3)?;
            let y = cx.tape.act(x, Activation::Elu { alpha })?;
            cx.tape.affine(y, gamma, 0.0)?
        }
        "Celu" => {
            let alpha = cx.float("alpha", 1.0)?;
            let y = cx.tape.affine(x, 1.0 / alpha, 0.0)?;
            let y = cx.tape.act(y, Activation::Elu { alpha: 1.0 })?;
            cx.tape.affine(y, alpha, 0.0)?
        }
        "HardSigmoid" => {
            let (alpha, beta) = (cx.float("alpha", 0.2)?, cx.float("beta", 0.5)?);
            hard_sigmoid(cx.tape, x, alpha, beta)?
        }
        "Swish" => {
            let alpha = cx.float("alpha", 1.0)?;
            swish(cx, x, alpha)?
        }
        "ThresholdedRelu" => {
            let alpha = cx.float("alpha", 1.0)?;
            let t = &mut *cx.tape;
            let above = t.affine(x, 1.0, -alpha)?;
            let above = t.act(above, Activation::Sign)?;
            let above = t.act(above, Activation::Relu)?;
            t.mul(x, above)?
        }
        "Shrink" => {
            let (lambda, bias) = (cx.float("lambd", 0.5)?, cx.float("bias", 0.0)?);
            shrink(cx, x, lambda, bias)?
        }
        _ => return on_host(cx, x),
    };
    if operator == "Not" { Ok(vec![Operand::Var(y, ElementType::Bool)]) } else { cx.out(y) }
}

/// αx + β, kept between 0 and 1.
pub(super) fn hard_sigmoid<B: Backend>(t: &mut Tape<B>, x: Id, alpha: f64, beta: f64) -> Written<Id> {
    if near(alpha, 1.0 / 6.0) && near(beta, 0.5) {
        return t.act(x, Activation::HardSigmoid);
    }
    let y = t.affine(x, 6.0 * alpha, 6.0 * beta)?;
    let y = t.act(y, Activation::Relu6)?;
    t.affine(y, 1.0 / 6.0, 0.0)
}

/// x - bias above λ, x + bias below -λ, 0 between.
fn shrink<B: Backend>(cx: &mut Cx<'_, B>, x: Id, lambda: f64, bias: f64) -> Written<Id> {
    let t = &mut *cx.tape;
    let side = |t: &mut Tape<B>, sign: f64| {
        let outside = t.affine(x, sign, -lambda)?;
        let outside = t.act(outside, Activation::Sign)?;
        let outside = t.act(outside, Activation::Relu)?;
        let moved = t.affine(x, 1.0, -sign * bias)?;
        t.mul(moved, outside)
    };
    let (above, below) = (side(t, 1.0)?, side(t, -1.0)?);
    t.add(above, below)
}

type Derivative = fn(f64) -> f64;

/// What the vocabulary has no function for: on the host, with its derivative if it has one that is not 0 everywhere.
fn on_host<B: Backend>(cx: &mut Cx<'_, B>, x: Id) -> Written<Vec<Operand>> {
    let infinities = (cx.flag("detect_positive", true)?, cx.flag("detect_negative", true)?);
    let (f, d): (fn(f64) -> f64, Option<Derivative>) = match cx.node.operator.as_str() {
        "Tan" => (f64::tan, Some(|x| 1.0 / x.cos().powi(2))),
        "Sinh" => (f64::sinh, Some(f64::cosh)),
        "Cosh" => (f64::cosh, Some(f64::sinh)),
        "Asin" => (f64::asin, Some(|x| 1.0 / (1.0 - x * x).sqrt())),
        "Acos" => (f64::acos, Some(|x| -1.0 / (1.0 - x * x).sqrt())),
        "Atan" => (f64::atan, Some(|x| 1.0 / (1.0 + x * x))),
        "Asinh" => (f64::asinh, Some(|x| 1.0 / (1.0 + x * x).sqrt())),
        "Acosh" => (f64::acosh, Some(|x| 1.0 / (x * x - 1.0).sqrt())),
        "Atanh" => (f64::atanh, Some(|x| 1.0 / (1.0 - x * x))),
        "Floor" => (f64::floor, None),
        "Ceil" => (f64::ceil, None),
        "Round" => (f64::round_ties_even, None),
        "IsNaN" => (|x| f64::from(u8::from(x.is_nan())), None),
        _ => match infinities {
            (true, true) => (|x| f64::from(u8::from(x.is_infinite())), None),
            (true, false) => (|x| f64::from(u8::from(x == f64::INFINITY)), None),
            (false, true) => (|x| f64::from(u8::from(x == f64::NEG_INFINITY)), None),
            (false, false) => (|_| 0.0, None),
        },
    };
    let y = cx.tape.each(x, "it is constant but for jumps", f, d)?;
    let logical = cx.node.operator.starts_with("Is");
    let element = if logical { ElementType::Bool } else { cx.element(0)? };
    Ok(vec![Operand::Var(y, element)])
}

/// x · σ(αx)
fn swish<B: Backend>(cx: &mut Cx<'_, B>, x: Id, alpha: f64) -> Written<Id> {
    let t = &mut *cx.tape;
    if near(alpha, 1.0) {
        return t.act(x, Activation::Silu);
    }
    let gate = t.affine(x, alpha, 0.0)?;
    let gate = t.act(gate, Activation::Sigmoid)?;
    t.mul(x, gate)
}

/// swish(a) · b
pub(crate) fn swiglu<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (a, b, alpha) = (cx.x(0)?, cx.x(1)?, cx.float("alpha", 1.0)?);
    if cx.tape.shape(a) != cx.tape.shape(b) {
        return Err(cx.shape_error(&cx.shape(1)?, format!("its first input is {:?}", cx.tape.shape(a))));
    }
    let gate = swish(cx, a, alpha)?;
    let y = cx.tape.mul(gate, b)?;
    cx.out(y)
}

pub(crate) fn gelu<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    let f = if cx.text("approximate")? == "tanh" { Activation::GeluTanh } else { Activation::Gelu };
    let y = cx.tape.act(x, f)?;
    cx.out(y)
}

/// x · σ(1.702·x), of ONNX Runtime's operators.
pub(crate) fn quick_gelu<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let (x, alpha) = (cx.x(0)?, cx.float("alpha", 1.702)?);
    let y = swish(cx, x, alpha)?;
    cx.out(y)
}

/// gelu(x + bias), of ONNX Runtime's operators; the fast one is the tanh approximation.
pub(crate) fn biased_gelu<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let mut x = cx.x(0)?;
    if cx.has_input(1) {
        let bias = cx.x(1)?;
        x = cx.tape.add(x, bias)?;
    }
    let f = if cx.node.operator == "FastGelu" { Activation::GeluTanh } else { Activation::Gelu };
    let y = cx.tape.act(x, f)?;
    cx.out(y)
}

/// x above 0, slope · x below: (1 - slope) · relu(x) + slope · x, so that the derivative is the slope at 0.
pub(crate) fn prelu<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let x = cx.x(0)?;
    if let Operand::Known(slope) = cx.held(1)?
        && let Some(slope) = slope.everywhere()
    {
        let y = cx.tape.act(x, Activation::LeakyRelu { slope })?;
        return cx.out(y);
    }
    let mut slope = cx.x(1)?;
    let (rank, shape) = (cx.tape.shape(x).len(), cx.tape.shape(slope).to_vec());
    // Before opset 7, and from some exporters, one for each channel without the axes behind it.
    if shape.len() == 1 && rank > 2 && cx.tape.shape(x)[rank - 1] != shape[0] {
        let aligned = [&shape[..], &vec![1; rank - 2]].concat();
        slope = cx.tape.reshape(slope, &aligned)?;
    }
    let t = &mut *cx.tape;
    let (above, more) = (t.act(x, Activation::Relu)?, t.not(slope)?);
    let (above, all) = (t.mul(above, more)?, t.mul(x, slope)?);
    let y = t.add(above, all)?;
    cx.out(y)
}
