//! Elementwise functions.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Module, Tensor};
//! use xai::candle::nn::activation::{Activation, PReLU};
//!
//! let x = Tensor::new(&[[-4f64, 3.0]], &Device::Cpu)?;
//! assert_eq!(Activation::Relu6.forward(&x)?.to_vec2::<f64>()?, [[0.0, 3.0]]);
//! let slope = PReLU::new(Tensor::new(&[0.25f64], &Device::Cpu)?, true);
//! assert_eq!(slope.forward(&x)?.to_vec2::<f64>()?, [[-1.0, 3.0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Error, Module, Result, Tensor};
use candle_nn::VarBuilder;
use xai_core::{Layer, Var};

use super::computed::run;
use super::wrap::wrap;
use crate::layers::activation;
use crate::{Candle, Host};

/// [`candle_nn::Activation`], also in configuration files, with this crate's gradient: candle's own of gelu is rounded
/// to six digits, and that of relu is 1 at 0.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Module, Tensor};
/// use xai::candle::nn::Activation;
///
/// let x = Tensor::new(&[-1f64, 2.0], &Device::Cpu)?;
/// assert_eq!(Activation::Relu.forward(&x)?.to_vec1::<f64>()?, [0.0, 2.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// x · Φ(x).
    #[default]
    #[serde(alias = "gelu")]
    Gelu,
    /// Gelu by its tanh approximation.
    #[serde(alias = "gelu_new")]
    NewGelu,
    /// max(0, x).
    Relu,
    /// max(0, x)².
    Relu2,
    /// min(max(0, x), 6).
    Relu6,
    /// x · σ(x).
    Silu,
    /// σ(x).
    Sigmoid,
    /// relu6(x + 3) / 6.
    HardSigmoid,
    /// silu of the first half of the last axis, times the second half.
    Swiglu,
    /// x · σ(x).
    Swish,
    /// x · tanh(softplus(x)).
    Mish,
    /// x · relu6(x + 3) / 6.
    HardSwish,
    /// x above zero, α(eˣ - 1) else.
    Elu(f64),
    /// x above zero, slope · x else.
    LeakyRelu(f64),
    /// Gelu by its tanh approximation.
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluPytorchTanh,
}

macro_rules! same_variants {
    ($($name:ident $(($value:ident))?),* $(,)?) => {
        impl From<candle_nn::Activation> for Activation {
            fn from(f: candle_nn::Activation) -> Self {
                match f {
                    $(candle_nn::Activation::$name $(($value))? => Activation::$name $(($value))?),*
                }
            }
        }

        impl From<Activation> for candle_nn::Activation {
            fn from(f: Activation) -> Self {
                match f {
                    $(Activation::$name $(($value))? => candle_nn::Activation::$name $(($value))?),*
                }
            }
        }
    };
}

same_variants!(
    Gelu,
    NewGelu,
    Relu,
    Relu2,
    Relu6,
    Silu,
    Sigmoid,
    HardSigmoid,
    Swiglu,
    Swish,
    Mish,
    HardSwish,
    Elu(alpha),
    LeakyRelu(slope),
    GeluPytorchTanh,
);

impl Module for Activation {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        activation((*self).into(), x.clone()).map_err(Error::wrap)
    }
}

impl<E: Host> Layer<Candle<E>> for Activation {
    fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> xai_core::Result<Var<'m, Candle<E>>> {
        activation((*self).into(), x)
    }
}

wrap! {
    /// x above zero, slope · x else, with slopes that are weights: [`candle_nn::PReLU`] with this crate's gradient.
    ///
    /// ```
    /// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
    /// use candle_core::{Device, Module, Tensor};
    /// use xai::candle::nn::PReLU;
    ///
    /// // A slope for each channel, and one for all.
    /// let each = PReLU::new(Tensor::new(&[0.5f64, 0.25], &Device::Cpu)?, false);
    /// let one = PReLU::new(Tensor::new(&[0.5f64], &Device::Cpu)?, true);
    /// assert_eq!((each.weight().dims(), each.is_scalar(), one.is_scalar()), (&[2][..], false, true));
    /// let x = Tensor::new(&[[-4f64, -4.0], [3.0, 3.0]], &Device::Cpu)?;
    /// assert_eq!(each.forward(&x)?.to_vec2::<f64>()?, [[-2.0, -1.0], [3.0, 3.0]]);
    /// assert_eq!(one.forward(&x)?.to_vec2::<f64>()?, [[-2.0, -2.0], [3.0, 3.0]]);
    /// # Ok::<(), candle_core::Error>(())
    /// ```
    PReLU
}

impl PReLU {
    /// Of slopes: one, one for each channel, or one for each number of an input of the slopes' own shape, batch axis
    /// included.
    pub fn new(weight: Tensor, is_scalar: bool) -> Self {
        candle_nn::PReLU::new(weight, is_scalar).into()
    }

    /// The slopes.
    pub fn weight(&self) -> &Tensor {
        self.0.weight()
    }

    /// True when there is one slope for all.
    pub fn is_scalar(&self) -> bool {
        self.0.is_scalar()
    }
}

impl Module for PReLU {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        run(&self.0, [self.weight()], x, || self.0.forward(x))
    }
}

/// Of the weight `weight`; one slope for all where the channels are not given.
///
/// # Errors
/// When the weight is missing or of another shape.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, prelu};
///
/// let weights = HashMap::from([("weight".to_owned(), Tensor::new(&[0.5f64], &Device::Cpu)?)]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let slope = prelu(None, vb)?;
/// let x = Tensor::new(&[[-2f64, 2.0]], &Device::Cpu)?;
/// assert_eq!(slope.forward(&x)?.to_vec2::<f64>()?, [[-1.0, 2.0]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn prelu(num_channels: Option<usize>, vb: VarBuilder<'_>) -> Result<PReLU> {
    candle_nn::prelu(num_channels, vb).map(PReLU)
}
