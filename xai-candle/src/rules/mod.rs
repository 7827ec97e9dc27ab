//! Every operation of the vocabulary on candle tensors, with its own pullback to the input.
//!
//! candle's tape is not used here: what comes in is detached, and gradients of weights are never computed.

mod activation;
mod channel_affine;
mod conv2d;
mod linear;
mod norm;
mod pad;
mod pool;
mod resample;
mod shift;
mod softmax;
#[cfg(test)]
mod ways;

use candle_core::{DType, Device, Tensor};
use xai_core::nn::{Op, UpsampleMode};
use xai_core::{Error, Result};

pub(crate) use self::activation::secant_pull;
pub(crate) use self::conv2d::{Convolution, geometry};
pub(crate) use self::pool::max_pool_segments;
use crate::backend::failed;
use crate::{Candle, Host};

/// A pullback on candle's own tensors, v ↦ vᵀ · ∂y/∂x, which candle's tape may also hold.
pub(crate) type Pull = Box<dyn Fn(&Tensor) -> candle_core::Result<Tensor> + Send + Sync>;

/// An output with its pullback.
pub(crate) type Ruled = candle_core::Result<(Tensor, Pull)>;

/// How the hot operations are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By this crate's kernels, on host slices of `f32` or `f64`.
    Kernels,
    /// By candle's tensor operations, on any device.
    TensorOps,
}

impl Way {
    pub(crate) fn on(device: &Device) -> Self {
        match device {
            Device::Cpu => Way::Kernels,
            Device::Cuda(_) | Device::Metal(_) => Way::TensorOps,
        }
    }
}

/// y = op(x).
pub(crate) fn forward<E: Host>(op: Op<'_, Candle<E>>, x: &Tensor) -> Result<Tensor> {
    // Nothing that only the pullback needs is computed before it is called.
    vjp(op, x).map(|(y, _)| y)
}

/// y = op(x) and the pullback to x.
pub(crate) fn vjp<E: Host>(op: Op<'_, Candle<E>>, x: &Tensor) -> Result<(Tensor, Pull)> {
    vjp_by(Way::on(x.device()), op, x)
}

fn vjp_by<E: Host>(way: Way, op: Op<'_, Candle<E>>, x: &Tensor) -> Result<(Tensor, Pull)> {
    let output = op.output_shape(x.dims())?;
    // Sums of many terms are not safe in a half type; a device's own convolutions and products add up in f32.
    let sums_safely = matches!(op, Op::Conv2d(_) | Op::Linear(_) | Op::MaxPool2d(_) | Op::Pad2d(_));
    in_number_type(x, sums_safely, |x| rule(way, op, x, &output))
}

/// Runs a rule on the detached input, half types as `f32`: always on the CPU, and on other devices unless the rule
/// is safe in them.
pub(crate) fn in_number_type(
    x: &Tensor,
    safe_on_devices: bool,
    rule: impl FnOnce(&Tensor) -> Ruled,
) -> Result<(Tensor, Pull)> {
    let x = x.detach();
    let half = matches!(x.dtype(), DType::F16 | DType::BF16);
    if !x.dtype().is_float() {
        return Err(Error::InvalidParameter {
            name: "dtype",
            value: format!("{:?}", x.dtype()),
            reason: "a layer's input must be of a float type: F64, F32, F16 or BF16".into(),
        });
    }
    let run = || {
        if !half || (safe_on_devices && !x.device().is_cpu()) {
            return rule(&x);
        }
        let dtype = x.dtype();
        let (y, pull) = rule(&x.to_dtype(DType::F32)?)?;
        let narrow: Pull = Box::new(move |v| pull(&v.to_dtype(DType::F32)?)?.to_dtype(dtype));
        Ok((y.to_dtype(dtype)?, narrow))
    };
    let (y, pull) = run().map_err(failed)?;
    let shape = y.shape().clone();
    let checked: Pull = Box::new(move |v| {
        if v.shape() != &shape {
            candle_core::bail!("the cotangent has shape {:?}, the output {shape:?}", v.shape());
        }
        pull(&v.detach())
    });
    Ok((y, checked))
}

fn rule<E: Host>(way: Way, op: Op<'_, Candle<E>>, x: &Tensor, output: &[usize]) -> Ruled {
    match op {
        Op::Conv2d(op) => conv2d::conv2d(way, op, x),
        Op::Linear(op) => linear::linear(op, x, output),
        Op::ChannelAffine(op) => channel_affine::channel_affine(way, op, x),
        Op::LayerNorm(op) => norm::layer_norm(op, x),
        Op::RmsNorm(op) => norm::rms_norm(op, x),
        Op::GroupNorm(op) => norm::group_norm(op, x),
        Op::MaxPool2d(op) => pool::max_pool2d(way, op, x, output),
        Op::AvgPool2d(op) => pool::avg_pool2d(way, op, x, output),
        Op::AdaptiveAvgPool2d(op) => resample::adaptive_avg_pool2d(op.size, x),
        Op::AdaptiveMaxPool2d(op) => pool::adaptive_max_pool2d(op.size, x),
        Op::Activation(op) => activation::activation(way, *op, x),
        Op::Softmax(op) => softmax::softmax(op.axis_of(x.rank()).map_err(candle_core::Error::wrap)?, x),
        Op::LogSoftmax(op) => softmax::log_softmax(op.axis_of(x.rank()).map_err(candle_core::Error::wrap)?, x),
        Op::Upsample2d(op) => match op.mode {
            UpsampleMode::Nearest => resample::upsample_nearest2d(op.size, x),
            UpsampleMode::Bilinear { align_corners } => resample::upsample_bilinear2d(op.size, align_corners, x),
            mode => candle_core::bail!("up-sampling by {mode:?} is not known to the candle backend"),
        },
        Op::Pad2d(op) => pad::pad2d(op, x),
        op => candle_core::bail!("{op:?} is not known to the candle backend"),
    }
}

/// A weight beside the input: detached, contiguous, in the input's number type.
pub(crate) fn beside<E: Host>(weight: &xai_core::Tensor<Candle<E>>, x: &Tensor) -> candle_core::Result<Tensor> {
    weight.inner().detach().to_dtype(x.dtype())?.contiguous()
}

pub(crate) fn beside_if_any<E: Host>(
    weight: Option<&xai_core::Tensor<Candle<E>>>,
    x: &Tensor,
) -> candle_core::Result<Option<Tensor>> {
    weight.map(|w| beside(w, x)).transpose()
}
