//! The gradient without its short cut.

use xai::{Analyzer, Attribution, Call, Differentiable, Gradient, Inputs, Kind, Result};

/// The gradient, as all that a wrapper is told of it: each noisy copy and each point of a path then goes through the
/// whole network, as in Captum. With the same kernels, on the same numbers, it rounds alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopyByCopy;

impl<M: Differentiable + ?Sized> Analyzer<M> for CopyByCopy {
    fn name(&self) -> String {
        Analyzer::<M>::name(&Gradient)
    }
    fn kind(&self) -> Kind {
        Kind::Sensitivity
    }
    fn check(&self, model: &M, inputs: &Inputs<'_>) -> Result<()> {
        Gradient.check(model, inputs)
    }
    fn attribute(&self, model: &M, call: &Call<'_, M::Backend>) -> Result<Attribution<M::Backend>> {
        Gradient.attribute(model, call)
    }
}
