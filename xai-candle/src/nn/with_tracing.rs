//! The names of `candle_transformers::models::with_tracing`, which many models of candle-transformers are built of.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{DType, Device, Module, Tensor};
//! use xai::candle::nn::VarBuilder;
//! use xai::candle::nn::with_tracing::{Linear, linear_no_bias};
//!
//! let double = Linear::from_weights(Tensor::new(&[[2f64]], &Device::Cpu)?, None);
//! assert_eq!(double.forward(&Tensor::new(&[[3f64]], &Device::Cpu)?)?.to_vec2::<f64>()?, [[6.0]]);
//! let built = linear_no_bias(3, 2, VarBuilder::zeros(DType::F64, &Device::Cpu))?;
//! assert_eq!(built.weight().dims(), [2, 3]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;
use xai_core::{Layer, Var};

use crate::{Candle, Host};

pub use super::{Conv2d, LayerNorm, Linear, conv2d, layer_norm, linear, linear_b, linear_no_bias};

/// Rows of a table.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Module, Tensor};
/// use xai::candle::nn::with_tracing::Embedding;
///
/// let table = Embedding::from_weights(Tensor::new(&[[1f64, 2.0], [3.0, 4.0]], &Device::Cpu)?)?;
/// let ids = Tensor::new(&[1u32], &Device::Cpu)?;
/// assert_eq!(table.forward(&ids)?.to_vec2::<f64>()?, [[3.0, 4.0]]);
/// assert_eq!(table.embeddings().dims(), [2, 2]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Embedding(candle_nn::Embedding);

impl Embedding {
    /// Of the weight `weight`, (rows, features).
    ///
    /// # Errors
    /// When the weight is missing or of another shape.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use std::collections::HashMap;
    ///
    /// use candle_core::{DType, Device, Tensor};
    /// use xai::candle::nn::{VarBuilder, with_tracing::Embedding};
    ///
    /// let table = Tensor::new(&[[1f64, 2.0], [3.0, 4.0], [5.0, 6.0]], &Device::Cpu)?;
    /// let weights = HashMap::from([("words.weight".to_owned(), table)]);
    /// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
    /// assert_eq!(Embedding::new(3, 2, vb.pp("words"))?.embeddings().dims(), [3, 2]);
    /// assert!(Embedding::new(2, 3, vb.pp("words")).is_err());
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    pub fn new(d1: usize, d2: usize, vb: VarBuilder<'_>) -> Result<Self> {
        candle_nn::embedding(d1, d2, vb).map(Embedding)
    }

    /// Of a table (rows, features).
    ///
    /// # Errors
    /// When it has not two axes.
    pub fn from_weights(weights: Tensor) -> Result<Self> {
        let (_, features) = weights.dims2()?;
        Ok(Embedding(candle_nn::Embedding::new(weights, features)))
    }

    /// The table.
    pub fn embeddings(&self) -> &Tensor {
        self.0.embeddings()
    }
}

impl Module for Embedding {
    fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        self.0.forward(ids)
    }
}

/// An RMS norm, built from a [`VarBuilder`].
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, with_tracing::RmsNorm};
///
/// let weights = HashMap::from([("weight".to_owned(), Tensor::new(&[1f64, 1.0], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = RmsNorm::new(2, 1e-9, vb)?;
/// let x = Tensor::new(&[[1f64, 3.0]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.to_vec2::<f64>()?;
/// assert!((y[0][1] - 3.0 / 5f64.sqrt()).abs() < 1e-6);
/// assert_eq!(norm.forward_diff(&x)?.to_vec2::<f64>()?, y);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RmsNorm(super::RmsNorm);

impl RmsNorm {
    /// Of the weight `weight`.
    ///
    /// # Errors
    /// When the weight is missing or of another shape.
    pub fn new(size: usize, eps: f64, vb: VarBuilder<'_>) -> Result<Self> {
        super::rms_norm(size, eps, vb).map(RmsNorm)
    }

    /// As `forward`: here both have a gradient.
    ///
    /// # Errors
    /// As those of `forward`.
    pub fn forward_diff(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

impl Module for RmsNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }
}

macro_rules! layers {
    ($($layer:ident),*) => {$(
        impl<E: Host> Layer<Candle<E>> for $layer {
            fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> xai_core::Result<Var<'m, Candle<E>>> {
                self.0.trace(x)
            }
        }
    )*};
}

layers!(Embedding, RmsNorm);
