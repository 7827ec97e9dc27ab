//! What absent means.

use ndarray::{Array1, Array2, Array4, Axis, array};
use xai_core::{
    Analyzer, Differentiable, Error, ExactShapley, FeatureAblation, Features, Fill, Index, NdArray, NoiseAugmentation,
    Occlusion, Opaque, Reference, Tensor, Var,
};

use super::cases::{close, linear, numbers, of_row, weight};

fn weights(n: usize) -> Array1<f64> {
    (0..n).map(weight).collect()
}

#[test]
fn references_for_all_for_each_sample_and_for_a_set() {
    let x = numbers::<f64, _>((3, 4));
    let model = linear::<ndarray::Ix2>();
    let values = |fill: Fill| FeatureAblation::new().fill(fill).analyze(&model, &x, Index(0)).unwrap().values;
    close(&values(Reference::Constant(0.3).into()), &((&x - 0.3) * &weights(4)), 1e-12);
    let own = numbers::<f64, _>((3, 4)).mapv(|v| v * v);
    close(&values(Reference::array(&own).into()), &((&x - &own) * &weights(4)), 1e-12);
    let set = numbers::<f64, _>((5, 4)).mapv(|v| 1.0 - v * v);
    close(&values(Fill::background(&set)), &((&x - &set.mean_axis(Axis(0)).unwrap()) * &weights(4)), 1e-12);
    // Of a model with interactions the mean is over outputs, not over references.
    let product = of_row(|x| x[0] * x[1] * x[1]);
    let found = FeatureAblation::new().fill(Fill::background(&set)).analyze(&product, &x, Index(0)).unwrap();
    for (sample, row) in x.outer_iter().enumerate() {
        let without = set.outer_iter().map(|r| row[0] * r[1] * r[1]).sum::<f64>() / 5.0;
        assert!((found.values[[sample, 1]] - (row[0] * row[1] * row[1] - without)).abs() < 1e-12);
    }
    // Five for each copy, and the clean one.
    assert_eq!(found.extras.evaluations, Some(vec![21; 3]));
}

/// x·y + 2·x, of two inputs: Σⱼ over their numbers.
struct Pairs;

impl Differentiable for Pairs {
    type Backend = NdArray<f64>;
    fn trace<'m>(&'m self, x: &[Var<'m, NdArray<f64>>]) -> Result<Var<'m, NdArray<f64>>, Error> {
        let code = Opaque::forward_only(|x: &[Tensor<NdArray<f64>>]| x[0].mul(&x[1].affine(1.0, 2.0)?)?.sum(&[1]));
        Ok(x[0].opaque_with(code, &[&x[1]]))
    }
}

/// Each input has its own: a feature that is absent takes its reference's number, and nothing of the other's.
#[test]
fn references_of_each_input_are_their_own() {
    let (x, y) = (numbers::<f64, _>((3, 4)), numbers::<f64, _>((3, 4)).mapv(|v| 0.3 - v * v));
    let row = array![0.5, -1.0, 2.0, 0.25];
    let own = numbers::<f64, _>((3, 4)).mapv(|v| 1.0 + v);
    let ablate = |references: [Reference; 2], chunk| {
        let fill = Fill::References(references.to_vec());
        FeatureAblation::new().fill(fill).chunk(chunk).analyze(&Pairs, (&x, &y), Index(0)).unwrap().values
    };
    // Without xⱼ: (xⱼ - rⱼ)·(yⱼ + 2). Without yⱼ: xⱼ·(yⱼ - sⱼ).
    let by_hand = |r: &Array2<f64>, s: &Array2<f64>| ((&x - r) * (&y + 2.0), &x * (&y - s));
    let rows = Array2::from_shape_fn((3, 4), |(_, j)| row[j]);
    let constant = Array2::from_elem((3, 4), 0.4);
    let lowest = Array2::from_shape_fn((3, 4), |(s, _)| y.row(s).iter().copied().fold(f64::INFINITY, f64::min));
    for chunk in [1, 5, 100] {
        let found = ablate([Reference::sample(&row), Reference::Constant(0.4)], chunk);
        let expected = by_hand(&rows, &constant);
        close(&found.0, &expected.0, 1e-12);
        close(&found.1, &expected.1, 1e-12);
        let found = ablate([Reference::array(&own), Reference::Lowest], chunk);
        let expected = by_hand(&own, &lowest);
        close(&found.0, &expected.0, 1e-12);
        close(&found.1, &expected.1, 1e-12);
        let found = ablate([Reference::Constant(0.4), Reference::array(&own)], chunk);
        let expected = by_hand(&constant, &own);
        close(&found.0, &expected.0, 1e-12);
        close(&found.1, &expected.1, 1e-12);
    }
    // Values of Shapley share a product's change: half at the one's end, half at the other's.
    let fill = Fill::References(vec![Reference::array(&own), Reference::Constant(0.4)]);
    let exact = ExactShapley::new().fill(fill).analyze(&Pairs, (&x, &y), Index(0)).unwrap().values;
    let (with, of_y) = by_hand(&own, &constant);
    let (without, alone) = ((&x - &own) * (&constant + 2.0), &own * (&y - &constant));
    close(&exact.0, &((with + without) / 2.0), 1e-12);
    close(&exact.1, &((of_y + alone) / 2.0), 1e-12);
}

#[test]
fn a_single_reference_of_a_list_is_that_reference() {
    let x = numbers::<f64, _>((3, 4));
    let own = numbers::<f64, _>((3, 4)).mapv(|v| v * v);
    let fill = || Fill::References(vec![Reference::array(&own)]);
    let linear = FeatureAblation::new().fill(fill()).analyze(&linear::<ndarray::Ix2>(), &x, Index(0)).unwrap();
    close(&linear.values, &((&x - &own) * &weights(4)), 1e-12);
    let product = FeatureAblation::new().fill(fill()).analyze(&of_row(|x| x.iter().product()), &x, Index(0)).unwrap();
    for ((sample, j), value) in product.values.indexed_iter() {
        let others: f64 = (0..4).filter(|&other| other != j).map(|other| x[[sample, other]]).product();
        assert!((value - (x[[sample, j]] - own[[sample, j]]) * others).abs() < 1e-12);
    }
    let wrong = Fill::References(vec![Reference::Zeros, Reference::sample(&array![1.0, 2.0])]);
    let error = FeatureAblation::new().fill(wrong).analyze(&Pairs, (&x, &x), Index(0)).unwrap_err();
    assert!(error.to_string().contains("reference"), "{error}");
}

#[test]
fn references_follow_their_samples_through_chunks_and_wrappers() {
    let x = numbers::<f64, _>((5, 4));
    let own = numbers::<f64, _>((5, 4)).mapv(|v| v * v);
    let model = linear::<ndarray::Ix2>();
    let ablation = FeatureAblation::new().fill(Reference::array(&own));
    for chunk in [1, 2, 64] {
        let noisy = NoiseAugmentation::new(ablation.clone().chunk(chunk), 3).std(0.0).chunk(chunk);
        let why = noisy.analyze(&model, &x, Index(0)).unwrap();
        close(&why.values, &((&x - &own) * &weights(4)), 1e-12);
        let of_features = why.extras.feature_values.unwrap();
        assert!((of_features[4][2] - why.values[[4, 2]]).abs() < 1e-12);
    }
}

#[test]
fn noise_is_a_background_from_the_seed_alone() {
    let x = numbers::<f64, _>((2, 4));
    let model = of_row(|x| x[0] * x[1] + x[2].powi(2) - x[3]);
    let noise = |seed, draws| Fill::Noise { mean: 0.5, std: 2.0, draws, seed };
    let values = |fill: Fill, x: &Array2<f64>, chunk| {
        FeatureAblation::new().fill(fill).chunk(chunk).analyze(&model, x, Index(0)).unwrap().values
    };
    let both = values(noise(3, 4), &x, 64);
    close(&values(noise(3, 4), &x, 1), &both, 1e-12);
    let second = x.select(Axis(0), &[1]);
    close(&values(noise(3, 4), &second, 7), &both.select(Axis(0), &[1]), 1e-12);
    assert!((&values(noise(4, 4), &x, 64) - &both).iter().any(|gap| gap.abs() > 0.1));
    // E[z²] = 0.25 + 4 for z ~ N(0.5, 2).
    let many = values(noise(0, 20_000), &second, 512);
    assert!((many[[0, 2]] - (second[[0, 2]].powi(2) - 4.25)).abs() < 0.15, "{many}");
}

#[test]
fn the_mean_of_the_segment_is_that_of_each_channel() {
    let x = numbers::<f64, _>((2, 2, 4, 4));
    let model = linear::<ndarray::Ix4>();
    let ablation = FeatureAblation::new().features(Features::patches([2, 4])).fill(Fill::SegmentMean);
    let why = ablation.analyze(&model, &x, Index(0)).unwrap();
    for sample in 0..2 {
        for patch in 0..2 {
            let rows = patch * 2..patch * 2 + 2;
            let expected: f64 = (0..2)
                .map(|c| {
                    let part = x.slice(ndarray::s![sample, c, rows.clone(), ..]);
                    let mean = part.mean().unwrap();
                    let term =
                        |(h, w): (usize, usize)| weight(c * 16 + (patch * 2 + h) * 4 + w) * (part[[h, w]] - mean);
                    (0..2).flat_map(|h| (0..4).map(move |w| (h, w))).map(term).sum::<f64>()
                })
                .sum();
            assert!((why.values[[sample, 0, patch * 2, 1]] - expected).abs() < 1e-12);
        }
    }
    let refused = Occlusion::new([2, 2]).fill(Fill::SegmentMean).analyze(&model, &x, Index(0));
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
}

#[test]
fn a_blurred_constant_is_the_constant_itself() {
    let x = Array4::from_shape_fn((1, 2, 6, 5), |(_, c, _, _)| 1.0 + c as f64);
    let ablation = FeatureAblation::new().features(Features::grid([2, 2])).fill(Fill::Blur { sigma: 1.5 });
    let why = ablation.analyze(&linear::<ndarray::Ix4>(), &x, Index(0)).unwrap();
    assert!(why.values.iter().all(|value| value.abs() < 1e-12));
}

/// A plane is its own linear imputation inside, so that nothing is lost without noise.
#[test]
fn linear_imputation_finds_a_plane_again() {
    let x = Array4::from_shape_fn((2, 2, 8, 8), |(b, c, h, w)| (b + 1) as f64 + 0.5 * h as f64 - (c * w) as f64);
    let mut segments = Array2::<usize>::zeros((8, 8));
    segments.slice_mut(ndarray::s![2..6, 1..5]).fill(1);
    let ablation = |std| {
        let fill = Fill::NoisyLinear { std, seed: 1 };
        FeatureAblation::new().features(Features::segments(&segments)).fill(fill)
    };
    let model = linear::<ndarray::Ix4>();
    let why = ablation(0.0).analyze(&model, &x, Index(0)).unwrap();
    for of_sample in why.extras.feature_values.unwrap() {
        assert!(of_sample[0].abs() > 1.0 && of_sample[1].abs() < 1e-8, "{of_sample:?}");
    }
    // The noise is the same in any chunk and batch.
    let noisy = ablation(0.1).analyze(&model, &x, Index(0)).unwrap();
    assert!(noisy.values[[0, 0, 3, 3]].abs() > 1e-3);
    let alone = ablation(0.1).chunk(1).analyze(&model, &x.select(Axis(0), &[1]), Index(0)).unwrap();
    close(&alone.values, &noisy.values.select(Axis(0), &[1]), 1e-10);
}

#[test]
fn impossible_fills_are_refused_by_name() {
    let x = numbers::<f64, _>((2, 1, 4, 4));
    let refused = |fill: Fill| {
        FeatureAblation::new().fill(fill).analyze(&linear::<ndarray::Ix4>(), &x, Index(0)).unwrap_err().to_string()
    };
    assert!(refused(Fill::Blur { sigma: 0.0 }).contains("sigma = 0"));
    assert!(refused(Fill::Noise { mean: 0.0, std: -1.0, draws: 1, seed: 0 }).contains("std = -1"));
    assert!(refused(Fill::Noise { mean: 0.0, std: 1.0, draws: 0, seed: 0 }).contains("draws = 0"));
    assert!(refused(Fill::NoisyLinear { std: f64::NAN, seed: 0 }).contains("std = NaN"));
    assert!(refused(Fill::background(&array![[1.0]])).contains("sample of the background"));
    assert!(refused(Reference::Constant(f64::INFINITY).into()).contains("reference = inf"));
    assert!(refused(Fill::References(vec![])).contains("of 0 inputs"));
    let table = numbers::<f64, _>((1, 4));
    for fill in [Fill::Blur { sigma: 1.0 }, Fill::NoisyLinear { std: 0.1, seed: 0 }] {
        let refused = FeatureAblation::new().fill(fill).analyze(&linear::<ndarray::Ix2>(), &table, Index(0));
        assert!(matches!(refused, Err(Error::InvalidShape { .. })));
    }
}
