//! The functions of gates.

use xai_core::Backend;
use xai_core::nn::Activation;

use crate::ops::elementwise::hard_sigmoid;
use crate::tape::{Id, Tape, Written, refuse};
use crate::write::Cx;

/// The function of a gate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Function {
    Plain(Activation),
    /// αx + β
    Affine(f64, f64),
    /// αx + β, kept between 0 and 1.
    HardSigmoid(f64, f64),
    /// α tanh(βx)
    ScaledTanh(f64, f64),
}

impl Function {
    pub(super) fn of<B: Backend>(self, t: &mut Tape<B>, x: Id) -> Written<Id> {
        match self {
            Function::Plain(f) => t.act(x, f),
            Function::Affine(alpha, beta) => t.affine(x, alpha, beta),
            Function::HardSigmoid(alpha, beta) => hard_sigmoid(t, x, alpha, beta),
            Function::ScaledTanh(alpha, beta) => {
                let y = t.affine(x, beta, 0.0)?;
                let y = t.act(y, Activation::Tanh)?;
                t.affine(y, alpha, 0.0)
            }
        }
    }
}

/// The functions of one direction, so many of them: σ and tanh unless they are named. Those that have numbers of their
/// own take the next ones of `activation_alpha` and `activation_beta`, if there are any left.
pub(super) fn functions<B: Backend>(cx: &Cx<'_, B>, count: usize, direction: usize) -> Written<Vec<Function>> {
    let defaults = match count {
        1 => vec![Activation::Tanh],
        2 => vec![Activation::Sigmoid, Activation::Tanh],
        _ => vec![Activation::Sigmoid, Activation::Tanh, Activation::Tanh],
    };
    let names = cx.text("activations")?;
    if names.is_empty() {
        return Ok(defaults.into_iter().map(Function::Plain).collect());
    }
    let list = |name: &str| cx.floats(name).map(|numbers| numbers.unwrap_or_default().into_iter());
    let (mut alphas, mut betas) = (list("activation_alpha")?, list("activation_beta")?);
    let mut alpha = |default: f64| alphas.next().unwrap_or(default);
    let mut beta = |default: f64| betas.next().unwrap_or(default);
    let mut all = Vec::new();
    for name in names.split(',') {
        all.push(match name.to_lowercase().as_str() {
            "sigmoid" => Function::Plain(Activation::Sigmoid),
            "tanh" => Function::Plain(Activation::Tanh),
            "relu" => Function::Plain(Activation::Relu),
            "softplus" => Function::Plain(Activation::Softplus),
            "softsign" => Function::Plain(Activation::Softsign),
            "elu" => Function::Plain(Activation::Elu { alpha: alpha(1.0) }),
            "leakyrelu" => Function::Plain(Activation::LeakyRelu { slope: alpha(0.01) }),
            "affine" => Function::Affine(alpha(1.0), beta(0.0)),
            "hardsigmoid" => Function::HardSigmoid(alpha(0.2), beta(0.5)),
            "scaledtanh" => Function::ScaledTanh(alpha(1.0), beta(1.0)),
            other => return Err(refuse(format!("its function `{other}` is not supported"))),
        });
    }
    let own = all.get(direction * count..(direction + 1) * count);
    own.map(<[Function]>::to_vec).ok_or_else(|| cx.wrong(format!("it names {} functions", all.len())))
}
