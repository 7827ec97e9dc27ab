//! A batch gives what its samples give one by one, in any chunks, wrapped in anything.

use ndarray::{Array2, Axis, array, s};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, AtLayer, Differentiable, ExpectedGradients, Explanation, Gradient, IntegratedGradients,
    InterpolationAugmentation, MaxActivation, Moment, NoiseAugmentation, OverReferences, Quadrature, Reference,
    ReferenceSet, SmoothGradSquared, VarGrad,
};

use crate::models::differences::linear;
use crate::models::{B, TanhNet};

pub(crate) fn inputs() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5]]
}

pub(crate) fn background() -> Array2<f64> {
    array![[0.0, 0.5, -0.25], [1.0, -1.0, 0.5], [-0.75, 0.25, 2.0], [0.5, 0.0, 0.25]]
}

/// As [`TanhNet`], of layers that are known: it begins with an affine one.
pub(crate) fn known() -> Sequential<B> {
    Sequential::new().push(linear(1, 4, 3)).push_named("hidden", Activation::Tanh).push(linear(2, 2, 4))
}

type Made<M> = Box<dyn Analyzer<M>>;

/// Everything with draws and references, for samples that have these references of their own.
fn all<M: Differentiable<Backend = B> + 'static>(own: &Array2<f64>, chunk: usize) -> Vec<Made<M>> {
    let expected = || ExpectedGradients::new(&background()).n(10).seed(3).chunk(chunk);
    let integrated = || IntegratedGradients::new().n(5).chunk(chunk);
    let over = |set: ReferenceSet| OverReferences::new(integrated(), set).chunk(chunk);
    let mixed = || ReferenceSet::new([Reference::Zeros, Reference::array(own), Reference::Constant(0.5)]);
    let noise = |moment| NoiseAugmentation::new(Gradient, 7).std(0.3).moment(moment).chunk(chunk);
    let mut all: Vec<Made<M>> = vec![
        Box::new(expected()),
        Box::new(expected().n(3)),
        Box::new(expected().std(0.2)),
        Box::new(expected().references(mixed())),
        Box::new(over((&background()).into())),
        Box::new(over(mixed())),
        Box::new(OverReferences::new(integrated().tolerance(0.05), &background()).chunk(chunk)),
        Box::new(NoiseAugmentation::new(expected(), 4).std(0.1).chunk(chunk)),
        Box::new(NoiseAugmentation::new(over(mixed()), 4).std(0.1).chunk(chunk)),
        Box::new(NoiseAugmentation::new(over(mixed()), 4).std(0.1).moment(Moment::Variance).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(expected(), 3).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(noise(Moment::Square), 3).reference(own).chunk(chunk)),
        Box::new(OverReferences::new(InterpolationAugmentation::new(noise(Moment::Mean), 3), mixed()).chunk(chunk)),
        Box::new(SmoothGradSquared::new().n(9).chunk(chunk)),
        Box::new(SmoothGradSquared::new().n(9).antithetic(true).chunk(chunk)),
        Box::new(VarGrad::new().n(9).chunk(chunk)),
        Box::new(NoiseAugmentation::new(Gradient, 33).chunk(chunk)),
        Box::new(NoiseAugmentation::new(Gradient, 33).antithetic(true).chunk(chunk)),
        Box::new(NoiseAugmentation::new(noise(Moment::Variance), 3).std(0.1).chunk(chunk)),
    ];
    for rule in Quadrature::ALL {
        all.push(Box::new(OverReferences::new(integrated().quadrature(rule), &background()).chunk(chunk)));
    }
    all
}

/// √(Σⱼ sⱼ²) of each sample, from what is told relative to the values.
pub(crate) fn standard_error(why: &Explanation<f64, ndarray::Ix2>) -> Vec<f64> {
    let sizes = why.values.outer_iter().map(|row| row.iter().map(|v| v * v).sum::<f64>().sqrt());
    why.extras.estimated_error.as_ref().unwrap().iter().zip(sizes).map(|(error, size)| error * size).collect()
}

/// Every list of the extras, by its name.
fn lists<D: xai_core::Dims<f64>>(why: &Explanation<f64, D>) -> [(&'static str, Option<Vec<f64>>); 2] {
    let extras = &why.extras;
    [("gap", extras.completeness_gap.clone()), ("estimated error", extras.estimated_error.clone())]
}

fn a_batch_equals_its_samples<M: Differentiable<Backend = B> + 'static>(
    model: &M,
    x: &Array2<f64>,
    own: &Array2<f64>,
    made: impl Fn(&Array2<f64>, usize) -> Vec<Made<M>>,
) {
    let part = |all: &Array2<f64>, rows: std::ops::Range<usize>| all.slice(s![rows, ..]).to_owned();
    for which in 0..made(own, 1).len() {
        let alone: Vec<_> = (0..3)
            .map(|i| {
                let analyzer = made(&part(own, i..i + 1), 8).swap_remove(which);
                analyzer.analyze(model, &part(x, i..i + 1), MaxActivation).unwrap()
            })
            .collect();
        for (batch, chunk) in [(1, 1), (1, 3), (1, 64), (3, 1), (3, 2), (3, 7), (3, 64)] {
            let analyzer = made(&part(own, 0..batch), chunk).swap_remove(which);
            let why = analyzer.analyze(model, &part(x, 0..batch), MaxActivation).unwrap();
            for (sample, alone) in alone.iter().enumerate().take(batch) {
                let what = format!("{which}, {}: sample {sample} of {batch} in chunks of {chunk}", why.analyzer);
                let apart = &why.values.index_axis(Axis(0), sample) - &alone.values.index_axis(Axis(0), 0);
                assert!(apart.iter().all(|gap| gap.abs() < 1e-11), "{what}: {apart}");
                assert_eq!(why.selection.indices()[sample], alone.selection.indices()[0], "{what}");
                for ((name, got), (_, expected)) in lists(&why).into_iter().zip(lists(alone)) {
                    assert_eq!(got.is_some(), expected.is_some(), "{what}: {name}");
                    let apart = got.zip(expected).map_or(0.0, |(got, expected)| (got[sample] - expected[0]).abs());
                    assert!(apart < 1e-11, "{what}: {name} by {apart}");
                }
            }
        }
    }
}

#[test]
fn of_a_model_that_nobody_can_look_into() {
    let without_secants = |own: &Array2<f64>, chunk| all(own, chunk);
    a_batch_equals_its_samples(
        &TanhNet::default(),
        &inputs(),
        &background().slice(s![..3, ..]).to_owned(),
        without_secants,
    );
}

#[test]
fn of_a_model_with_an_affine_start() {
    a_batch_equals_its_samples(&known(), &inputs(), &background().slice(s![..3, ..]).to_owned(), all);
}

#[test]
fn at_a_layer() {
    let (model, x) = (known(), inputs());
    let background = Array2::from_shape_fn((3, 4), |(i, j)| (i as f64 - j as f64) / 5.0);
    let expected = |chunk| AtLayer::new(ExpectedGradients::new(&background).n(9).chunk(chunk), "hidden");
    let over =
        |chunk| AtLayer::new(OverReferences::new(IntegratedGradients::new().n(2), &background).chunk(chunk), "hidden");
    // Behind the place the model is linear: w · (h - mean of the references) from either.
    for chunk in [1, 2, 64] {
        let a = expected(chunk).analyze(&model, &x, MaxActivation).unwrap();
        let b = over(chunk).analyze(&model, &x, MaxActivation).unwrap();
        assert_eq!(a.values.shape(), [3, 4]);
        assert!((&a.values - &b.values).iter().all(|gap| gap.abs() < 1e-12));
        assert!(a.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
    }
}
