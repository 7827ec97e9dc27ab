//! What is put around a map: products, flips and scalings, and FinerCAM's selector.

use approx::assert_abs_diff_eq;
use ndarray::{ArrayD, Axis, IxDyn, array};
use xai_core::{
    Analyzer, EigenCam, Error, Finer, FlipsAndScales, GradCam, Gradient, HiResCam, Index, InputTimesGradient,
    MaxActivation, OutputSelector, PerSample, Probability, Product, SumOfOutputs, Weighted,
};

use crate::cams::heads::{curved, maps, pooled, weighted};
use crate::models::differences::noise;

#[test]
fn a_product_is_the_values_of_both() {
    let (model, x) = (curved(), noise(130, &[2, 2, 8, 6]));
    let a = InputTimesGradient.analyze(&model, &x, Index(1)).unwrap().values;
    let b = HiResCam::at("a").analyze(&model, &x, Index(1)).unwrap().values;
    let both = Product::new(InputTimesGradient, HiResCam::at("a")).analyze(&model, &x, Index(1)).unwrap();
    assert_abs_diff_eq!(both.values, &a * &b, epsilon = 1e-12);
    assert_eq!(both.analyzer, "Product(InputTimesGradient, HiResCam(a))");
    assert_abs_diff_eq!(
        Product::new(Gradient, Gradient).analyze(&model, &x, Index(1)).unwrap().values,
        Gradient.analyze(&model, &x, Index(1)).unwrap().values.mapv(|v| v * v),
        epsilon = 1e-12
    );
}

/// A map of half the size is resized: its corners are the corners, and a constant map stays constant.
#[test]
fn the_second_is_resized_to_the_first() {
    let (model, x) = (curved(), noise(131, &[3, 2, 8, 6]));
    let analyzer = Product::new(Gradient, GradCam::at("b"));
    let both = analyzer.analyze(&model, &x, MaxActivation).unwrap();
    let a = Gradient.analyze(&model, &x, MaxActivation).unwrap().values;
    let b = GradCam::at("b").analyze(&model, &x, MaxActivation).unwrap().values;
    for channel in [0, 1] {
        assert_abs_diff_eq!(both.values[[2, channel, 0, 0]], a[[2, channel, 0, 0]] * b[[2, 0, 0, 0]], epsilon = 1e-12);
        let between = 0.75 * b[[1, 0, 0, 0]] + 0.25 * b[[1, 0, 1, 0]];
        assert_abs_diff_eq!(both.values[[1, channel, 1, 0]], a[[1, channel, 1, 0]] * between, epsilon = 1e-12);
    }
    for i in 0..3 {
        let alone = analyzer.analyze(&model, &x.select(Axis(0), &[i]), MaxActivation).unwrap().values;
        assert_abs_diff_eq!(both.values.select(Axis(0), &[i]), alone, epsilon = 1e-12);
    }
    let error = Product::new(Gradient, GradCam::at("classes")).analyze(&model, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("another number of spatial axes"), "{error}");
    let error = Product::new(GradCam::at("a"), Gradient).analyze(&model, &x, Index(0)).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

/// Pooling forgets where things are: the flips of x cancel, and the factors' mean is 1.
#[test]
fn flips_are_turned_back_and_factors_averaged() {
    let (model, x) = (pooled(4), noise(132, &[2, 4, 3, 5]));
    let analyzer = FlipsAndScales::new(GradCam::at("maps").signed());
    let got = analyzer.analyze(&model, &x, Index(2)).unwrap();
    let weights: Vec<f64> = model.weight.index_axis(Axis(0), 2).iter().map(|w| w / 15.0).collect();
    for (i, sample) in maps(&x).axis_iter(Axis(0)).enumerate() {
        let expected = weighted(&sample.to_owned(), &weights);
        assert_abs_diff_eq!(got.values.index_axis(Axis(0), i).to_owned(), expected, epsilon = 1e-12);
    }
    assert_eq!(got.output, GradCam::at("maps").analyze(&model, &x, Index(2)).unwrap().output);
}

#[test]
fn flips_and_scales_are_six_analyses() {
    let (model, x) = (curved(), noise(133, &[2, 2, 8, 6]));
    let mirror = |a: &ArrayD<f64>| {
        let mut a = a.clone();
        a.invert_axis(Axis(3));
        a
    };
    let class = PerSample(vec![0, 2]);
    let mut expected = ArrayD::<f64>::zeros(IxDyn(&[2, 1, 4, 3]));
    for factor in [0.9, 1.0, 1.1] {
        let cam = |x: &ArrayD<f64>| HiResCam::at("b").analyze(&model, x, class.clone()).unwrap().values;
        expected = expected + cam(&(&x * factor)) + mirror(&cam(&mirror(&(&x * factor))));
    }
    let got = FlipsAndScales::new(HiResCam::at("b")).analyze(&model, &x, class).unwrap().values;
    assert_abs_diff_eq!(got, expected / 6.0, epsilon = 1e-12);
    let error = FlipsAndScales::new(EigenCam::at("maps")).analyze(&pooled(3), &noise(134, &[2, 3]), Index(0));
    assert!(matches!(error.unwrap_err(), Error::InvalidShape { .. }));
}

/// z_c - α Σ p z / Σ p over the nearest: of scores 3 | 2.5, 3.2, 1 | -9, class 0 is near to 1 and 2, then to 3.
#[test]
fn finer_weighs_the_nearest_classes() {
    let scores = array![[3.0, 2.5, 3.2, 1.0, -9.0], [0.0, 0.0, 0.0, 0.0, 5.0]].into_dyn();
    let selection = Finer::new(PerSample(vec![0, 4])).n(2).alpha(0.6).select(scores.view()).unwrap();
    let (a, b) = (2.5_f64.exp(), 3.2_f64.exp());
    let expected = array![[1.0, -0.6 * a / (a + b), -0.6 * b / (a + b), 0.0, 0.0], [-0.3, -0.3, 0.0, 0.0, 1.0],];
    assert_abs_diff_eq!(selection.weights_of_sums().unwrap(), expected.into_dyn(), epsilon = 1e-12);
    // CamScores far below do not overflow anything.
    let far = array![[900.0, -900.0, -901.0, -902.0]].into_dyn();
    let weights = Finer::default().select(far.view()).unwrap().weights_of_sums().unwrap();
    assert!((weights.sum()).abs() < 1e-12 && weights.iter().all(|w| w.is_finite()));
    // Of a segmentation, at the place of the index.
    let planes = noise(135, &[1, 3, 2, 2]);
    let weights = Finer::new(Index([1, 0, 1])).n(2).select(planes.view()).unwrap().weights_of_sums().unwrap();
    let nonzero: Vec<_> = weights.indexed_iter().filter(|(_, w)| **w != 0.0).map(|(i, _)| [i[2], i[3]]).collect();
    assert_eq!(nonzero, [[0, 1]; 3]);
    assert_eq!(weights[[0, 1, 0, 1]], 1.0);
}

/// It is a functional like another: Grad-CAM of it is Grad-CAM of its weighted sum.
#[test]
fn finer_cam_is_grad_cam_of_a_weighted_sum() {
    let (model, x) = (curved(), noise(136, &[1, 2, 8, 6]));
    let why = GradCam::at("b").signed().analyze(&model, &x, Finer::new(Index(1)).n(2)).unwrap();
    let weights = why.selection.weights_of_sums().unwrap();
    let sum = Weighted((0..3).map(|class| (class, weights[[0, class]])).collect());
    assert_eq!(why.values, GradCam::at("b").signed().analyze(&model, &x, sum).unwrap().values);
}

#[test]
fn finer_refuses_what_it_cannot_compare() {
    let scores = array![[3.0, 2.5, 3.2]].into_dyn();
    let says = |error: Error, part: &str| assert!(error.to_string().contains(part), "{error}");
    says(Finer::default().select(scores.view()).unwrap_err(), "n = 3 is not possible: a class is compared with 1 to 2");
    says(Finer::default().n(0).select(scores.view()).unwrap_err(), "n = 0");
    says(Finer::default().n(2).alpha(f64::NAN).select(scores.view()).unwrap_err(), "alpha");
    says(Finer::new(SumOfOutputs).n(2).select(scores.view()).unwrap_err(), "compares one output");
    says(Finer::new(Probability(Index(0))).n(2).select(scores.view()).unwrap_err(), "as they are");
    says(Finer::new(Index(7)).n(2).select(scores.view()).unwrap_err(), "7");
}
