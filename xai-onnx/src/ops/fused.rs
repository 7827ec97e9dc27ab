//! What ONNX Runtime makes of two operators when it optimises a network.

use xai_core::Backend;
use xai_core::nn::Activation;

use super::clip::between;
use super::conv::conv;
use super::elementwise::hard_sigmoid;
use super::linear::gemm;
use crate::tape::{Id, Written, refuse};
use crate::write::{Cx, Operand};

/// A convolution, with what is added to it if there is such an input, or α · A · B + β · C; and a function of each
/// number behind it.
pub(crate) fn fused<B: Backend>(cx: &mut Cx<'_, B>) -> Written<Vec<Operand>> {
    let is_conv = cx.node.operator == "FusedConv";
    let found = if is_conv { conv(cx)? } else { gemm(cx)? };
    let Some(&Operand::Var(mut y, _)) = found.first() else { return Err(refuse("nothing of it is computed")) };
    if is_conv && cx.has_input(3) {
        let more = cx.x(3)?;
        y = cx.tape.add(y, more)?;
    }
    let y = behind(cx, y, is_conv)?;
    cx.out(y)
}

/// The function of each number, whose parameters stand in a list or have names of their own.
fn behind<B: Backend>(cx: &mut Cx<'_, B>, y: Id, is_conv: bool) -> Written<Id> {
    let listed = cx.floats("activation_params")?.unwrap_or_default();
    let parameter = |cx: &Cx<'_, B>, i: usize, name: &str, default: f64| {
        if is_conv { Ok(listed.get(i).copied().unwrap_or(default)) } else { cx.float(name, default) }
    };
    let alpha = |cx: &Cx<'_, B>, default: f64| parameter(cx, 0, "activation_alpha", default);
    let beta = |cx: &Cx<'_, B>, default: f64| parameter(cx, 1, "activation_beta", default);
    match cx.text("activation")?.as_str() {
        "" => Ok(y),
        "Relu" => cx.tape.act(y, Activation::Relu),
        "Sigmoid" => cx.tape.act(y, Activation::Sigmoid),
        "Tanh" => cx.tape.act(y, Activation::Tanh),
        "LeakyRelu" => {
            let slope = alpha(cx, 0.01)?;
            cx.tape.act(y, Activation::LeakyRelu { slope })
        }
        "HardSigmoid" => {
            let (alpha, beta) = (alpha(cx, 0.2)?, beta(cx, 0.5)?);
            hard_sigmoid(cx.tape, y, alpha, beta)
        }
        "Softplus" => cx.tape.act(y, Activation::Softplus),
        "Softsign" => cx.tape.act(y, Activation::Softsign),
        "Elu" => {
            let alpha = alpha(cx, 1.0)?;
            cx.tape.act(y, Activation::Elu { alpha })
        }
        "Clip" if is_conv => {
            let (low, high) = (alpha(cx, f64::NEG_INFINITY)?, beta(cx, f64::INFINITY)?);
            between(cx, y, low, high)
        }
        other => Err(refuse(format!("the function behind it, {other}, is not read"))),
    }
}
