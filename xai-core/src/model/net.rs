//! One layer as a whole model.

use std::fmt;
use std::marker::PhantomData;

use crate::{Backend, Differentiable, Layer, Result, Var};

/// One layer as a whole model of one input: [`Differentiable`] for any [`Layer`], forward code among them.
///
/// ```text
/// let model = Net::<Candle, _>::new(|x: &candle_core::Tensor| net.forward(x));
/// ```
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// assert_eq!(net.predict(array![[3.0, -1.0]].view().into_dyn())?, array![[3.0, 0.0]].into_dyn());
/// assert_eq!(net.into_inner(), Activation::Relu);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Clone)]
pub struct Net<B, L> {
    layer: L,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend, L: Layer<B>> Net<B, L> {
    /// The layer as a model.
    pub fn new(layer: L) -> Self {
        Net { layer, backend: PhantomData }
    }

    /// The layer.
    pub fn into_inner(self) -> L {
        self.layer
    }
}

impl<B: Backend, L> fmt::Debug for Net<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("backend", &B::NAME).finish_non_exhaustive()
    }
}

impl<B: Backend, L: Layer<B>> Differentiable for Net<B, L> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        self.layer.trace(Var::only(inputs)?)
    }
}
