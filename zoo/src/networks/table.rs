//! A model of a table.

use xai::nn::{Activation, Linear, Sequential, Weights};
use xai::{Backend, Result};

/// Two hidden layers, for rows (B, 8).
pub(super) fn table<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
    Ok(Sequential::new()
        .push_named("hidden", Linear::load(&w.at("hidden"))?)
        .push_named("tanh", Activation::Tanh)
        .push_named("hidden2", Linear::load(&w.at("hidden2"))?)
        .push_named("relu", Activation::Relu)
        .push_named("classes", Linear::load(&w.at("classes"))?))
}
