//! A model that does not tell its layers.

use xai::{Backend, BoxModel, Differentiable, LayerSplit, Pullback, Result, Tensor};

/// The same model, but wrappers do not know what layers it begins with. So each noisy copy and each point of a path goes
/// through all of it, as in Captum: with the same kernels, on the same numbers, it rounds alike.
pub(crate) struct Whole<M>(pub(crate) M);

impl<M: Differentiable> Differentiable for Whole<M> {
    type Backend = M::Backend;

    fn forward(&self, x: &Tensor<M::Backend>) -> Result<Tensor<M::Backend>> {
        self.0.forward(x)
    }

    fn vjp(&self, x: &Tensor<M::Backend>) -> Result<(Tensor<M::Backend>, Pullback<'_, M::Backend>)> {
        self.0.vjp(x)
    }

    fn placement(&self) -> <M::Backend as Backend>::Placement {
        self.0.placement()
    }
}

impl<M: LayerSplit> LayerSplit for Whole<M> {
    fn features(&self) -> BoxModel<'_, M::Backend> {
        self.0.features()
    }

    fn adaptation(&self) -> BoxModel<'_, M::Backend> {
        self.0.adaptation()
    }
}
