//! The second half of a vector-Jacobian product.

use std::fmt;

use crate::{Backend, Result, Tensor};

/// Pulls a cotangent of the output back to the input: v ↦ vᵀ · ∂y/∂x.
///
/// It remembers the forward pass it came from and may be called any number of times.
pub struct Pullback<'a, B: Backend>(Box<dyn Fn(&Tensor<B>) -> Result<Tensor<B>> + 'a>);

impl<'a, B: Backend> Pullback<'a, B> {
    /// Wraps the function that maps a cotangent, in the output's shape, to the input's shape.
    pub fn new(pull: impl Fn(&Tensor<B>) -> Result<Tensor<B>> + 'a) -> Self {
        Pullback(Box::new(pull))
    }

    /// vᵀ · ∂y/∂x, in the input's shape.
    ///
    /// # Errors
    /// [`Error::Detached`](crate::Error::Detached) when no gradient reached the input, and the framework's own.
    pub fn pull(&self, cotangent: &Tensor<B>) -> Result<Tensor<B>> {
        (self.0)(cotangent)
    }

    /// First this pullback, then the one of the layer before it.
    #[must_use]
    pub fn then(self, earlier: Pullback<'a, B>) -> Self {
        Pullback::new(move |v| earlier.pull(&self.pull(v)?))
    }
}

impl<B: Backend> fmt::Debug for Pullback<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pullback").field("backend", &B::NAME).finish_non_exhaustive()
    }
}
