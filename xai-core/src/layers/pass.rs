//! Layers that compute nothing: identity and dropout.

use crate::{Backend, Layer, Result, Var};

/// y = x.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity;

/// Dropout in evaluation mode: y = x. It keeps a network's place for it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dropout {
    /// The share that training drops; without effect here.
    pub p: f64,
}

impl Dropout {
    /// Dropout that training would do with probability `p`.
    pub fn new(p: f64) -> Self {
        Dropout { p }
    }
}

impl<B: Backend> Layer<B> for Identity {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x)
    }
}

impl<B: Backend> Layer<B> for Dropout {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x)
    }
}
