//! Layers small enough to differentiate in the head, on any backend.

use ndarray::{Array4, ArrayD, array};
use xai::{Backend, Element, Error, Layer, Result, Tensor, Var};

/// x ↦ factor · x
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale(pub(crate) f64);

impl<B: Backend> Layer<B> for Scale {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x * self.0)
    }
}

/// x ↦ x²
#[derive(Debug, Clone, Copy)]
pub(crate) struct Square;

impl<B: Backend> Layer<B> for Square {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(&x * &x)
    }
}

/// (B, K, H, W) ↦ (B, K): the sum over all pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SumPixels;

impl<B: Backend> Layer<B> for SumPixels {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        // Behind a method on the framework's tensors, the shape is not known yet.
        if let Ok(got) = x.shape()
            && got.len() != 4
        {
            return Err(Error::InvalidShape { what: "image".into(), got, reason: "give (B, K, H, W)".into() });
        }
        Ok(x.sum(&[2, 3]).flatten(1, -1))
    }
}

/// (B, K) ↦ (B, 1): the weighted sum of the channels.
#[derive(Debug, Clone)]
pub(crate) struct Mix(pub(crate) Vec<f64>);

/// The weighted sum of the channels.
pub(crate) fn mixed<'m, B: Backend>(weights: &[f64], x: &Var<'m, B>) -> Result<Var<'m, B>> {
    let weights = weights.iter().map(|&w| B::Elem::of(w)).collect::<Vec<_>>();
    let weights = ArrayD::from_shape_vec(vec![1, weights.len()], weights).unwrap();
    let weights = x.constant(Tensor::upload(weights.view(), &B::Placement::default())?);
    Ok((x * weights).sum(&[1]))
}

impl<B: Backend> Layer<B> for Mix {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        mixed(&self.0, &x)
    }
}

/// Two channels of one row of two pixels, small integers: every number of the tests is exact.
pub(crate) fn image() -> Array4<f64> {
    array![[[[1.0, 2.0]], [[3.0, -1.0]]]]
}
