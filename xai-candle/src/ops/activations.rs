//! Activations and softmax.

use candle_core::{Result, Tensor};
use xai_core::nn::{Activation, LogSoftmax, Softmax};

use super::apply;

/// Any elementwise activation.
///
/// # Errors
/// candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
/// use xai::nn::Activation;
///
/// let x = Tensor::new(&[-2f32, 3.0], &Device::Cpu)?;
/// assert_eq!(ops::activation(&x, Activation::LeakyRelu { slope: 0.5 })?.to_vec1::<f32>()?, [-1.0, 3.0]);
/// // Most have a function of their own.
/// assert_eq!(ops::leaky_relu(&x, 0.5)?.to_vec1::<f32>()?, [-1.0, 3.0]);
/// assert_eq!(ops::relu(&x)?.to_vec1::<f32>()?, [0.0, 3.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn activation(x: &Tensor, f: Activation) -> Result<Tensor> {
    apply(f, x)
}

/// Each with its call and what it makes of numbers far below zero, at zero, and far above.
macro_rules! activations {
    ($($name:ident($($parameter:ident: f64)?) = $f:expr, $formula:literal, $call:literal => $is:literal;)*) => {$(
        #[doc = $formula]
        ///
        /// # Errors
        /// candle's own.
        ///
        /// ```
        /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
        /// use candle_core::{Device, Tensor};
        /// use xai::candle::ops;
        ///
        /// let x = Tensor::new(&[-1000f64, 0.0, 1000.0], &Device::Cpu)?;
        #[doc = concat!("assert_eq!(ops::", $call, "?.to_vec1::<f64>()?, ", $is, ");")]
        /// # Ok::<(), candle_core::Error>(())
        /// ```
        pub fn $name(x: &Tensor $(, $parameter: f64)?) -> Result<Tensor> {
            activation(x, $f)
        }
    )*};
}

activations! {
    relu() = Activation::Relu, "max(0, x); the derivative at 0 is 0, as in PyTorch, where candle's is 1.",
        "relu(&x)" => "[0.0, 0.0, 1000.0]";
    relu6() = Activation::Relu6, "min(max(0, x), 6).", "relu6(&x)" => "[0.0, 0.0, 6.0]";
    leaky_relu(slope: f64) = Activation::LeakyRelu { slope }, "x above zero, slope · x else.",
        "leaky_relu(&x, 0.5)" => "[-500.0, 0.0, 1000.0]";
    elu(alpha: f64) = Activation::Elu { alpha }, "x above zero, α(eˣ - 1) else.",
        "elu(&x, 2.0)" => "[-2.0, 0.0, 1000.0]";
    gelu() = Activation::Gelu, "x · Φ(x), Φ the normal distribution function.", "gelu(&x)" => "[0.0, 0.0, 1000.0]";
    gelu_tanh() = Activation::GeluTanh, "gelu by its tanh approximation.", "gelu_tanh(&x)" => "[0.0, 0.0, 1000.0]";
    silu() = Activation::Silu, "x · σ(x), also called swish.", "silu(&x)" => "[0.0, 0.0, 1000.0]";
    sigmoid() = Activation::Sigmoid, "σ(x) = 1 / (1 + e⁻ˣ).", "sigmoid(&x)" => "[0.0, 0.5, 1.0]";
    tanh() = Activation::Tanh, "tanh(x).", "tanh(&x)" => "[-1.0, 0.0, 1.0]";
    hard_swish() = Activation::HardSwish, "x · relu6(x + 3) / 6.", "hard_swish(&x)" => "[0.0, 0.0, 1000.0]";
    hard_sigmoid() = Activation::HardSigmoid, "relu6(x + 3) / 6.", "hard_sigmoid(&x)" => "[0.0, 0.5, 1.0]";
    softplus() = Activation::Softplus, "ln(1 + eˣ).", "softplus(&x)" => "[0.0, 2f64.ln(), 1000.0]";
    mish() = Activation::Mish, "x · tanh(softplus(x)).", "mish(&x)" => "[0.0, 0.0, 1000.0]";
}

/// eˣ / Σ eˣ along an axis; a negative axis counts from the end.
///
/// # Errors
/// When there is no such axis, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[0f32, 0.0], [-1000.0, 0.0]], &Device::Cpu)?;
/// assert_eq!(ops::softmax(&x, -1)?.to_vec2::<f32>()?, [[0.5, 0.5], [0.0, 1.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    apply(Softmax { axis }, x)
}

/// x - ln Σ eˣ along an axis; a negative axis counts from the end.
///
/// # Errors
/// When there is no such axis, and candle's own.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::ops;
///
/// let x = Tensor::new(&[[-1000f32, 0.0]], &Device::Cpu)?;
/// assert_eq!(ops::log_softmax(&x, -1)?.to_vec2::<f32>()?, [[-1000.0, 0.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn log_softmax(x: &Tensor, axis: isize) -> Result<Tensor> {
    apply(LogSoftmax { axis }, x)
}
