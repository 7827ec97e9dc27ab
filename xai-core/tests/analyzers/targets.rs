//! What can be explained beside one output: sums, contrasts, regions, functionals, probabilities.

use ndarray::{Array2, Array4, ArrayD, ArrayViewD, Axis, Ix4, array, concatenate};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, Contrast, Error, Functional, GradCam, Gradient, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, LogProbability, MaxActivation, NoiseAugmentation, OutputScale, OutputSelector,
    Probability, Quadrature, Region, Result, SmoothGrad, SumOfOutputs, Weighted,
};

use crate::models::B;
use crate::models::differences::{conv, differences, linear, noise, output, relative_error};

type Selector = Box<dyn OutputSelector<f64>>;

/// Four classes of three numbers.
fn classes() -> Sequential<B> {
    Sequential::new().push(linear(1, 6, 3)).push_named("hidden", Activation::Tanh).push(linear(2, 4, 6))
}

fn inputs() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5], [-1.0, -1.0, 0.0]]
}

fn softmax(y: &ArrayD<f64>) -> ArrayD<f64> {
    let exps = y.mapv(f64::exp);
    &exps / &exps.sum_axis(Axis(1)).insert_axis(Axis(1))
}

/// Weights of its own for each sample: the output itself.
fn of_itself() -> Selector {
    Box::new(Functional(|y: ArrayViewD<'_, f64>| -> Result<ArrayD<f64>> { Ok(y.to_owned()) }))
}

/// A functional of outputs, given those on the clean input.
type Value = Box<dyn Fn(&ArrayD<f64>, &ArrayD<f64>) -> f64>;

/// What is explained, and Σ over the samples of it.
fn targets() -> Vec<(&'static str, Selector, Value)> {
    let column = |y: &ArrayD<f64>, class: usize| y.index_axis(Axis(1), class).sum();
    let highest = |clean: &ArrayD<f64>, y: &ArrayD<f64>| -> f64 {
        let best = |row: ArrayViewD<'_, f64>| (0..4).max_by(|&a, &b| row[[a]].total_cmp(&row[[b]])).unwrap();
        clean.outer_iter().zip(y.outer_iter()).map(|(clean, y)| y[[best(clean)]]).sum()
    };
    vec![
        (
            "weighted",
            Box::new(Weighted(vec![(3, 1.0), (1, -0.5), (3, 0.25)])),
            Box::new(move |_, y| 1.25 * column(y, 3) - 0.5 * column(y, 1)),
        ),
        ("contrast", Box::new(Contrast(2, 0)), Box::new(move |_, y| column(y, 2) - column(y, 0))),
        ("sum", Box::new(SumOfOutputs), Box::new(|_, y| y.sum())),
        ("functional", of_itself(), Box::new(|clean, y| (clean * y).sum())),
        ("probability", Box::new(Probability(MaxActivation)), Box::new(move |clean, y| highest(clean, &softmax(y)))),
        (
            "log",
            Box::new(LogProbability(Index(1))),
            Box::new(move |_, y| softmax(y).index_axis(Axis(1), 1).mapv(f64::ln).sum()),
        ),
        (
            "contrast of probabilities",
            Box::new(Probability(Contrast(1, 3))),
            Box::new(move |_, y| column(&softmax(y), 1) - column(&softmax(y), 3)),
        ),
    ]
}

#[test]
fn gradients_by_differences() {
    let (model, x) = (classes(), inputs().into_dyn());
    let clean = output(&model, std::slice::from_ref(&x));
    for (name, selector, value) in targets() {
        let f = |x: &[ArrayD<f64>]| value(&clean, &output(&model, x));
        let expected = differences(f, std::slice::from_ref(&x), 0);
        let got = Gradient.analyze(&model, &x, &selector).unwrap().values;
        assert!(relative_error(&got, &expected) < 1e-8, "{name}");
        let times = InputTimesGradient.analyze(&model, &x, &selector).unwrap().values;
        assert!(relative_error(&times, &(&expected * &x)) < 1e-8, "{name}");
        // The same of a copy that noise has moved: the weights are those of the clean input.
        let moved = x.mapv(|v| v + 0.25);
        let expected = differences(f, std::slice::from_ref(&moved), 0);
        let noise = rand_distr::Uniform::new_inclusive(0.25, 0.25).unwrap();
        let shifted = NoiseAugmentation::new(Gradient, 2).distribution(noise).analyze(&model, &x, &selector).unwrap();
        assert!(relative_error(&shifted.values, &expected) < 1e-8, "{name}");
    }
}

#[test]
fn paths_are_complete_in_what_is_explained() {
    let (model, x) = (classes(), inputs());
    let clean = output(&model, &[x.clone().into_dyn()]);
    let at = |sample: usize, scale: f64| output(&model, &[(x.select(Axis(0), &[sample]) * scale).into_dyn()]);
    for (name, selector, value) in targets() {
        for rule in Quadrature::ALL {
            let path = IntegratedGradients::new().n(1500).quadrature(rule);
            let why = path.analyze(&model, &x, &selector).unwrap();
            for sample in 0..4 {
                let clean = clean.select(Axis(0), &[sample]);
                let change = value(&clean, &at(sample, 1.0)) - value(&clean, &at(sample, 0.0));
                let gap = why.values.row(sample).sum() - change;
                assert!(gap.abs() < 5e-3, "{name} by {rule}: {gap}");
                assert!((gap - why.extras.completeness_gap.as_ref().unwrap()[sample]).abs() < 1e-10, "{name}");
            }
        }
        let exact = IntegratedGradients::new().tolerance(1e-3).max_n(5000).analyze(&model, &x, &selector).unwrap();
        assert_eq!(exact.extras.within_tolerance, Some(vec![true; 4]), "{name}");
        assert!(exact.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-2), "{name}");
    }
}

#[test]
fn a_batch_of_different_samples_equals_them_one_by_one() {
    let (model, x) = (classes(), inputs());
    let analyzers = |chunk: usize| -> Vec<Box<dyn Analyzer<Sequential<B>>>> {
        let path = |rule| IntegratedGradients::new().n(5).quadrature(rule).chunk(chunk);
        vec![
            Box::new(Gradient),
            Box::new(InputTimesGradient),
            Box::new(SmoothGrad::new().n(5).std(0.3).chunk(chunk)),
            Box::new(path(Quadrature::Midpoint)),
            Box::new(path(Quadrature::Secant)),
            Box::new(path(Quadrature::Graded).tolerance(0.05)),
            Box::new(NoiseAugmentation::new(path(Quadrature::Trapezoid), 3).std(0.2).chunk(chunk)),
            Box::new(InterpolationAugmentation::new(SmoothGrad::new().n(2).chunk(chunk), 4).chunk(chunk)),
            Box::new(NoiseAugmentation::new(GradCam::at("hidden"), 3).std(0.2).chunk(chunk)),
        ]
    };
    for (name, selector, _) in targets() {
        for which in 0..analyzers(1).len() {
            let run = |chunk: usize, x: &Array2<f64>| {
                analyzers(chunk)[which].analyze(&model, &x.clone().into_dyn(), &selector).unwrap()
            };
            let alone: Vec<_> = (0..4).map(|i| run(8, &x.select(Axis(0), &[i]))).collect();
            let values: Vec<_> = alone.iter().map(|why| why.values.view()).collect();
            let values = concatenate(Axis(0), &values).unwrap();
            for chunk in [1, 3, 64] {
                let all = run(chunk, &x);
                assert!((&all.values - &values).iter().all(|gap| gap.abs() < 1e-12), "{name} by {}", all.analyzer);
                for (sample, alone) in alone.iter().enumerate() {
                    let row = |y: &ArrayD<f64>, i: usize| y.index_axis(Axis(0), i).to_owned();
                    assert!((row(&all.output, sample) - row(&alone.output, 0)).iter().all(|gap| gap.abs() < 1e-12));
                }
            }
        }
    }
}

#[test]
fn the_output_is_told_at_the_scale_that_is_explained() {
    let (model, x) = (classes(), inputs());
    let scores = output(&model, &[x.clone().into_dyn()]);
    let close = |a: &ArrayD<f64>, b: &ArrayD<f64>| assert!((a - b).iter().all(|gap| gap.abs() < 1e-12));
    let why = Gradient.analyze(&model, &x, Probability(MaxActivation)).unwrap();
    close(&why.output, &softmax(&scores));
    assert_eq!(why.selection.scale(), OutputScale::Probability);
    let plain = Gradient.analyze(&model, &x, MaxActivation).unwrap();
    assert_eq!(why.selection.indices(), plain.selection.indices());
    let chosen: Vec<usize> = plain.selection.indices().iter().map(|index| index[0]).collect();
    assert!(chosen.windows(2).any(|pair| pair[0] != pair[1]), "the case must cover several classes");
    let why = SmoothGrad::new().n(2).chunk(1).analyze(&model, &x, LogProbability(Index(1))).unwrap();
    close(&why.output, &softmax(&scores).mapv(f64::ln));
    let sum = Gradient.analyze(&model, &x, Contrast(2, 0)).unwrap().selection;
    assert!(sum.indices().is_empty());
    let weights = array![[-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 1.0, 0.0]];
    assert_eq!(sum.weights_of_sums().unwrap(), weights.into_dyn());
}

/// A segmentation: (B, 1, 4, 3) to two classes of each pixel.
fn segmentation() -> Sequential<B> {
    Sequential::new().push(conv(5, 3, 1, 3)).push(Activation::Gelu).push(conv(6, 2, 3, 3))
}

#[test]
fn a_region_of_a_class() {
    let model = segmentation();
    let x = noise(7, &[3, 1, 4, 3]);
    let shared = noise(8, &[4, 3]).mapv(|v| f64::from(u8::from(v > 0.0)));
    let own = noise(9, &[3, 4, 3]);
    for (mask, per_sample) in [(shared, false), (own, true)] {
        let weighted = |y: &ArrayD<f64>| (&y.index_axis(Axis(1), 1) * &mask).sum();
        let expected = differences(|x| weighted(&output(&model, x)), std::slice::from_ref(&x), 0);
        let region = Region { class: 1, mask: mask.clone() };
        let got = Gradient.analyze(&model, &x, &region).unwrap().values;
        assert!(relative_error(&got, &expected) < 1e-8, "{per_sample}");
        // Blocks of a batch take their samples' part of the mask.
        let quiet = |chunk| SmoothGrad::new().n(2).std(0.0).chunk(chunk).analyze(&model, &x, &region).unwrap().values;
        for chunk in [1, 2, 5] {
            assert!(relative_error(&quiet(chunk), &expected) < 1e-8, "{per_sample}");
            let path = IntegratedGradients::new().n(500).quadrature(Quadrature::Trapezoid).chunk(chunk);
            let gaps = path.analyze(&model, &x, &region).unwrap().extras.completeness_gap.unwrap();
            assert!(gaps.iter().all(|gap| gap.abs() < 1e-4), "{gaps:?}");
        }
        let probability = Probability(region.clone());
        let weighted = |y: &ArrayD<f64>| (&softmax(y).index_axis(Axis(1), 1) * &mask).sum();
        let expected = differences(|x| weighted(&output(&model, x)), std::slice::from_ref(&x), 0);
        assert!(relative_error(&Gradient.analyze(&model, &x, &probability).unwrap().values, &expected) < 1e-8);
    }
}

#[test]
fn what_is_not_there_is_named() {
    let (model, x) = (classes(), inputs());
    let outside = |error: Error| assert!(matches!(error, Error::OutputIndex { .. }), "{error}");
    outside(Gradient.analyze(&model, &x, Contrast(0, 4)).unwrap_err());
    outside(Gradient.analyze(&model, &x, Weighted(vec![([0, 1], 1.0)])).unwrap_err());
    outside(Gradient.analyze(&model, &x, Probability(Index(4))).unwrap_err());
    let image: Array4<f64> = noise(7, &[3, 1, 4, 3]).into_dimensionality::<Ix4>().unwrap();
    let region = |class, shape: &[usize]| Region { class, mask: ArrayD::ones(shape) };
    outside(Gradient.analyze(&segmentation(), &image, region(2, &[4, 3])).unwrap_err());
    for shape in [&[3, 4][..], &[2, 4, 3], &[4], &[3, 1, 4, 3]] {
        let error = Gradient.analyze(&segmentation(), &image, region(1, shape)).unwrap_err();
        assert!(error.to_string().starts_with("mask of the region: expected shape"), "{error}");
    }
    let wrong = Functional(|_: ArrayViewD<'_, f64>| -> Result<ArrayD<f64>> { Ok(ArrayD::ones(vec![4, 3])) });
    let error = Gradient.analyze(&model, &x, wrong).unwrap_err();
    assert!(error.to_string().starts_with("weights of the outputs: expected shape [4]"), "{error}");
    let holed = Weighted(vec![(1, f64::NAN)]);
    let error = Gradient.analyze(&model, &x, holed).unwrap_err();
    assert!(error.to_string().starts_with("weights of the outputs = NaN"), "{error}");
}
