//! Copies of samples, where the model lives: (samples · copies, axes of a sample...), sample by sample.

use crate::{Backend, Element, Result, Tensor};

/// Each row n times.
pub(crate) fn repeated<B: Backend>(x: &Tensor<B>, n: usize) -> Result<Tensor<B>> {
    if n == 1 {
        return Ok(x.clone());
    }
    let shape = x.shape();
    let (batch, sample) = (shape.first().copied().unwrap_or(0), shape.get(1..).unwrap_or_default());
    let wide = x.reshape(&[&[batch, 1], sample].concat())?.broadcast_to(&[&[batch, n], sample].concat())?;
    wide.reshape(&[&[batch * n], sample].concat())
}

/// x₀ + α (x - x₀) for every α; the difference is given.
pub(crate) fn on_path<B: Backend>(x0: &Tensor<B>, difference: &Tensor<B>, alphas: &[f64]) -> Result<Tensor<B>> {
    let shape = x0.shape();
    let (batch, sample) = (shape.first().copied().unwrap_or(0), shape.get(1..).unwrap_or_default());
    let apart = [&[batch, 1], sample].concat();
    let rows = [&[batch * alphas.len()], sample].concat();
    let alphas = per_copy(alphas, sample.len(), x0)?;
    x0.reshape(&apart)?.add(&difference.reshape(&apart)?.mul(&alphas)?)?.reshape(&rows)
}

/// Numbers, one for each copy, shaped (1, copies, 1, ...) beside `like`.
pub(crate) fn per_copy<B: Backend>(numbers: &[f64], rest: usize, like: &Tensor<B>) -> Result<Tensor<B>> {
    let mut shape = vec![1, numbers.len()];
    shape.resize(2 + rest, 1);
    let host = ndarray::Array1::from_iter(numbers.iter().map(|&n| B::Elem::of(n)));
    Tensor::upload(host.view().into_dyn(), &like.placement())?.reshape(&shape)
}
