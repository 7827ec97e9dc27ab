//! Layers small enough to differentiate in the head, on any backend.

use ndarray::{Array4, ArrayD, array};
use xai::{Backend, Element, Error, Layer, Pullback, Result, Tensor};

/// x ↦ factor · x
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale(pub(crate) f64);

impl<B: Backend> Layer<B> for Scale {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        x.scale(self.0)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        Ok((x.scale(self.0)?, Pullback::new(|v| v.scale(self.0))))
    }
    fn is_affine(&self) -> bool {
        true
    }
}

/// x ↦ x²
#[derive(Debug, Clone, Copy)]
pub(crate) struct Square;

impl<B: Backend> Layer<B> for Square {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        x.mul(x)
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let twice = x.scale(2.0)?;
        Ok((x.mul(x)?, Pullback::new(move |v| v.mul(&twice))))
    }
}

/// (B, K, H, W) ↦ (B, K): the sum over all pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SumPixels;

impl<B: Backend> Layer<B> for SumPixels {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let shape = x.shape();
        if shape.len() != 4 {
            return Err(Error::InvalidShape { what: "image".into(), got: shape, reason: "give (B, K, H, W)".into() });
        }
        x.sum(&[2, 3])?.reshape(&shape[..2])
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let shape = x.shape();
        let pull = move |v: &Tensor<B>| v.reshape(&[shape[0], shape[1], 1, 1])?.broadcast_to(&shape);
        Ok((Layer::forward(self, x)?, Pullback::new(pull)))
    }
}

/// (B, K) ↦ (B, 1): the weighted sum of the channels.
#[derive(Debug, Clone)]
pub(crate) struct Mix(pub(crate) Vec<f64>);

impl Mix {
    fn weights<B: Backend>(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let weights = self.0.iter().map(|&w| B::Elem::of(w)).collect();
        let weights = ArrayD::from_shape_vec(vec![1, self.0.len()], weights).unwrap();
        Tensor::upload(weights.view(), &x.placement())
    }
}

impl<B: Backend> Layer<B> for Mix {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        x.mul(&self.weights(x)?)?.sum(&[1])
    }
    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        let weights = self.weights(x)?;
        Ok((Layer::forward(self, x)?, Pullback::new(move |v| v.mul(&weights))))
    }
}

/// Two channels of one row of two pixels, small integers: every number of the tests is exact.
pub(crate) fn image() -> Array4<f64> {
    array![[[[1.0, 2.0]], [[3.0, -1.0]]]]
}
