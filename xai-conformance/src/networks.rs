//! A small network that analyzers are tried on.

use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, ChannelAffine, Conv2d, Flatten, Linear, MaxPool2d, Residual, Sequential,
};
use xai_core::{Arithmetic, Backend, Differentiable, Element, Graph, LayerSplit, Net, Result, Split, Tensor, Var};

use crate::values;

/// A convolutional network on images (B, 3, 9, 8) with 5 outputs: strides, groups, a residual block, pooling with a
/// remainder. Its adaptation part is pool, flatten, linear, relu, linear.
///
/// # Errors
/// When the weights cannot be brought to the placement.
pub fn small_network<B: Backend>(
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
    Ok(Split::new(Net::new(features), Net::new(adaptation)))
}

/// The model's two parts as steps that nobody can look into, so that nothing can be made of what they are made of.
#[derive(Debug)]
pub struct Opaque<M>(pub M);

impl<M: LayerSplit> Opaque<M> {
    /// What leads to the place that the model marks, or what is behind it.
    fn part<'m>(&'m self, shapes: &[Vec<usize>], behind: bool) -> Result<Graph<'m, M::Backend>> {
        let graph = self.0.graph(shapes)?;
        let (start, rest) = graph.split(graph.place(self.0.split_at())?)?;
        Ok(if behind { rest } else { start })
    }

    fn hidden<'m>(&'m self, of: &[usize], behind: bool) -> xai_core::Opaque<'m, M::Backend> {
        let sample = of.get(1..).unwrap_or_default().to_vec();
        let shapes = move |x: &[Tensor<M::Backend>]| {
            let rows = x.first().and_then(|x| x.shape().first().copied()).unwrap_or(0);
            vec![[&[rows], &sample[..]].concat()]
        };
        let again = shapes.clone();
        xai_core::Opaque::with_vjp(
            move |x| self.part(&shapes(x), behind)?.forward(x),
            move |x| self.part(&again(x), behind)?.vjp(x, &[true], None),
        )
    }
}

impl<M: LayerSplit> Differentiable for Opaque<M> {
    type Backend = M::Backend;
    fn trace<'m>(&'m self, inputs: &[Var<'m, M::Backend>]) -> Result<Var<'m, M::Backend>> {
        let [x] = inputs else { return self.0.trace(inputs) };
        let shape = x.shape()?;
        let maps = x.within("features", || Ok(x.opaque(self.hidden(&shape, false))))?;
        Ok(maps.opaque(self.hidden(&shape, true)))
    }
    fn placement(&self) -> Option<<M::Backend as Arithmetic>::Placement> {
        self.0.placement().or_else(|| self.0.graph(&[images(1)]).ok()?.placement())
    }
}

impl<M: LayerSplit> LayerSplit for Opaque<M> {
    fn split_at(&self) -> &str {
        "features"
    }
}

/// The shape of a batch of images for [`small_network`].
pub fn images(batch: usize) -> Vec<usize> {
    vec![batch, 3, 9, 8]
}
