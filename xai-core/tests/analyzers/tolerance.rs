//! Path integrals to a tolerance.

use std::sync::{Arc, Mutex};

use ndarray::{Array2, Axis, array, concatenate};
use xai_core::nn::{Activation, Linear, Sequential};
use xai_core::{
    Analyzer, Differentiable, Error, Explanation, Gradient, Index, IntegratedGradients, InterpolationAugmentation,
    MaxActivation, NdArray, NoiseAugmentation, Progress, Quadrature, Reference, SmoothGrad, Tensor,
};

use crate::models::{TanhNet, scalar};

type B = NdArray<f64>;

fn norm(a: &Array2<f64>) -> f64 {
    a.mapv(|v| v * v).sum().sqrt()
}

fn only<T: Copy>(list: &Option<Vec<T>>) -> T {
    assert_eq!(list.as_ref().unwrap().len(), 1);
    list.as_ref().unwrap()[0]
}

/// The error against very many points, in units of ‖A‖₂.
fn error<M: Differentiable<Backend = B>>(model: &M, x: &Array2<f64>, got: &Explanation<f64, ndarray::Ix2>) -> f64 {
    let path = IntegratedGradients::new().n(20_000).quadrature(Quadrature::Graded).chunk(5000);
    let truth = path.analyze(model, x, Index(0)).unwrap().values;
    norm(&(&got.values - &truth)) / norm(&truth)
}

/// Many kinks, as a network has them: Σⱼ cⱼ relu(wⱼ·x + bⱼ).
fn kinks(seed: u64) -> Sequential<B> {
    let pseudo = |i: u64| ((i * 2_654_435_761 + seed * 40_503) % 10_007) as f64 / 5_003.5 - 1.0;
    let tensor = |shape: &[usize], from: u64, scale: f64| {
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count as u64).map(|i| scale * pseudo(from + i)).collect();
        Tensor::<B>::new(ndarray::ArcArray::from_shape_vec(ndarray::IxDyn(shape), values).unwrap())
    };
    Sequential::new()
        .push(Linear::new(tensor(&[400, 3], 1, 1.0), Some(tensor(&[400], 5_000, 0.5))).unwrap())
        .push(Activation::Relu)
        .push(Linear::new(tensor(&[1, 400], 9_000, 1.0), None).unwrap())
}

#[test]
fn the_error_is_about_what_was_asked_for() {
    let x = array![[1.3, -0.8, 2.1]];
    let mut ratios = Vec::new();
    for seed in 0..12 {
        let model = kinks(seed);
        for tolerance in [0.02, 0.003] {
            let why = IntegratedGradients::new().tolerance(tolerance).analyze(&model, &x, Index(0)).unwrap();
            let (estimate, evaluations) = (only(&why.extras.estimated_error), only(&why.extras.evaluations));
            assert!(only(&why.extras.within_tolerance));
            assert!(estimate <= tolerance && (9..1000).contains(&evaluations), "{estimate}, {evaluations}");
            ratios.push(error(&model, &x, &why) / tolerance);
        }
    }
    // Errors that are like a random walk's are met in the mean square; a map of only three numbers is far from it
    // often.
    assert!(ratios.iter().all(|&ratio| ratio < 4.0), "{ratios:?}");
    let mean_square = ratios.iter().map(|ratio| ratio * ratio).sum::<f64>() / ratios.len() as f64;
    assert!((0.3..1.5).contains(&mean_square.sqrt()), "{}", mean_square.sqrt());
}

#[test]
fn a_smooth_gradient_is_estimated_with_some_caution() {
    let cubic = scalar(|x| x[0].powi(3), |x| vec![3.0 * x[0] * x[0]]);
    for tolerance in [1e-1, 1e-2, 1e-4] {
        let why = IntegratedGradients::new().tolerance(tolerance).analyze(&cubic, &array![[2.0]], Index(0)).unwrap();
        let error = (why.values[[0, 0]] - 8.0).abs() / 8.0;
        let estimate = only(&why.extras.estimated_error);
        // All errors of the trapezoid rule have one sign here: the worst case for a sum of squares.
        assert!(error <= 1.16 * estimate && estimate <= tolerance, "{error} with an estimate of {estimate}");
    }
}

#[test]
fn more_is_spent_where_more_changes() {
    let near = scalar(|x| (x[0] - 0.05).max(0.0), |x| vec![f64::from(u8::from(x[0] > 0.05))]);
    let straight = scalar(|x| 2.0 * x[0], |_| vec![2.0]);
    let run = |model: &dyn Differentiable<Backend = B>| {
        IntegratedGradients::new().tolerance(1e-3).analyze(model, &array![[1.0]], Index(0)).unwrap()
    };
    let (kinked, straight) = (run(&near), run(&straight));
    assert_eq!(only(&straight.extras.evaluations), 9);
    assert!(only(&straight.extras.estimated_error) < 1e-15);
    assert!((straight.values[[0, 0]] - 2.0).abs() < 1e-12);
    let evaluations = only(&kinked.extras.evaluations);
    assert!((20..400).contains(&evaluations), "{evaluations}");
    assert!((kinked.values[[0, 0]] - 0.95).abs() < 3e-3);
}

#[test]
fn the_limit_is_kept_and_told() {
    let model = kinks(3);
    let x = array![[1.3, -0.8, 2.1]];
    for max_n in [9, 10, 33, 100] {
        let path = IntegratedGradients::new().tolerance(1e-9).max_n(max_n);
        let why = path.analyze(&model, &x, Index(0)).unwrap();
        let evaluations = only(&why.extras.evaluations);
        assert!(evaluations <= max_n && evaluations > max_n / 2, "{evaluations} of {max_n}");
        assert!(!only(&why.extras.within_tolerance));
        assert!(only(&why.extras.estimated_error) > 1e-9);
    }
}

#[test]
fn the_gap_can_have_a_tolerance_too() {
    let model = kinks(5);
    let x = array![[1.3, -0.8, 2.1]];
    let path = IntegratedGradients::new().gap_tolerance(1e-3).max_n(5000);
    let why = path.analyze(&model, &x, Index(0)).unwrap();
    let change = {
        let f = |x: &Array2<f64>| Gradient.analyze(&model, x, Index(0)).unwrap().output.sum();
        f(&x) - f(&Array2::zeros((1, 3)))
    };
    let bound = |why: &Explanation<f64, _>| 1e-3 * change.abs().max(norm(&why.values)) * (1.0 + 1e-9);
    assert!(only(&why.extras.within_tolerance));
    assert!(only(&why.extras.completeness_gap).abs() <= bound(&why));
    let both = path.tolerance(1e-3).analyze(&model, &x, Index(0)).unwrap();
    assert!(only(&both.extras.within_tolerance));
    assert!(only(&both.extras.estimated_error) <= 1e-3);
    assert!(only(&both.extras.completeness_gap).abs() <= bound(&both));
}

#[test]
fn a_sample_gets_the_same_points_alone_and_in_a_batch() {
    let model = kinks(1);
    let x = array![[1.3, -0.8, 2.1], [0.0, 0.0, 0.0], [0.2, 3.0, -1.0], [5.0, 5.0, 5.0], [-0.1, 0.1, 0.0]];
    let path = |chunk| IntegratedGradients::new().tolerance(0.01).chunk(chunk);
    let alone: Vec<_> =
        x.axis_chunks_iter(Axis(0), 1).map(|x| path(8).analyze(&model, &x, MaxActivation).unwrap()).collect();
    let values: Vec<_> = alone.iter().map(|why| why.values.view()).collect();
    let values = concatenate(Axis(0), &values).unwrap();
    for chunk in [1, 3, 8, 100] {
        let why = path(chunk).analyze(&model, &x, MaxActivation).unwrap();
        assert!((&why.values - &values).iter().all(|gap| gap.abs() < 1e-12));
        let of = |why: &Explanation<f64, _>| {
            (why.extras.evaluations.clone().unwrap(), why.extras.within_tolerance.clone().unwrap())
        };
        let expected: (Vec<_>, Vec<_>) = alone.iter().map(|why| (only(&why.extras.evaluations), true)).unzip();
        assert_eq!(of(&why), expected);
    }
}

#[test]
fn what_it_took_passes_through_wrappers() {
    let model = kinks(2);
    let x = array![[1.3, -0.8, 2.1], [0.2, 3.0, -1.0]];
    let path = IntegratedGradients::new().tolerance(0.05).max_n(40);
    let noisy = NoiseAugmentation::new(path.clone(), 4).std(0.0).chunk(3).analyze(&model, &x, Index(0)).unwrap();
    let plain = path.analyze(&model, &x, Index(0)).unwrap();
    let (noisy, plain) = (noisy.extras, plain.extras);
    let four = |n: &Option<Vec<usize>>| n.as_ref().unwrap().iter().map(|n| 4 * n).collect::<Vec<_>>();
    assert_eq!(noisy.evaluations.unwrap(), four(&plain.evaluations));
    assert_eq!(noisy.within_tolerance, plain.within_tolerance);
    let gap = noisy.estimated_error.unwrap()[1] - plain.estimated_error.unwrap()[1];
    assert!(gap.abs() < 1e-12);
    // Around another analyzer, and without a tolerance there is nothing to tell.
    let smooth = InterpolationAugmentation::new(SmoothGrad::new().n(2), 2).tolerance(0.2);
    assert!(smooth.analyze(&TanhNet::default(), &x, Index(1)).unwrap().extras.evaluations.is_some());
    let fixed = IntegratedGradients::new().analyze(&model, &x, Index(0)).unwrap().extras;
    assert!(fixed.evaluations.is_none() && fixed.estimated_error.is_none() && fixed.within_tolerance.is_none());
}

#[test]
fn progress_ends_where_the_work_does() {
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let log = Arc::clone(&seen);
    let path = IntegratedGradients::new().tolerance(0.01).on_progress(move |p| log.lock().unwrap().push(p));
    let x = array![[1.3, -0.8, 2.1], [0.2, 3.0, -1.0]];
    let why = path.analyze(&kinks(4), &x, Index(0)).unwrap();
    let evaluations: usize = why.extras.evaluations.unwrap().iter().sum();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|p| p.done <= p.total) && seen.windows(2).all(|p| p[0].done < p[1].done));
    assert_eq!(seen.last(), Some(&Progress { done: evaluations, total: evaluations }));
}

#[test]
fn impossible_tolerances_are_refused_by_name() {
    let refused = |path: IntegratedGradients, wanted: &str| {
        let path = path.reference(Reference::Zeros);
        match path.analyze(&TanhNet::default(), &array![[1.0, 2.0, 3.0]], Index(0)) {
            Err(Error::InvalidParameter { name, .. }) => assert_eq!(name, wanted),
            other => panic!("{other:?}"),
        }
    };
    for bad in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        refused(IntegratedGradients::new().tolerance(bad), "tolerance");
        refused(IntegratedGradients::new().gap_tolerance(bad), "gap_tolerance");
    }
    refused(IntegratedGradients::new().tolerance(0.1).max_n(8), "max_n");
}
