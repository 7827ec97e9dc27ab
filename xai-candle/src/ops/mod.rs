//! Functions on candle tensors for your own forward code, with right gradients on candle's tape.
//!
//! candle's own gradients are wrong or missing for some common operations: max pooling, pools with a remainder or an
//! overlap, nearest up-sampling beside a skip connection; `LayerNorm`, `RmsNorm` and `softmax_last_dim` cut the gradient.
//! Use these in their place, in a `Module`, a `Func` or a closure:
//!
//! ```
//! use candle_core::{Device, Tensor, Var};
//! use xai_candle::ops;
//!
//! let x = Var::from_tensor(&Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?)?;
//! let y = ops::max_pool2d(&x, 2, 2, 0)?;
//! let gradients = y.sum_all()?.backward()?;
//! // candle's own `max_pool2d` says 0.25 at the maximum
//! assert_eq!(gradients.get(&x).unwrap().flatten_all()?.to_vec1::<f32>()?, [0.0, 0.0, 0.0, 1.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! [`layer`] runs a layer of candle_nn's, weights and all. The formulas are those of [`xai_core::nn`]. An input that is
//! not tracked records no tape. Gradients go to the input only: weights are constants here, which makes these
//! functions good for explaining and wrong for training.
//!
//! What candle has right needs no twin: `Tensor::cat`, residual sums, products, `reshape`, `narrow`, `permute`,
//! `matmul`, `mean`, `sum`.

mod activations;
mod attach;
mod images;
mod norms;

use candle_core::{Error, Result, Tensor};
use xai_core::nn::{self, Op};

pub use self::activations::{
    activation, elu, gelu, gelu_tanh, hard_sigmoid, hard_swish, leaky_relu, log_softmax, mish, relu, relu6, sigmoid,
    silu, softmax, softplus, tanh,
};
pub use self::images::{
    adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, conv2d, max_pool2d, pad2d, upsample_bilinear2d,
    upsample_nearest2d,
};
pub use self::norms::{batch_norm, group_norm, layer_norm, rms_norm};
use crate::layers::OwnGradient;
use crate::{Candle, rules};

/// Any operation of the vocabulary, on candle's tape: the other functions here in one.
///
/// # Errors
/// When the input does not fit the operation, and candle's own.
pub fn apply(op: Op<'_, Candle>, x: &Tensor) -> Result<Tensor> {
    attach::attach(op.name(), x, rules::vjp(op, x).map_err(Error::wrap)?)
}

/// A layer of candle_nn's in evaluation mode, with this crate's gradient on candle's tape: `ops::layer(&self.norm, &x)`
/// in place of `self.norm.forward(&x)`.
///
/// # Errors
/// When the input does not fit the layer, and candle's own.
pub fn layer(layer: &impl OwnGradient, x: &Tensor) -> Result<Tensor> {
    attach::attach("layer", x, layer.rule(x).map_err(Error::wrap)?)
}

/// y = x · Wᵀ + b over the last axis; weight (outputs, inputs), bias (outputs).
///
/// # Errors
/// When the shapes do not fit, and candle's own.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    apply(Op::Linear(&nn::Linear { weight: constant(weight), bias: bias.map(constant) }), x)
}

/// A weight: no gradient goes to it.
fn constant(t: &Tensor) -> xai_core::Tensor<Candle> {
    xai_core::Tensor::new(t.detach())
}
