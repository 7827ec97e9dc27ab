//! Layers from weights by name, as PyTorch names them.

use super::Weights;
use crate::op::{ChannelAffine, Conv2d, ConvTranspose2d, Embedding, GroupNorm, LayerNorm, Linear, RmsNorm};
use crate::{Backend, Result};

impl<B: Backend> Conv2d<B> {
    /// `weight`, and `bias` if there is one; stride, padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Conv2d::new).
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Conv2d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> ConvTranspose2d<B> {
    /// `weight`, and `bias` if there is one; stride, padding, output padding, dilation and groups are set afterwards.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](ConvTranspose2d::new).
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        ConvTranspose2d::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> Linear<B> {
    /// `weight`, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Linear::new).
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Linear::new(weights.get("weight")?, weights.find("bias")?).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> ChannelAffine<B> {
    /// Batch norm in evaluation mode from `running_mean` and `running_var`, and `weight` and `bias` if there are any.
    ///
    /// ε is 1e-5 in PyTorch by default and 1e-3 in networks from TensorFlow: it is part of the network. A counter
    /// `num_batches_tracked` counts as used.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`batch_norm`](ChannelAffine::batch_norm).
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        let (mean, var) = (weights.array("running_mean")?, weights.array("running_var")?);
        let (weight, bias) = (weights.find_array("weight"), weights.find_array("bias"));
        weights.find_array("num_batches_tracked");
        let norm = ChannelAffine::batch_norm(weight, bias, mean, var, eps, weights.placement());
        norm.map_err(|e| weights.located(e))
    }
}

impl<B: Backend> LayerNorm<B> {
    /// `weight`, whose axes are the normalised ones, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](LayerNorm::new).
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        LayerNorm::new(weights.get("weight")?, weights.find("bias")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> RmsNorm<B> {
    /// `weight`.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](RmsNorm::new).
    pub fn load(weights: &Weights<B>, eps: f64) -> Result<Self> {
        RmsNorm::new(weights.get("weight")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> GroupNorm<B> {
    /// `weight`, and `bias` if there is one.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](GroupNorm::new).
    pub fn load(weights: &Weights<B>, groups: usize, eps: f64) -> Result<Self> {
        GroupNorm::new(groups, weights.get("weight")?, weights.find("bias")?, eps).map_err(|e| weights.located(e))
    }
}

impl<B: Backend> Embedding<B> {
    /// `weight`, a row for each whole number.
    ///
    /// # Errors
    /// [`Error::MissingWeight`](crate::Error::MissingWeight), and as [`new`](Embedding::new).
    pub fn load(weights: &Weights<B>) -> Result<Self> {
        Embedding::new(weights.get("weight")?).map_err(|e| weights.located(e))
    }
}
