//! A small network that analyzers are tried on.

use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, ChannelAffine, Conv2d, Flatten, Linear, MaxPool2d, NnBackend, Residual, Sequential,
};
use xai_core::{Backend, BoxModel, Differentiable, Element, LayerModel, LayerSplit, Pullback, Result, Split, Tensor};

use crate::values;

/// A convolutional network on images (B, 3, 9, 8) with 5 outputs: strides, groups, a residual block, pooling with a
/// remainder. Its adaptation part is pool, flatten, linear, relu, linear.
///
/// # Errors
/// When the weights cannot be brought to the placement.
pub fn small_network<B: NnBackend>(
    placement: &B::Placement,
) -> Result<Split<impl Differentiable<Backend = B> + use<B>, impl Differentiable<Backend = B> + use<B>>> {
    let weight = |shape: &[usize], seed: u64, scale: f64| {
        Tensor::<B>::upload(values(shape, seed).mapv(|v| B::Elem::of(v * scale)).view(), placement)
    };
    let block = Sequential::new()
        .push(Conv2d::new(weight(&[6, 1, 3, 3], 203, 0.25)?, None)?.padding(1).groups(6))
        .push(ChannelAffine::new(weight(&[6], 204, 0.5)?, weight(&[6], 205, 0.125)?)?)
        .push(Activation::Silu);
    let features = Sequential::new()
        .push(Conv2d::new(weight(&[6, 3, 3, 3], 200, 0.25)?, weight(&[6], 201, 0.25)?)?.padding(1))
        .push(Activation::Relu)
        .push(MaxPool2d::new(3).stride(2).padding(1))
        .push(Residual::new(block))
        .push(Conv2d::new(weight(&[4, 6, 2, 2], 206, 0.25)?, None)?)
        .push(Activation::Gelu);
    let adaptation = Sequential::new()
        .push(AdaptiveAvgPool2d::new([2, 1]))
        .push(Flatten::default())
        .push(Linear::new(weight(&[7, 8], 207, 0.5)?, weight(&[7], 208, 0.25)?)?)
        .push(Activation::Tanh)
        .push(Linear::new(weight(&[5, 7], 209, 0.5)?, None)?);
    Ok(Split::new(LayerModel::new(features), LayerModel::new(adaptation)))
}

/// A model that does not say what it is made of, so that nothing can be made of that.
#[derive(Debug)]
pub struct Opaque<M>(pub M);

impl<M: Differentiable> Differentiable for Opaque<M> {
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

impl<M: LayerSplit> LayerSplit for Opaque<M> {
    fn features(&self) -> BoxModel<'_, M::Backend> {
        Box::new(Opaque(self.0.features()))
    }
    fn adaptation(&self) -> BoxModel<'_, M::Backend> {
        Box::new(Opaque(self.0.adaptation()))
    }
}

/// The shape of a batch of images for [`small_network`].
pub fn images(batch: usize) -> Vec<usize> {
    vec![batch, 3, 9, 8]
}
