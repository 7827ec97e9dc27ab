//! A reference that is an array belongs to the samples: whatever wraps the path, and however a batch is cut.

use ndarray::{Array2, Axis, array, s};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, Differentiable, Error, Gradient, Index, IntegratedGradients, InterpolationAugmentation, MaxActivation,
    NoiseAugmentation, Quadrature, Reference, SmoothGrad,
};

use crate::models::differences::linear;
use crate::models::{B, TanhNet};

fn inputs() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5]]
}

fn references() -> Array2<f64> {
    array![[0.0, 0.5, -0.25], [1.0, -1.0, 0.5], [-0.75, 0.25, 2.0]]
}

/// As [`TanhNet`], of layers that are known: it begins with an affine one.
fn known() -> Sequential<B> {
    Sequential::new().push(linear(1, 4, 3)).push(Activation::Tanh).push(linear(2, 2, 4))
}

fn path(x0: &Array2<f64>, chunk: usize) -> IntegratedGradients {
    IntegratedGradients::new().n(5).reference(x0).chunk(chunk)
}

type Made<M> = Box<dyn Analyzer<M>>;

/// Everything that wraps a path, for samples that have these references.
fn wrapped<M: Differentiable<Backend = B> + 'static>(x0: &Array2<f64>, chunk: usize) -> Vec<Made<M>> {
    let noise = |seed| NoiseAugmentation::new(path(x0, chunk), 6).std(0.2).seed(seed).chunk(chunk);
    let along = || InterpolationAugmentation::new(path(x0, chunk), 4).chunk(chunk);
    let mut all: Vec<Made<M>> = vec![
        Box::new(noise(0)),
        Box::new(NoiseAugmentation::new(path(x0, chunk), 6).relative_std(0.1).chunk(chunk)),
        Box::new(NoiseAugmentation::new(path(x0, chunk), 5).antithetic(true).std(0.3).chunk(chunk)),
        Box::new(NoiseAugmentation::new(noise(3), 2).std(0.1).chunk(chunk)),
        Box::new(along()),
        Box::new(along().reference(&(x0 * 0.5))),
        Box::new(InterpolationAugmentation::new(along(), 3).reference(x0).chunk(chunk)),
        Box::new(NoiseAugmentation::new(along().reference(x0), 3).std(0.1).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(noise(1), 3).reference(x0).chunk(chunk)),
        Box::new(NoiseAugmentation::new(path(x0, chunk).tolerance(0.05), 2).std(0.2).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(SmoothGrad::new().n(3).chunk(chunk), 4).reference(x0).chunk(chunk)),
    ];
    for rule in Quadrature::ALL {
        let path = path(x0, chunk).quadrature(rule);
        all.push(Box::new(path.clone()));
        all.push(Box::new(NoiseAugmentation::new(path.clone(), 6).std(0.2).chunk(chunk)));
        all.push(Box::new(InterpolationAugmentation::new(path, 3).quadrature(rule).reference(x0).chunk(chunk)));
    }
    all
}

fn a_batch_equals_its_samples<M: Differentiable<Backend = B> + 'static>(model: &M) {
    let (x, x0) = (inputs(), references());
    let part = |all: &Array2<f64>, rows: std::ops::Range<usize>| all.slice(s![rows, ..]).to_owned();
    for which in 0..wrapped::<M>(&x0, 1).len() {
        let alone: Vec<_> = (0..3)
            .map(|i| {
                let analyzer = wrapped::<M>(&part(&x0, i..i + 1), 8).swap_remove(which);
                analyzer.analyze(model, &part(&x, i..i + 1), MaxActivation).unwrap()
            })
            .collect();
        for (batch, chunk) in [(1, 1), (1, 2), (1, 5), (1, 64), (3, 1), (3, 2), (3, 5), (3, 64)] {
            let analyzer = wrapped::<M>(&part(&x0, 0..batch), chunk).swap_remove(which);
            let why = analyzer.analyze(model, &part(&x, 0..batch), MaxActivation).unwrap();
            let gaps = why.extras.completeness_gap.unwrap_or_default();
            for (sample, alone) in alone.iter().enumerate().take(batch) {
                let apart = &why.values.index_axis(Axis(0), sample) - &alone.values.index_axis(Axis(0), 0);
                let furthest = apart.iter().fold(0.0, |most: f64, gap| most.max(gap.abs()));
                assert!(furthest < 1e-12, "{} of {batch} in chunks of {chunk}: {furthest}", why.analyzer);
                assert_eq!(why.selection.indices()[sample], alone.selection.indices()[0]);
                let gap = alone.extras.completeness_gap.as_ref().map(|gaps| gaps[0]);
                assert!(gap.zip(gaps.get(sample)).is_none_or(|(a, b)| (a - b).abs() < 1e-12), "{}", why.analyzer);
            }
        }
    }
}

#[test]
fn a_batch_equals_its_samples_with_their_references() {
    a_batch_equals_its_samples(&TanhNet::default());
}

#[test]
fn and_so_it_does_behind_an_affine_start() {
    a_batch_equals_its_samples(&known());
}

#[test]
fn noise_of_next_to_no_size_changes_next_to_nothing() {
    let (model, x, x0) = (known(), inputs(), references());
    for rule in Quadrature::ALL {
        for chunk in [1, 2, 5, 64] {
            let path = path(&x0, chunk).quadrature(rule);
            let plain = path.analyze(&model, &x, Index(1)).unwrap().values;
            let once = NoiseAugmentation::new(path, 6).std(1e-9).chunk(chunk);
            let noisy = once.analyze(&model, &x, Index(1)).unwrap().values;
            assert!((&noisy - &plain).iter().all(|gap| gap.abs() < 1e-6), "{rule}");
            let twice = NoiseAugmentation::new(once, 2).std(1e-9).chunk(chunk);
            let noisier = twice.analyze(&model, &x, Index(1)).unwrap().values;
            assert!((&noisier - &plain).iter().all(|gap| gap.abs() < 1e-6), "{rule}");
        }
    }
}

/// (x - r) · Σᵢ wᵢ IG(r + αᵢ (x - r)), where every point's own path begins at x₀.
#[test]
fn a_path_in_a_path_by_hand() {
    let (model, x, x0) = (TanhNet::default(), inputs(), references());
    let r = x0.mapv(|v| 0.25 - v);
    for rule in Quadrature::ALL {
        let nested = InterpolationAugmentation::new(path(&x0, 7), 4).quadrature(rule).reference(&r).chunk(7);
        let got = nested.analyze(&model, &x, Index(0)).unwrap().values;
        let mut expected = Array2::<f64>::zeros(x.raw_dim());
        for (alpha, weight) in rule.points(4).unwrap() {
            let point = &r + &((&x - &r) * alpha);
            expected = expected + path(&x0, 64).analyze(&model, &point, Index(0)).unwrap().values * weight;
        }
        let expected = expected * (&x - &r);
        assert!((&got - &expected).iter().all(|gap| gap.abs() < 1e-12), "{rule}");
    }
}

/// Samples in another order, with their references: the same values in that order.
#[test]
fn references_go_with_their_samples() {
    let model = known();
    let turned = |all: Array2<f64>| all.select(Axis(0), &[2, 0, 1]);
    for which in 0..wrapped::<Sequential<B>>(&references(), 1).len() {
        let run = |x0: Array2<f64>, x: Array2<f64>| {
            wrapped::<Sequential<B>>(&x0, 2).swap_remove(which).analyze(&model, &x, MaxActivation).unwrap().values
        };
        let (straight, other) = (run(references(), inputs()), run(turned(references()), turned(inputs())));
        assert!((turned(straight) - other).iter().all(|gap| gap.abs() < 1e-12));
    }
}

#[test]
fn a_reference_of_another_shape_is_still_refused() {
    let x = inputs();
    let x0 = references().slice(s![..2, ..]).to_owned();
    for analyzer in wrapped::<TanhNet>(&x0, 4) {
        let error = analyzer.analyze(&TanhNet::default(), &x, MaxActivation).unwrap_err();
        assert!(matches!(&error, Error::Shape { expected, got, .. } if expected[0] == 3 && got[0] == 2), "{error}");
    }
    // Those that belong to no sample fit any batch.
    for reference in [Reference::Zeros, Reference::Constant(0.5), Reference::sample(&array![0.1, 0.2, 0.3])] {
        let path = InterpolationAugmentation::new(Gradient, 5).reference(reference);
        let why = NoiseAugmentation::new(path, 3).std(0.1).analyze(&TanhNet::default(), &x, MaxActivation);
        assert_eq!(why.unwrap().values.shape(), [3, 3]);
    }
}
