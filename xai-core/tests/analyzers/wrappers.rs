//! What wrappers promise: batches, chunks, nesting, seeds, progress.

use std::sync::{Arc, Mutex};

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Array4, Axis, array, concatenate};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use xai_core::{
    Analyzer, GradCam, Gradient, Index, InputTimesGradient, IntegratedGradients, InterpolationAugmentation,
    MaxActivation, NoiseAugmentation, PerSample, Progress, Quadrature, Reference, SmoothGrad,
};

use crate::models::{B, TanhNet, cam_model};

fn inputs() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5], [0.0, 0.0, 0.0], [1.0, -1.0, 3.0]]
}

type AnyAnalyzer = Box<dyn Analyzer<TanhNet>>;

/// Every analyzer and some nestings, in chunks of the given size.
fn analyzers(chunk: usize) -> Vec<AnyAnalyzer> {
    let path = |rule| IntegratedGradients::new().n(9).quadrature(rule).chunk(chunk).reference(Reference::Constant(0.2));
    let mut all: Vec<AnyAnalyzer> = vec![
        Box::new(Gradient),
        Box::new(InputTimesGradient),
        Box::new(SmoothGrad::new().n(11).seed(5).chunk(chunk)),
        Box::new(SmoothGrad::new().n(4).relative_std(0.3).chunk(chunk)),
        Box::new(SmoothGrad::new().n(5).antithetic(true).chunk(chunk)),
        Box::new(IntegratedGradients::new().tolerance(0.01).chunk(chunk).reference(Reference::Constant(0.2))),
        Box::new(NoiseAugmentation::new(IntegratedGradients::new().tolerance(0.1).chunk(chunk), 3).chunk(chunk)),
        Box::new(NoiseAugmentation::new(path(Quadrature::Midpoint), 3).std(0.1).chunk(chunk)),
        Box::new(InterpolationAugmentation::new(SmoothGrad::new().n(3).chunk(chunk), 5).chunk(chunk)),
        Box::new(
            NoiseAugmentation::new(
                NoiseAugmentation::new(InterpolationAugmentation::new(InputTimesGradient, 4).chunk(chunk), 2),
                3,
            )
            .chunk(chunk),
        ),
    ];
    all.extend(Quadrature::ALL.map(|rule| Box::new(path(rule)) as AnyAnalyzer));
    all
}

#[test]
fn a_batch_equals_its_samples_one_by_one_in_any_chunks() {
    let (model, x) = (TanhNet::default(), inputs());
    for which in 0..analyzers(1).len() {
        let one_by_one: Vec<_> = x
            .axis_chunks_iter(Axis(0), 1)
            .map(|sample| analyzers(8)[which].analyze(&model, &sample, MaxActivation).unwrap())
            .collect();
        let values: Vec<_> = one_by_one.iter().map(|why| why.values.view()).collect();
        let values = concatenate(Axis(0), &values).unwrap();
        for chunk in [1, 2, 3, 7, 1000] {
            let why = analyzers(chunk)[which].analyze(&model, &x, MaxActivation).unwrap();
            assert_abs_diff_eq!(why.values, values, epsilon = 1e-12);
            for (sample, alone) in one_by_one.iter().enumerate() {
                assert_eq!(why.selection.indices()[sample], alone.selection.indices()[0], "{}", why.analyzer);
                assert_abs_diff_eq!(
                    why.output.index_axis(Axis(0), sample).to_owned(),
                    alone.output.index_axis(Axis(0), 0).to_owned(),
                    epsilon = 1e-12
                );
                let gap = |why: &xai_core::Explanation<f64, _>, i: usize| {
                    why.extras.completeness_gap.as_ref().map(|gaps| gaps[i])
                };
                match (gap(&why, sample), gap(alone, 0)) {
                    (Some(a), Some(b)) => assert_abs_diff_eq!(a, b, epsilon = 1e-12),
                    (a, b) => assert_eq!(a, b, "{}", why.analyzer),
                }
            }
        }
    }
}

#[test]
fn the_output_is_chosen_once_on_the_clean_input() {
    // The noise is far larger than the input: the highest output of the noisy copies changes, the explained one must
    // not.
    let (model, x) = (TanhNet::default(), inputs());
    let loud = NoiseAugmentation::new(Gradient, 20).std(5.0);
    let by_max = loud.analyze(&model, &x, MaxActivation).unwrap();
    let chosen: Vec<usize> = by_max.selection.indices().iter().map(|i| i[0]).collect();
    assert_eq!(chosen.iter().min(), Some(&0), "the case must cover both outputs");
    assert_eq!(chosen.iter().max(), Some(&1), "the case must cover both outputs");
    let by_index = loud.analyze(&model, &x, PerSample(chosen)).unwrap();
    assert_eq!(by_max.values, by_index.values);
}

#[test]
fn seeds_decide_the_noise() {
    let (model, x) = (TanhNet::default(), inputs());
    let run = |analyzer: SmoothGrad| analyzer.analyze(&model, &x, Index(0)).unwrap().values;
    let base = || SmoothGrad::new().n(6).std(0.5);
    assert_eq!(run(base()), run(base().seed(0)), "the default seed is 0");
    assert_eq!(run(base().seed(9)), run(base().seed(9)));
    assert_ne!(run(base().seed(9)), run(base().seed(10)));
    let own = || base().rng(ChaCha20Rng::seed_from_u64(4));
    let analyzer = own();
    let first = analyzer.analyze(&model, &x, Index(0)).unwrap().values;
    let second = analyzer.analyze(&model, &x, Index(0)).unwrap().values;
    assert_eq!(first, second, "the user's generator starts anew for each analysis");
    assert_ne!(first, run(base()));
}

#[test]
fn antithetic_copies_cancel_what_is_odd_in_the_noise() {
    // The gradient of x² is odd around any point: a pair has no noise left, and the copy without a partner has its own.
    let square = crate::models::scalar(|x| x[0] * x[0], |x| vec![2.0 * x[0]]);
    let run = |n, chunk, antithetic| {
        let analyzer = SmoothGrad::new().n(n).std(3.0).seed(8).chunk(chunk).antithetic(antithetic);
        analyzer.analyze(&square, &array![[1.5]], Index(0)).unwrap().values[[0, 0]]
    };
    for chunk in [1, 2, 3, 100] {
        assert_abs_diff_eq!(run(8, chunk, true), 3.0, epsilon = 1e-12);
        assert_abs_diff_eq!(run(5, chunk, true), run(5, 7, true), epsilon = 1e-12);
    }
    assert!((run(8, 8, false) - 3.0).abs() > 1e-3);
    // Five copies are the first three draws, two of them with their opposites: what is left is the third's, one fifth.
    let [two, three] = [run(2, 8, false), run(3, 8, false)];
    let third = 3.0 * (three - 3.0) - 2.0 * (two - 3.0);
    assert_abs_diff_eq!(run(5, 8, true) - 3.0, third / 5.0, epsilon = 1e-12);
    assert_eq!(run(1, 8, true), run(1, 8, false));
}

#[test]
fn antithetic_copies_have_the_same_mean_and_less_variance() {
    let cubic = crate::models::scalar(|x| (x[0] + 1.0).powi(3) / 3.0, |x| vec![(x[0] + 1.0).powi(2)]);
    let squared_error = |antithetic| {
        let error = |seed| {
            let analyzer = SmoothGrad::new().n(10).std(0.5).seed(seed).antithetic(antithetic);
            // The mean of (1 + ε)² is 1 + σ².
            analyzer.analyze(&cubic, &array![[0.0]], Index(0)).unwrap().values[[0, 0]] - 1.25
        };
        let errors: Vec<f64> = (0..400).map(error).collect();
        let mean = errors.iter().sum::<f64>() / 400.0;
        assert!(mean.abs() < 0.05, "antithetic {antithetic}: biased by {mean}");
        errors.iter().map(|e| e * e).sum::<f64>() / 400.0
    };
    // Independent: (4σ² + 2σ⁴) / 10 = 0.1125. In pairs 2 · 2σ⁴ / 10 = 0.025: the odd part is gone, the even one is
    // there twice.
    let (alone, pairs) = (squared_error(false), squared_error(true));
    assert!((alone / 0.1125 - 1.0).abs() < 0.25 && (pairs / 0.025 - 1.0).abs() < 0.4, "{alone}, {pairs}");
}

#[test]
fn any_distribution_can_be_the_noise() {
    let (model, x) = (TanhNet::default(), inputs());
    let constant = rand_distr::Uniform::new_inclusive(0.25, 0.25).unwrap();
    let shifted = NoiseAugmentation::new(Gradient, 3).distribution(constant).analyze(&model, &x, Index(1)).unwrap();
    let expected = Gradient.analyze(&model, &x.mapv(|v| v + 0.25), Index(1)).unwrap();
    assert_abs_diff_eq!(shifted.values, expected.values, epsilon = 1e-12);
    let exotic = NoiseAugmentation::new(Gradient, 3).distribution(rand_distr::StudentT::new(3.0).unwrap());
    assert!(exotic.analyze(&model, &x, Index(1)).unwrap().values.iter().all(|v| v.is_finite()));
}

#[test]
fn noise_goes_around_grad_cam() {
    let model = cam_model(vec![1.0, -2.0]);
    let x = Array4::from_shape_fn((2, 2, 3, 3), |(b, k, i, j)| (b + 2 * k + i * j) as f64 * 0.1);
    let quiet = NoiseAugmentation::new(GradCam, 4).std(0.0).analyze(&model, &x, Index(1)).unwrap();
    let plain = GradCam.analyze(&model, &x, Index(1)).unwrap();
    assert_abs_diff_eq!(quiet.values, plain.values, epsilon = 1e-12);
    assert_eq!(quiet.values.shape(), [2, 1, 3, 3]);
    assert_eq!(quiet.kind, xai_core::Kind::Cam);
}

#[test]
fn progress_counts_every_evaluation() {
    let (model, x) = (TanhNet::default(), inputs());
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    for rule in Quadrature::ALL {
        for chunk in [1, 3, 100] {
            seen.lock().unwrap().clear();
            let log = Arc::clone(&seen);
            let analyzer = IntegratedGradients::new().n(7).quadrature(rule).chunk(chunk);
            analyzer.on_progress(move |p| log.lock().unwrap().push(p)).analyze(&model, &x, Index(0)).unwrap();
            let seen = seen.lock().unwrap();
            assert!(seen.windows(2).all(|p| p[0].done < p[1].done));
            assert_eq!(seen.last(), Some(&Progress { done: 35, total: 35 }));
        }
    }
}

#[test]
fn names_tell_what_is_wrapped() {
    let nested = NoiseAugmentation::new(InterpolationAugmentation::new(Gradient, 5), 2);
    assert_eq!(Analyzer::<TanhNet>::name(&nested), "NoiseAugmentation(InterpolationAugmentation(Gradient))");
    assert_eq!(Analyzer::<TanhNet>::name(&SmoothGrad::new()), "SmoothGrad");
}

#[test]
fn models_and_analyzers_can_be_trait_objects() {
    let model: Box<dyn xai_core::Differentiable<Backend = B>> = Box::new(TanhNet::default());
    let all: Vec<Box<dyn Analyzer<dyn xai_core::Differentiable<Backend = B>>>> =
        vec![Box::new(Gradient), Box::new(SmoothGrad::new().n(2))];
    for analyzer in &all {
        let why = analyzer.analyze(&*model, &inputs(), MaxActivation).unwrap();
        assert_eq!(why.values.shape(), [5, 3]);
    }
}
