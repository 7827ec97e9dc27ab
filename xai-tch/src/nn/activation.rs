//! Activations and softmax.

use tch::Tensor as Torch;
use xai_core::nn::Activation;

use crate::backend::wide;
use crate::failure::TchResult;

/// A function of tensors.
pub(super) type Function = dyn Fn(&Torch) -> TchResult;

/// f(x), for a function that libtorch has, or that its operations make.
pub(super) fn activation(f: Activation) -> Option<Box<Function>> {
    let function: Box<Function> = match f {
        Activation::Relu => Box::new(Torch::f_relu),
        Activation::Relu6 => Box::new(Torch::f_relu6),
        Activation::LeakyRelu { slope } => Box::new(move |x| leaky_relu(x, slope)),
        Activation::Elu { alpha } => Box::new(move |x| elu(x, alpha)),
        Activation::Gelu => Box::new(|x| x.f_gelu("none")),
        Activation::GeluTanh => Box::new(|x| x.f_gelu("tanh")),
        Activation::Silu => Box::new(Torch::f_silu),
        Activation::Sigmoid => Box::new(Torch::f_sigmoid),
        Activation::Tanh => Box::new(Torch::f_tanh),
        Activation::HardSwish => Box::new(Torch::f_hardswish),
        Activation::HardSigmoid => Box::new(hard_sigmoid),
        Activation::Softplus => Box::new(Torch::f_softplus),
        Activation::Mish => Box::new(Torch::f_mish),
        Activation::Exp => Box::new(Torch::f_exp),
        Activation::Log => Box::new(Torch::f_log),
        Activation::Sqrt => Box::new(Torch::f_sqrt),
        Activation::Abs => Box::new(Torch::f_abs),
        Activation::Sign => Box::new(sign),
        Activation::Reciprocal => Box::new(Torch::f_reciprocal),
        Activation::Power { exponent } => Box::new(move |x| x.f_pow_tensor_scalar(exponent)),
        Activation::Erf => Box::new(Torch::f_erf),
        Activation::Sin => Box::new(Torch::f_sin),
        Activation::Cos => Box::new(Torch::f_cos),
        _ => return None,
    };
    Some(function)
}

/// libtorch's own makes 0 of a NaN.
fn sign(x: &Torch) -> TchResult {
    let number = x.f_isnan()?.f_logical_not_()?;
    x.f_sign()?.f_where_self(&number, &x.f_detach()?)
}

/// tch binds `leaky_relu` with its default slope alone; `prelu` with one weight is the same function.
fn leaky_relu(x: &Torch, slope: f64) -> TchResult {
    x.f_prelu(&Torch::f_full([1], slope, (x.f_kind()?, x.device()))?)
}

/// tch binds `elu` with α = 1 alone: relu(x) + α(exp(min(x, 0)) - 1).
fn elu(x: &Torch, alpha: f64) -> TchResult {
    if alpha == 1.0 {
        return x.f_elu();
    }
    x.f_relu()?.f_add(&x.f_clamp_max(0.0)?.f_expm1()?.f_mul_scalar(alpha)?)
}

/// libtorch's own backward pass multiplies by a 1/6 in single precision, whatever the number type: 3e-8 off in
/// `Double`.
fn hard_sigmoid(x: &Torch) -> TchResult {
    x.f_add_scalar(3.0)?.f_relu6()?.f_div_scalar(6.0)
}

/// Half types are computed in single precision, on the way back too: it takes eʸ, which for a y of some -10 has lost
/// most of a half type's digits.
pub(super) fn softmax(x: &Torch, along: isize) -> TchResult {
    let kind = x.f_kind()?;
    x.f_softmax(axis(along), wide(kind))?.f_to_kind(kind)
}

pub(super) fn log_softmax(x: &Torch, along: isize) -> TchResult {
    let kind = x.f_kind()?;
    x.f_log_softmax(axis(along), wide(kind))?.f_to_kind(kind)
}

/// An axis as libtorch counts it, from the end where negative. One that is too large for it is refused there.
fn axis(axis: isize) -> i64 {
    i64::try_from(axis).unwrap_or(i64::MAX)
}
