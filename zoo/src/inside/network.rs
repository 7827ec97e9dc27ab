//! The networks, by their names.

use xai::nn::Weights;
use xai::{Backend, BoxModel, Result};

use crate::networks::{Vit, build};

/// A network of its weights.
///
/// # Errors
/// As those of [`build`].
pub fn network<B: Backend>(name: &str, weights: &Weights<B>) -> Result<BoxModel<'static, B>> {
    match name {
        "mini_vit" => Ok(Box::new(Vit::of_heads(weights, &[2, 3])?)),
        "vit" => Ok(Box::new(Vit::of_heads(weights, &[3; 6])?)),
        _ => Ok(Box::new(build(name, weights)?)),
    }
}
