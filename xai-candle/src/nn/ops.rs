//! The functions of [`candle_nn::ops`].
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor};
//! use xai::candle::nn::ops;
//!
//! let x = Tensor::new(&[[0f64, 0.0, -1000.0]], &Device::Cpu)?;
//! assert_eq!(ops::softmax_last_dim(&x)?.to_vec2::<f64>()?, [[0.5, 0.5, 0.0]]);
//! assert_eq!(ops::sigmoid(&x)?.to_vec2::<f64>()?, [[0.5, 0.5, 0.0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```

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
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[0f64, 0.0], [1.0, 1.0]], &Device::Cpu)?;
/// assert_eq!(ops::softmax(&x, 1)?.to_vec2::<f64>()?, [[0.5, 0.5], [0.5, 0.5]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn softmax<D: Dim>(xs: &Tensor, dim: D) -> Result<Tensor> {
    ops::softmax(xs, axis_of(xs, dim, "softmax")?)
}

/// x - ln Σ eˣ along an axis.
///
/// # Errors
/// When there is no such axis.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[3f64, 3.0]], &Device::Cpu)?;
/// let y = ops::log_softmax(&x, 1)?.to_vec2::<f64>()?;
/// assert!((y[0][0] - 0.5f64.ln()).abs() < 1e-12);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn log_softmax<D: Dim>(xs: &Tensor, d: D) -> Result<Tensor> {
    ops::log_softmax(xs, axis_of(xs, d, "log-softmax")?)
}

/// eˣ / Σ eˣ along the last axis, whose gradient candle cuts.
///
/// # Errors
/// When the tensor has no axis.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor, Var};
/// use xai::candle::nn::ops;
///
/// let x = Var::new(&[0f64, 0.0], &Device::Cpu)?;
/// let y = ops::softmax_last_dim(&x)?;
/// assert_eq!(y.to_vec1::<f64>()?, [0.5, 0.5]);
/// let gradients = y.get(0)?.backward()?;
/// assert_eq!(gradients.get(&x).map(Tensor::to_vec1).transpose()?, Some(vec![0.25, -0.25]));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn softmax_last_dim(xs: &Tensor) -> Result<Tensor> {
    softmax(xs, D::Minus1)
}

/// x · σ(x).
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[0f64, 1.0], &Device::Cpu)?;
/// let y = ops::silu(&x)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([0.0, 0.7311]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn silu(xs: &Tensor) -> Result<Tensor> {
    ops::silu(xs)
}

/// silu of the first half of the last axis, times the second half.
///
/// # Errors
/// When the last axis has an odd length.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[1f64, 2.0], &Device::Cpu)?;
/// let y = ops::swiglu(&x)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([1.4621]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn swiglu(xs: &Tensor) -> Result<Tensor> {
    xs.apply(&Activation::Swiglu)
}

/// σ(x) = 1 / (1 + e⁻ˣ).
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[0f64, 1.0], &Device::Cpu)?;
/// let y = ops::sigmoid(&x)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([0.5, 0.7311]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn sigmoid(xs: &Tensor) -> Result<Tensor> {
    ops::sigmoid(xs)
}

/// relu6(x + 3) / 6.
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[-3f64, 0.0, 6.0], &Device::Cpu)?;
/// let y = ops::hard_sigmoid(&x)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([0.0, 0.5, 1.0]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn hard_sigmoid(xs: &Tensor) -> Result<Tensor> {
    ops::hard_sigmoid(xs)
}

/// x · tanh(softplus(x)).
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[0f64, 1.0], &Device::Cpu)?;
/// let y = ops::mish(&x)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([0.0, 0.8651]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn mish(xs: &Tensor) -> Result<Tensor> {
    ops::mish(xs)
}

/// x above zero, slope · x else.
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[-2f64, 2.0], &Device::Cpu)?;
/// let y = ops::leaky_relu(&x, 0.1)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([-0.2, 2.0]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn leaky_relu(xs: &Tensor, negative_slope: f64) -> Result<Tensor> {
    ops::leaky_relu(xs, negative_slope)
}

/// γ · (x above zero, α(eˣ - 1) else).
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[-1f64, 1.0], &Device::Cpu)?;
/// let y = ops::selu(&x, 1.0, 2.0)?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([-1.2642, 2.0]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn selu(xs: &Tensor, alpha: f32, gamma: f32) -> Result<Tensor> {
    ops::elu(xs, alpha.into())?.affine(gamma.into(), 0.0)
}

/// (x - mean) / √(var + ε) · α + β over the last axis, whose gradient candle cuts.
///
/// # Errors
/// When α or β has another length than the last axis.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let (alpha, beta) = (Tensor::new(&[1f64, 1.0], &Device::Cpu)?, Tensor::new(&[0f64, 5.0], &Device::Cpu)?);
/// let y = ops::layer_norm(&x, &alpha, &beta, 0.0)?.to_vec2::<f64>()?;
/// assert!(y[0].iter().zip([-1.0, 6.0]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
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
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let (alpha, beta) = (Tensor::new(&[1f64, 1.0], &Device::Cpu)?, Tensor::new(&[0f64, 5.0], &Device::Cpu)?);
/// let y = ops::layer_norm_slow(&x, &alpha, &beta, 0.0)?.to_vec2::<f64>()?;
/// assert!(y[0].iter().zip([-1.0, 6.0]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
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
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let alpha = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let y = ops::rms_norm(&x, &alpha, 0.0)?.to_vec2::<f64>()?;
/// assert!(y[0].iter().zip([0.4472, 1.3416]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
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
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::ops;
///
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let alpha = Tensor::new(&[1f64, 1.0], &Device::Cpu)?;
/// let y = ops::rms_norm_slow(&x, &alpha, 0.0)?.to_vec2::<f64>()?;
/// assert!(y[0].iter().zip([0.4472, 1.3416]).all(|(y, right)| (y - right).abs() < 1e-4));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn rms_norm_slow(xs: &Tensor, alpha: &Tensor, eps: f32) -> Result<Tensor> {
    match computed(alpha) {
        true => candle_nn::ops::rms_norm_slow(xs, alpha, eps),
        false => ops::rms_norm(xs, alpha, eps.into()),
    }
}
