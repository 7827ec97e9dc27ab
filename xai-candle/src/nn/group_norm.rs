//! The norm over groups of channels.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Module, Tensor};
//! use xai::candle::nn::group_norm::GroupNorm;
//!
//! // Two groups of two channels, with the means 2 and 20: what is above the mean of its group is above 0.
//! let (weight, bias) = (Tensor::new(&[1f64; 4], &Device::Cpu)?, Tensor::new(&[0f64; 4], &Device::Cpu)?);
//! let norm = GroupNorm::new(weight, bias, 4, 2, 1e-12)?;
//! let y = norm.forward(&Tensor::new(&[[[1f64], [3.0], [10.0], [30.0]]], &Device::Cpu)?)?;
//! assert_eq!(y.round()?.flatten_all()?.to_vec1::<f64>()?, [-1.0, 1.0, -1.0, 1.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

use candle_core::{Error, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use xai_core::{Layer, Var, nn};

use super::computed::computed;
use crate::weights::constant;
use crate::{Candle, Host, ops};

/// The channels (axis 1) in groups, each normalised over its channels and all later axes: [`candle_nn::GroupNorm`]
/// with this crate's gradient.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Module, Tensor};
/// use xai::candle::nn::GroupNorm;
///
/// let (weight, bias) = (Tensor::new(&[1f64, 1.0], &Device::Cpu)?, Tensor::new(&[0f64, 0.0], &Device::Cpu)?);
/// let norm = GroupNorm::new(weight, bias, 2, 1, 1e-9)?;
/// let x = Tensor::new(&[[[1f64], [3.0]]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.flatten_all()?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([-1.0, 1.0]).all(|(y, right)| (y - right).abs() < 1e-6));
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct GroupNorm {
    by_candle: candle_nn::GroupNorm,
    weight: Tensor,
    bias: Tensor,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    /// Weight and bias (channels).
    ///
    /// # Errors
    /// When the groups do not divide the channels.
    pub fn new(weight: Tensor, bias: Tensor, num_channels: usize, num_groups: usize, eps: f64) -> Result<Self> {
        if num_groups == 0 {
            candle_core::bail!("GroupNorm: num_groups is 0; it must divide num_channels ({num_channels})");
        }
        let by_candle = candle_nn::GroupNorm::new(weight.clone(), bias.clone(), num_channels, num_groups, eps)?;
        Ok(GroupNorm { by_candle, weight, bias, groups: num_groups, eps })
    }

    fn op<E: Host>(&self) -> nn::GroupNorm<Candle<E>> {
        let (weight, bias) = (Some(constant(&self.weight)), Some(constant(&self.bias)));
        nn::GroupNorm { groups: self.groups, weight, bias, eps: self.eps }
    }
}

impl Module for GroupNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match computed(&self.weight) || computed(&self.bias) {
            true => self.by_candle.forward(x),
            false => ops::apply(self.op(), x).map_err(Error::wrap),
        }
    }
}

impl<E: Host> Layer<Candle<E>> for GroupNorm {
    fn trace<'m>(&'m self, x: Var<'m, Candle<E>>) -> xai_core::Result<Var<'m, Candle<E>>> {
        Ok(x.op(self.op()))
    }
}

/// A group norm of the weights `weight` and `bias`.
///
/// # Errors
/// When the weights are missing or of another shape, or the groups do not divide the channels.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use std::collections::HashMap;
///
/// use candle_core::{DType, Device, Module, Tensor};
/// use xai::candle::nn::{VarBuilder, group_norm};
///
/// let weights = HashMap::from([
///     ("weight".to_owned(), Tensor::new(&[1f64, 1.0], &Device::Cpu)?),
///     ("bias".to_owned(), Tensor::new(&[0f64, 0.0], &Device::Cpu)?),
/// ]);
/// let vb = VarBuilder::from_tensors(weights, DType::F64, &Device::Cpu);
/// let norm = group_norm(1, 2, 1e-9, vb)?;
/// let x = Tensor::new(&[[[1f64], [3.0]]], &Device::Cpu)?;
/// let y = norm.forward(&x)?.flatten_all()?.to_vec1::<f64>()?;
/// assert!(y.iter().zip([-1.0, 1.0]).all(|(y, right)| (y - right).abs() < 1e-6));
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn group_norm(num_groups: usize, num_channels: usize, eps: f64, vb: VarBuilder<'_>) -> Result<GroupNorm> {
    let weight = vb.get_with_hints(num_channels, "weight", Init::Const(1.))?;
    let bias = vb.get_with_hints(num_channels, "bias", Init::Const(0.))?;
    GroupNorm::new(weight, bias, num_channels, num_groups, eps)
}
