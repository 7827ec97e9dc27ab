//! The norm over groups of channels.

use candle_core::{Error, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use xai_core::{Layer, Var, nn};

use super::computed::computed;
use crate::weights::constant;
use crate::{Candle, Host, ops};

/// The channels (axis 1) in groups, each normalised over its channels and all later axes: [`candle_nn::GroupNorm`]
/// with this crate's gradient.
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
pub fn group_norm(num_groups: usize, num_channels: usize, eps: f64, vb: VarBuilder<'_>) -> Result<GroupNorm> {
    let weight = vb.get_with_hints(num_channels, "weight", Init::Const(1.))?;
    let bias = vb.get_with_hints(num_channels, "bias", Init::Const(0.))?;
    GroupNorm::new(weight, bias, num_channels, num_groups, eps)
}
