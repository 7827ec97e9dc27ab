//! Networks that the tests share.

use ndarray::{Array2, Array4, ArrayD, Axis, Dimension, Ix2, Ix4};
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, BatchNorm2d, Concat, Conv2d, Flatten, Identity, Linear, MaxPool2d, Residual,
    Sequential,
};
use xai_core::{Analyzer, Differentiable, Explanation, Index};

use crate::models::B;
use crate::models::differences::{linear, noise, relative_error, tensor, weight};

/// Whether a network has biases, and shifts of norms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Biases {
    With,
    Without,
}

pub(crate) fn conv(seed: u64, outputs: usize, inputs: usize, biases: Biases) -> Conv2d<B> {
    let bias = (biases == Biases::With).then(|| tensor(&(noise(seed + 1000, &[outputs]) * 0.3)));
    Conv2d::new(weight(seed, &[outputs, inputs, 3, 3]), bias).unwrap().padding(1)
}

pub(crate) fn dense(seed: u64, outputs: usize, inputs: usize, biases: Biases) -> Linear<B> {
    match biases {
        Biases::With => linear(seed, outputs, inputs),
        Biases::Without => Linear::new(weight(seed, &[outputs, inputs]), None).unwrap(),
    }
}

/// A norm with scales of both signs.
pub(crate) fn norm(seed: u64, channels: usize, biases: Biases) -> BatchNorm2d<B> {
    let scale = noise(seed, &[channels]).mapv(|s| s + 0.6 * s.signum());
    let shift = noise(seed + 1, &[channels]) * if biases == Biases::With { 0.4 } else { 0.0 };
    BatchNorm2d::new(tensor(&scale), tensor(&shift)).unwrap()
}

/// Convolutions, norms behind and before them, residual sums, overlapping pools, branches side by side; relu
/// throughout.
pub(crate) fn photo_net(biases: Biases) -> Sequential<B> {
    let body = |seed: u64| {
        Sequential::new()
            .push_named("conv", conv(seed, 4, 4, biases))
            .push_named("norm", norm(seed + 1, 4, biases))
            .push_named("relu", Activation::Relu)
            .push_named("conv2", conv(seed + 2, 4, 4, biases))
            .push_named("norm2", norm(seed + 3, 4, biases))
    };
    let pre_activation = Sequential::new()
        .push_named("norm", norm(31, 4, biases))
        .push_named("relu", Activation::Relu)
        .push_named("conv", conv(32, 3, 4, biases));
    Sequential::new()
        .push_named("stem", conv(1, 4, 2, biases))
        .push_named("norm", norm(2, 4, biases))
        .push_named("relu", Activation::Relu)
        .push_named("pool", MaxPool2d::new(3).stride(2).padding(1))
        .push_named("block1", Residual::new(body(10)))
        .push_named("relu1", Activation::Relu)
        .push_named("block2", Residual::new(body(20)).shortcut(conv(40, 4, 4, biases)))
        .push_named("side", Concat::new().push(Identity).push(pre_activation))
        .push_named("relu2", Activation::Relu)
        .push_named("mean", AdaptiveAvgPool2d::new(2))
        .push_named("flat", Flatten::default())
        .push_named("hidden", dense(50, 6, 28, biases))
        .push_named("relu3", Activation::Relu)
        .push_named("classes", dense(51, 3, 6, biases))
}

pub(crate) fn photos(seed: u64, batch: usize) -> Array4<f64> {
    noise(seed, &[batch, 2, 9, 8]).into_dimensionality::<Ix4>().unwrap()
}

pub(crate) fn rows(seed: u64, batch: usize, width: usize) -> Array2<f64> {
    noise(seed, &[batch, width]).into_dimensionality::<Ix2>().unwrap()
}

pub(crate) fn explain<M, A, D>(analyzer: &A, model: &M, x: &ndarray::Array<f64, D>, index: usize) -> Explanation<f64>
where
    M: Differentiable<Backend = B> + ?Sized,
    A: Analyzer<M>,
    D: Dimension,
{
    analyzer.analyze(model, &x.clone().into_dyn(), Index(index)).unwrap()
}

pub(crate) fn values<M, A, D>(analyzer: &A, model: &M, x: &ndarray::Array<f64, D>, index: usize) -> ArrayD<f64>
where
    M: Differentiable<Backend = B> + ?Sized,
    A: Analyzer<M>,
    D: Dimension,
{
    explain(analyzer, model, x, index).values
}

/// A batch gives what its samples give.
pub(crate) fn batch_is_its_samples<A: Analyzer<Sequential<B>>>(analyzer: &A, model: &Sequential<B>, x: &Array4<f64>) {
    let all = values(analyzer, model, x, 1);
    for sample in 0..x.len_of(Axis(0)) {
        let alone = values(analyzer, model, &x.select(Axis(0), &[sample]), 1);
        assert_close(&alone, &all.select(Axis(0), &[sample]), 1e-11, &analyzer.name());
    }
}

#[track_caller]
pub(crate) fn assert_close(got: &ArrayD<f64>, expected: &ArrayD<f64>, within: f64, what: &str) {
    let error = relative_error(got, expected);
    assert!(error <= within, "{what}: {error:e}");
}
