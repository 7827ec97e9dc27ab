//! The fully connected layer.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use std::collections::HashMap;
//!
//! use candle_core::{DType, Device, Module, Tensor};
//! use xai::candle::nn::VarBuilder;
//! use xai::candle::nn::linear::{linear, linear_b, linear_no_bias};
//!
//! let weights = HashMap::from([
//!     ("weight".to_owned(), Tensor::new(&[[1f64, -2.0]], &Device::Cpu)?),
//!     ("bias".to_owned(), Tensor::new(&[0.5f64], &Device::Cpu)?),
//! ]);
//! let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
//! let x = Tensor::new(&[[3f64, 1.0]], &Device::Cpu)?;
//! let of = |layer: candle_core::Result<xai::candle::nn::Linear>| layer?.forward(&x)?.to_vec2::<f64>();
//! assert_eq!(of(linear(2, 1, vb.clone()))?, [[1.5]]);
//! assert_eq!(of(linear_no_bias(2, 1, vb.clone()))?, [[1.0]]);
//! assert_eq!(of(linear_b(2, 1, false, vb))?, [[1.0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::computed::{computed, run};
use super::wrap::wrap;

wrap! {
    /// y = x · Wᵀ + b over the last axis: [`candle_nn::Linear`] with this crate's gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::Linear;
    ///
    /// let (weight, bias) = (Tensor::new(&[[1f64, -2.0]], &Device::Cpu)?, Tensor::new(&[0.5f64], &Device::Cpu)?);
    /// let linear = Linear::new(weight.clone(), Some(bias));
    /// let x = Tensor::new(&[[3f64, 1.0]], &Device::Cpu)?;
    /// assert_eq!(linear.forward(&x)?.to_vec2::<f64>()?, [[1.5]]);
    /// assert_eq!((linear.weight().dims(), linear.bias().map(Tensor::dims)), (&[1, 2][..], Some(&[1][..])));
    /// assert_eq!(Linear::from_weights(weight, None).forward(&x)?.to_vec2::<f64>()?, [[1.0]]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    Linear
}

impl Linear {
    /// Weight (outputs, inputs), bias (outputs).
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        candle_nn::Linear::new(weight, bias).into()
    }

    /// As [`new`](Linear::new): the name that `candle_transformers::models::with_tracing` has for it.
    pub fn from_weights(weight: Tensor, bias: Option<Tensor>) -> Self {
        Linear::new(weight, bias)
    }

    /// (outputs, inputs)
    pub fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// (outputs)
    pub fn bias(&self) -> Option<&Tensor> {
        self.0.bias()
    }
}

impl Module for Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self.bias() {
            Some(bias) if computed(bias) => Linear::new(self.weight().clone(), None).forward(x)?.broadcast_add(bias),
            // In order: candle's product of transposed matrices with a repeated weight is wrong behind the first one.
            _ => run(&self.0, [self.weight()], x, || self.0.forward(&x.contiguous()?)),
        }
    }
}

macro_rules! built {
    ($($name:ident($($bias:ident: bool)?), $doc:literal, $call:literal => $y:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// # Errors
        /// When the weights are missing or of another shape.
        ///
        /// ```
        /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
        /// use std::collections::HashMap;
        ///
        /// use candle_core::{DType, Device, Module, Tensor};
        #[doc = concat!("use xai::candle::nn::{VarBuilder, ", stringify!($name), "};")]
        ///
        /// let weights = HashMap::from([
        ///     ("weight".to_owned(), Tensor::new(&[[1f64, 1.0]], &Device::Cpu)?),
        ///     ("bias".to_owned(), Tensor::new(&[0.5f64], &Device::Cpu)?),
        /// ]);
        /// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
        #[doc = concat!("let layer = ", $call, "?;")]
        /// let y = layer.forward(&Tensor::new(&[[3f64, 4.0]], &Device::Cpu)?)?;
        #[doc = concat!("assert_eq!(y.to_vec2::<f64>()?, [[", $y, "]]);")]
        /// # Ok::<(), candle_core::Error>(())
        /// ```
        pub fn $name(in_dim: usize, out_dim: usize, $($bias: bool,)? vb: VarBuilder<'_>) -> Result<Linear> {
            candle_nn::$name(in_dim, out_dim, $($bias,)? vb).map(Linear)
        }
    )*};
}

built! {
    linear(), "A fully connected layer of the weights `weight` and `bias`.", "linear(2, 1, vb)" => "7.5";
    linear_no_bias(), "A fully connected layer of the weight `weight`.", "linear_no_bias(2, 1, vb)" => "7.0";
    linear_b(bias: bool), "A fully connected layer, with or without `bias`.", "linear_b(2, 1, true, vb)" => "7.5";
}
