//! Batch norm.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, ModuleT, Tensor};
//! use xai::candle::nn::batch_norm::BatchNorm;
//!
//! // (x - 1) / √(3 + 1), by the running numbers.
//! let (mean, variance) = (Tensor::new(&[1f64], &Device::Cpu)?, Tensor::new(&[3f64], &Device::Cpu)?);
//! let norm = BatchNorm::new_no_bias(1, mean, variance, 1.0)?;
//! let x = Tensor::new(&[[7f64]], &Device::Cpu)?;
//! assert_eq!(norm.forward_t(&x, false)?.to_vec2::<f64>()?, [[3.0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{ModuleT, Result, Tensor};
/// What [`batch_norm`] goes by, candle_nn's own: a number alone is ε.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use xai::candle::nn::BatchNormConfig;
///
/// let usual = BatchNormConfig::default();
/// assert_eq!((usual.eps, usual.remove_mean, usual.affine, usual.momentum), (1e-5, true, true, 0.1));
/// assert_eq!(BatchNormConfig::from(1e-3), BatchNormConfig { eps: 1e-3, ..usual });
/// ```
pub use candle_nn::BatchNormConfig;
use candle_nn::VarBuilder;

use super::computed::run;
use super::wrap::wrap;

wrap! {
    /// (x - mean) / √(variance + ε) · weight + bias for each channel: [`candle_nn::BatchNorm`] with this crate's
    /// gradient in evaluation mode.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, ModuleT, Tensor};
    /// use xai::candle::nn::BatchNorm;
    ///
    /// // (x - 1) / √(3 + 1) · 4 + 5 = 2 x + 3
    /// let of = |number: f64| Tensor::new(&[number], &Device::Cpu);
    /// let norm = BatchNorm::new(1, of(1.0)?, of(3.0)?, of(4.0)?, of(5.0)?, 1.0)?;
    /// let x = Tensor::new(&[[7f64]], &Device::Cpu)?;
    /// assert_eq!(norm.forward_t(&x, false)?.to_vec2::<f64>()?, [[17.0]]);
    /// assert_eq!(norm.running_mean().to_vec1::<f64>()?, [1.0]);
    /// assert_eq!(norm.running_var().to_vec1::<f64>()?, [3.0]);
    /// assert_eq!((norm.eps(), norm.momentum(), norm.weight_and_bias().is_some()), (1.0, 0.1, true));
    ///
    /// let bare = BatchNorm::new_no_bias(1, of(1.0)?, of(3.0)?, 1.0)?;
    /// assert_eq!(bare.forward_t(&x, false)?.to_vec2::<f64>()?, [[3.0]]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    BatchNorm
}

impl BatchNorm {
    /// With weight and bias.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn new(
        num_features: usize,
        running_mean: Tensor,
        running_var: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: f64,
    ) -> Result<Self> {
        candle_nn::BatchNorm::new(num_features, running_mean, running_var, weight, bias, eps).map(BatchNorm)
    }

    /// Without weight and bias.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn new_no_bias(num_features: usize, running_mean: Tensor, running_var: Tensor, eps: f64) -> Result<Self> {
        candle_nn::BatchNorm::new_no_bias(num_features, running_mean, running_var, eps).map(BatchNorm)
    }

    /// As [`new`](BatchNorm::new), with how fast the running numbers move in training.
    ///
    /// # Errors
    /// When the shapes do not fit.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::nn::BatchNorm;
    ///
    /// let of = |number: f64| Tensor::new(&[number], &Device::Cpu);
    /// let norm = BatchNorm::new_with_momentum(1, of(0.0)?, of(1.0)?, of(2.0)?, of(10.0)?, 0.0, 1.0)?;
    /// // Training goes by the batch, and with a momentum of 1 nothing is left of the mean before.
    /// let y = norm.forward_train(&Tensor::new(&[[1f64], [3.0]], &Device::Cpu)?)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [8.0, 12.0]);
    /// assert_eq!(norm.running_mean().to_vec1::<f64>()?, [2.0]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn new_with_momentum(
        num_features: usize,
        running_mean: Tensor,
        running_var: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: f64,
        momentum: f64,
    ) -> Result<Self> {
        let (mean, variance) = (running_mean, running_var);
        candle_nn::BatchNorm::new_with_momentum(num_features, mean, variance, weight, bias, eps, momentum)
            .map(BatchNorm)
    }

    /// As [`new_no_bias`](BatchNorm::new_no_bias), with how fast the running numbers move in training.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn new_no_bias_with_momentum(
        num_features: usize,
        running_mean: Tensor,
        running_var: Tensor,
        eps: f64,
        momentum: f64,
    ) -> Result<Self> {
        candle_nn::BatchNorm::new_no_bias_with_momentum(num_features, running_mean, running_var, eps, momentum)
            .map(BatchNorm)
    }

    /// (channels)
    pub fn running_mean(&self) -> &Tensor {
        self.0.running_mean()
    }

    /// (channels)
    pub fn running_var(&self) -> &Tensor {
        self.0.running_var()
    }

    /// What is added to the variance.
    pub fn eps(&self) -> f64 {
        self.0.eps()
    }

    /// (channels), each.
    pub fn weight_and_bias(&self) -> Option<(&Tensor, &Tensor)> {
        self.0.weight_and_bias()
    }

    /// How fast the running numbers move in training.
    pub fn momentum(&self) -> f64 {
        self.0.momentum()
    }

    /// In training mode: by candle's own operations.
    ///
    /// # Errors
    /// candle's own.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Tensor};
    /// use xai::candle::nn::BatchNorm;
    ///
    /// let (mean, variance) = (Tensor::new(&[0f64], &Device::Cpu)?, Tensor::new(&[1f64], &Device::Cpu)?);
    /// let norm = BatchNorm::new_no_bias_with_momentum(1, mean, variance, 0.0, 0.5)?;
    /// // The batch has the mean 2 and the variance 1, unbiased 2: the running numbers go half the way there.
    /// let y = norm.forward_train(&Tensor::new(&[[1f64], [3.0]], &Device::Cpu)?)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f64>()?, [-1.0, 1.0]);
    /// assert_eq!(norm.running_mean().to_vec1::<f64>()?, [1.0]);
    /// assert_eq!(norm.running_var().to_vec1::<f64>()?, [1.5]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn forward_train(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward_train(x)
    }

    pub(super) fn as_candle(&self) -> &candle_nn::BatchNorm {
        &self.0
    }
}

impl ModuleT for BatchNorm {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        if train {
            return self.forward_train(x);
        }
        let weights = self.weight_and_bias().into_iter().flat_map(|(weight, bias)| [weight, bias]);
        run(&self.0, weights, x, || self.0.forward_t(x, false))
    }
}

/// A batch norm of `running_mean`, `running_var` and, unless the configuration is without, `weight` and `bias`.
///
/// # Errors
/// When the weights are missing or of another shape.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, ModuleT, Tensor};
/// use xai::candle::nn::{BatchNormConfig, VarBuilder, batch_norm};
///
/// let of = |number: f64| Tensor::new(&[number], &Device::Cpu);
/// let weights = HashMap::from([("running_mean".to_owned(), of(1.0)?), ("running_var".to_owned(), of(4.0)?)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = batch_norm(1, BatchNormConfig { eps: 0.0, affine: false, ..Default::default() }, vb)?;
/// let x = Tensor::new(&[[[[5f64]]]], &Device::Cpu)?;
/// assert_eq!(norm.forward_t(&x, false)?.flatten_all()?.to_vec1::<f64>()?, [2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn batch_norm<C: Into<BatchNormConfig>>(num_features: usize, config: C, vb: VarBuilder<'_>) -> Result<BatchNorm> {
    candle_nn::batch_norm(num_features, config, vb).map(BatchNorm)
}
