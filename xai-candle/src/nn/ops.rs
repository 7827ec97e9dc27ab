//! The functions of [`candle_nn::ops`].

use candle_core::shape::Dim;
use candle_core::{D, Error, Result, Tensor, bail};
pub use candle_nn::ops::{Dropout, Identity, dropout, pixel_shuffle, pixel_unshuffle, replication_pad2d};

use super::activation::Activation;
pub use super::attention::sdpa;
use super::computed::computed;
use crate::ops;

fn axis_of(x: &Tensor, dim: impl Dim, name: &'static str) -> Result<isize> {
    isize::try_from(dim.to_index(x.shape(), name)?).map_err(Error::wrap)
}

/// eˣ / Σ eˣ along an axis.
///
/// # Errors
/// When there is no such axis.
pub fn softmax<D: Dim>(xs: &Tensor, dim: D) -> Result<Tensor> {
    ops::softmax(xs, axis_of(xs, dim, "softmax")?)
}

/// x - ln Σ eˣ along an axis.
///
/// # Errors
/// When there is no such axis.
pub fn log_softmax<D: Dim>(xs: &Tensor, d: D) -> Result<Tensor> {
    ops::log_softmax(xs, axis_of(xs, d, "log-softmax")?)
}

/// eˣ / Σ eˣ along the last axis, whose gradient candle cuts.
///
/// # Errors
/// When the tensor has no axis.
pub fn softmax_last_dim(xs: &Tensor) -> Result<Tensor> {
    softmax(xs, D::Minus1)
}

/// x · σ(x).
///
/// # Errors
/// candle's own.
pub fn silu(xs: &Tensor) -> Result<Tensor> {
    ops::silu(xs)
}

/// silu of the first half of the last axis, times the second half.
///
/// # Errors
/// When the last axis has an odd length.
pub fn swiglu(xs: &Tensor) -> Result<Tensor> {
    xs.apply(&Activation::Swiglu)
}

/// σ(x) = 1 / (1 + e⁻ˣ).
///
/// # Errors
/// candle's own.
pub fn sigmoid(xs: &Tensor) -> Result<Tensor> {
    ops::sigmoid(xs)
}

/// relu6(x + 3) / 6.
///
/// # Errors
/// candle's own.
pub fn hard_sigmoid(xs: &Tensor) -> Result<Tensor> {
    ops::hard_sigmoid(xs)
}

/// x · tanh(softplus(x)).
///
/// # Errors
/// candle's own.
pub fn mish(xs: &Tensor) -> Result<Tensor> {
    ops::mish(xs)
}

/// x above zero, slope · x else.
///
/// # Errors
/// candle's own.
pub fn leaky_relu(xs: &Tensor, negative_slope: f64) -> Result<Tensor> {
    ops::leaky_relu(xs, negative_slope)
}

/// γ · (x above zero, α(eˣ - 1) else).
///
/// # Errors
/// candle's own.
pub fn selu(xs: &Tensor, alpha: f32, gamma: f32) -> Result<Tensor> {
    ops::elu(xs, alpha.into())?.affine(gamma.into(), 0.0)
}

/// (x - mean) / √(var + ε) · α + β over the last axis, whose gradient candle cuts.
///
/// # Errors
/// When α or β has another length than the last axis.
pub fn layer_norm(xs: &Tensor, alpha: &Tensor, beta: &Tensor, eps: f32) -> Result<Tensor> {
    let features = xs.dim(D::Minus1)?;
    if features != alpha.dims1()? || features != beta.dims1()? {
        bail!(
            "layer norm: the last axis of {:?} must be as long as {:?} and {:?}",
            xs.dims(),
            alpha.dims(),
            beta.dims()
        );
    }
    layer_norm_slow(xs, alpha, beta, eps)
}

/// As [`layer_norm`]: here both are as fast.
///
/// # Errors
/// As [`layer_norm`].
pub fn layer_norm_slow(xs: &Tensor, alpha: &Tensor, beta: &Tensor, eps: f32) -> Result<Tensor> {
    match computed(alpha) || computed(beta) {
        true => candle_nn::ops::layer_norm_slow(xs, alpha, beta, eps),
        false => ops::layer_norm(xs, alpha, Some(beta), eps.into()),
    }
}

/// x / √(mean(x²) + ε) · α over the last axis, whose gradient candle cuts.
///
/// # Errors
/// When α has another length than the last axis.
pub fn rms_norm(xs: &Tensor, alpha: &Tensor, eps: f32) -> Result<Tensor> {
    if xs.dim(D::Minus1)? != alpha.dims1()? {
        bail!("rms norm: the last axis of {:?} must be as long as {:?}", xs.dims(), alpha.dims());
    }
    rms_norm_slow(xs, alpha, eps)
}

/// As [`rms_norm`]: here both are as fast.
///
/// # Errors
/// As [`rms_norm`].
pub fn rms_norm_slow(xs: &Tensor, alpha: &Tensor, eps: f32) -> Result<Tensor> {
    match computed(alpha) {
        true => candle_nn::ops::rms_norm_slow(xs, alpha, eps),
        false => ops::rms_norm(xs, alpha, eps.into()),
    }
}
