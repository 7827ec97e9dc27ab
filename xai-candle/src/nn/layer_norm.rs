//! Norms over the last axis.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Module, Tensor};
//! use xai::candle::nn::layer_norm::{LayerNorm, RmsNorm};
//!
//! let ones = Tensor::new(&[1f32, 1.0], &Device::Cpu)?;
//! // The mean is 2, the variance 1.
//! let norm = LayerNorm::new_no_bias(ones.clone(), 0.0);
//! assert_eq!(norm.forward(&Tensor::new(&[[1f32, 3.0]], &Device::Cpu)?)?.to_vec2::<f32>()?, [[-1.0, 1.0]]);
//! // The mean stays, and √((2² + 2²) / 2) = 2 goes.
//! let norm = RmsNorm::new(ones, 0.0);
//! assert_eq!(norm.forward(&Tensor::new(&[[2f32, 2.0]], &Device::Cpu)?)?.to_vec2::<f32>()?, [[1.0, 1.0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Module, Result, Tensor};
/// What [`layer_norm`] goes by, candle_nn's own: a number alone is ε.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use xai::candle::nn::LayerNormConfig;
///
/// let usual = LayerNormConfig::default();
/// assert_eq!((usual.eps, usual.remove_mean, usual.affine), (1e-5, true, true));
/// assert_eq!(LayerNormConfig::from(1e-3), LayerNormConfig { eps: 1e-3, ..usual });
/// ```
pub use candle_nn::LayerNormConfig;
use candle_nn::VarBuilder;

use super::computed::run;
use super::wrap::wrap;

wrap! {
    /// (x - mean) / √(var + ε) · weight + bias over the last axis: [`candle_nn::LayerNorm`], whose gradient candle
    /// cuts, with this crate's.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::LayerNorm;
    ///
    /// // The mean is 2, the variance 1.
    /// let x = Tensor::new(&[[1f32, 3.0]], &Device::Cpu)?;
    /// let (weight, bias) = (Tensor::new(&[1f32, 10.0], &Device::Cpu)?, Tensor::new(&[0f32, 5.0], &Device::Cpu)?);
    /// let norm = LayerNorm::new(weight.clone(), bias, 0.0);
    /// assert_eq!(norm.forward(&x)?.to_vec2::<f32>()?, [[-1.0, 15.0]]);
    /// assert_eq!((norm.weight().dims(), norm.bias().map(Tensor::dims)), (&[2][..], Some(&[2][..])));
    /// assert_eq!((norm.eps(), norm.remove_mean()), (0.0, true));
    ///
    /// let no_bias = LayerNorm::new_no_bias(weight.clone(), 0.0);
    /// assert_eq!(no_bias.forward(&x)?.to_vec2::<f32>()?, [[-1.0, 10.0]]);
    /// // Of what has no mean it is the same.
    /// let rms = LayerNorm::rms_norm(weight, 0.0);
    /// assert_eq!(rms.forward(&(x - 2.0)?)?.to_vec2::<f32>()?, [[-1.0, 10.0]]);
    /// assert!(!rms.remove_mean());
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    LayerNorm
}

impl LayerNorm {
    /// With weight and bias.
    pub fn new(weight: Tensor, bias: Tensor, eps: f64) -> Self {
        candle_nn::LayerNorm::new(weight, bias, eps).into()
    }

    /// With a weight alone.
    pub fn new_no_bias(weight: Tensor, eps: f64) -> Self {
        candle_nn::LayerNorm::new_no_bias(weight, eps).into()
    }

    /// Without taking the mean away: an RMS norm.
    pub fn rms_norm(weight: Tensor, eps: f64) -> Self {
        candle_nn::LayerNorm::rms_norm(weight, eps).into()
    }

    /// (features)
    pub fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// (features)
    pub fn bias(&self) -> Option<&Tensor> {
        self.0.bias()
    }

    /// What is added to the variance.
    pub fn eps(&self) -> f64 {
        self.0.eps()
    }

    /// False for an RMS norm.
    pub fn remove_mean(&self) -> bool {
        self.0.remove_mean()
    }
}

impl Module for LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let weights = std::iter::once(self.weight()).chain(self.bias());
        run(&self.0, weights, x, || {
            // Without a bias candle takes its slow form, which has a gradient.
            let scaled = if self.remove_mean() {
                candle_nn::LayerNorm::new_no_bias(self.weight().clone(), self.eps())
            } else {
                candle_nn::LayerNorm::rms_norm(self.weight().clone(), self.eps())
            };
            let y = scaled.forward(x)?;
            self.bias().map_or(Ok(y.clone()), |bias| y.broadcast_add(bias))
        })
    }
}

wrap! {
    /// x / √(mean(x²) + ε) · weight over the last axis: [`candle_nn::RmsNorm`], whose gradient candle cuts, with this
    /// crate's.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::RmsNorm;
    ///
    /// // √((2² + 2²) / 2) = 2
    /// let x = Tensor::new(&[[2f32, -2.0]], &Device::Cpu)?;
    /// let norm = RmsNorm::new(Tensor::new(&[1f32, 3.0], &Device::Cpu)?, 0.0);
    /// assert_eq!(norm.forward(&x)?.to_vec2::<f32>()?, [[1.0, -3.0]]);
    /// assert_eq!(norm.forward_diff(&x)?.to_vec2::<f32>()?, [[1.0, -3.0]]);
    /// assert_eq!((norm.weight().dims(), norm.eps(), norm.clone().into_inner().remove_mean()), (&[2][..], 0.0, false));
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    RmsNorm
}

impl RmsNorm {
    /// Of a weight (features).
    pub fn new(weight: Tensor, eps: f64) -> Self {
        candle_nn::RmsNorm::new(weight, eps).into()
    }

    /// As a [`LayerNorm`] that leaves the mean.
    pub fn into_inner(self) -> LayerNorm {
        self.0.into_inner().into()
    }

    /// (features)
    pub fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// What is added to the mean square.
    pub fn eps(&self) -> f64 {
        self.0.eps()
    }

    /// As `forward`: here both have a gradient.
    ///
    /// # Errors
    /// As those of `forward`.
    pub fn forward_diff(&self, x: &Tensor) -> Result<Tensor> {
        self.forward(x)
    }
}

impl Module for RmsNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        run(&self.0, [self.weight()], x, || self.0.forward_diff(x))
    }
}

/// A layer norm of the weights `weight` and, unless the configuration is without, `bias`.
///
/// # Errors
/// When the weights are missing or of another shape.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, layer_norm};
///
/// let weights = HashMap::from([
///     ("weight".to_owned(), Tensor::new(&[1f64, 1.0], &Device::Cpu)?),
///     ("bias".to_owned(), Tensor::new(&[0f64, 5.0], &Device::Cpu)?),
/// ]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = layer_norm(2, 1e-9, vb)?;
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.to_vec2::<f64>()?;
/// assert!((y[0][0] + 1.0).abs() < 1e-6 && (y[0][1] - 6.0).abs() < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn layer_norm<C: Into<LayerNormConfig>>(size: usize, config: C, vb: VarBuilder<'_>) -> Result<LayerNorm> {
    candle_nn::layer_norm(size, config, vb).map(LayerNorm)
}

/// A layer norm of the weight `weight`.
///
/// # Errors
/// When the weight is missing or of another shape.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, layer_norm_no_bias};
///
/// let weights = HashMap::from([("weight".to_owned(), Tensor::new(&[1f64, 2.0], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = layer_norm_no_bias(2, 1e-9, vb)?;
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.to_vec2::<f64>()?;
/// assert!((y[0][0] + 1.0).abs() < 1e-6 && (y[0][1] - 2.0).abs() < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn layer_norm_no_bias(size: usize, eps: f64, vb: VarBuilder<'_>) -> Result<LayerNorm> {
    candle_nn::layer_norm_no_bias(size, eps, vb).map(LayerNorm)
}

/// An RMS norm of the weight `weight`.
///
/// # Errors
/// When the weight is missing or of another shape.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, rms_norm};
///
/// let weights = HashMap::from([("weight".to_owned(), Tensor::new(&[1f64, 1.0], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = rms_norm(2, 1e-9, vb)?;
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.to_vec2::<f64>()?;
/// assert!((y[0][1] - 3.0 / 5f64.sqrt()).abs() < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn rms_norm(size: usize, eps: f64, vb: VarBuilder<'_>) -> Result<RmsNorm> {
    candle_nn::rms_norm(size, eps, vb).map(RmsNorm)
}
