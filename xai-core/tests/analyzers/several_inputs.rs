//! Models of several inputs, explained together.

use ndarray::{Array2, ArrayD, Axis, array};
use xai_core::nn::Linear;
use xai_core::{
    Analyzer, Differentiable, Error, Explanation, Given, Gradient, Ids, Index, InputTimesGradient, IntegratedGradients,
    NoiseAugmentation, Quadrature, Reference, Result, SmoothGrad, Var,
};

use crate::models::B;
use crate::models::differences::{differences, linear, output, relative_error};

/// Three numbers, and two beside them: (B, 3) and (B, 2) to (B, 2).
struct Two {
    first: Linear<B>,
    second: Linear<B>,
    last: Linear<B>,
}

fn two() -> Two {
    Two { first: linear(1, 4, 3), second: linear(2, 4, 2), last: linear(3, 2, 4) }
}

impl Differentiable for Two {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let (a, b) = (x[0].layer("first", &self.first)?, x[1].layer("second", &self.second)?);
        ((&a + &b).tanh() * b.sigmoid()).layer("last", &self.last)
    }
}

fn inputs() -> (Array2<f64>, Array2<f64>) {
    (array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4], [-0.5, 0.6, 1.5]], array![[0.5, -0.25], [1.0, 0.75], [-2.0, 0.1]])
}

fn dynamic(x: &(Array2<f64>, Array2<f64>)) -> [ArrayD<f64>; 2] {
    [x.0.clone().into_dyn(), x.1.clone().into_dyn()]
}

/// Σ over the samples of output 1.
fn total(model: &Two, inputs: &[ArrayD<f64>]) -> f64 {
    output(model, inputs).index_axis(Axis(1), 1).sum()
}

fn close(got: &Array2<f64>, expected: &Array2<f64>, within: f64) {
    assert!((got - expected).iter().all(|gap| gap.abs() < within), "{got} instead of {expected}");
}

#[test]
fn the_gradient_of_each_input_by_differences() {
    let (model, x) = (two(), inputs());
    let by_hand = [0, 1].map(|which| differences(|x| total(&model, x), &dynamic(&x), which));
    let why = Gradient.analyze(&model, (&x.0, &x.1), Index(1)).unwrap();
    assert!(relative_error(&why.values.0.clone().into_dyn(), &by_hand[0]) < 1e-8);
    assert!(relative_error(&why.values.1.clone().into_dyn(), &by_hand[1]) < 1e-8);
    let times = InputTimesGradient.analyze(&model, (&x.0, &x.1), Index(1)).unwrap().values;
    close(&times.0, &(&why.values.0 * &x.0), 1e-15);
    close(&times.1, &(&why.values.1 * &x.1), 1e-15);
    // What is given has no values, and changes nothing about those of the other.
    let (first, ()) = Gradient.analyze(&model, (&x.0, Given(&x.1)), Index(1)).unwrap().values;
    let ((), second) = Gradient.analyze(&model, (Given(&x.0), &x.1), Index(1)).unwrap().values;
    assert_eq!((first, second), why.values);
}

#[test]
fn a_sample_is_one_of_each_input() {
    let (model, x) = (two(), inputs());
    let path = IntegratedGradients::new().n(7);
    let all = path.analyze(&model, (&x.0, &x.1), Index(1)).unwrap().named(["a", "b", "c"]).unwrap();
    let rows = [x.0.select(Axis(0), &[2]), x.1.select(Axis(0), &[2])];
    let alone = path.analyze(&model, (&rows[0], &rows[1]), Index(1)).unwrap();
    let third = all.sample(2).unwrap();
    close(&third.values.0, &alone.values.0, 1e-12);
    close(&third.values.1, &alone.values.1, 1e-12);
    assert_eq!((third.output.shape(), &third.selection), (&[1, 2][..], &alone.selection));
    let gaps = all.extras.completeness_gap.clone().unwrap();
    assert_eq!(third.extras.completeness_gap, Some(vec![gaps[2]]));
    assert_eq!(third.names, ["c"]);
    // What is only given has nothing to choose from.
    let ((), second) = path.analyze(&model, (Given(&x.0), &x.1), Index(1)).unwrap().sample(1).unwrap().values;
    assert_eq!(second.dim(), (1, 2));
    let error = all.sample(3).unwrap_err();
    assert!(matches!(error, Error::InvalidParameter { name: "sample", .. }), "{error}");
}

#[test]
fn noise_is_drawn_for_each_explained_input() {
    let (model, x) = (two(), inputs());
    let constant = rand_distr::Uniform::new_inclusive(0.25, 0.25).unwrap();
    let shifted = NoiseAugmentation::new(Gradient, 3).distribution(constant);
    let both = shifted.analyze(&model, (&x.0, &x.1), Index(0)).unwrap().values;
    let moved = (x.0.mapv(|v| v + 0.25), x.1.mapv(|v| v + 0.25));
    let expected = Gradient.analyze(&model, (&moved.0, &moved.1), Index(0)).unwrap().values;
    close(&both.0, &expected.0, 1e-12);
    close(&both.1, &expected.1, 1e-12);
    // A given input stays what it is.
    let (one, ()) = shifted.analyze(&model, (&x.0, Given(&x.1)), Index(0)).unwrap().values;
    close(&one, &Gradient.analyze(&model, (&moved.0, &x.1), Index(0)).unwrap().values.0, 1e-12);
    for chunk in [1, 2, 64] {
        for smooth in [SmoothGrad::new().n(7).std(0.3), SmoothGrad::new().n(7).relative_std(0.2).antithetic(true)] {
            let smooth = smooth.chunk(chunk);
            let all = smooth.analyze(&model, (&x.0, &x.1), Index(0)).unwrap().values;
            for sample in 0..3 {
                let row = |a: &Array2<f64>| a.select(Axis(0), &[sample]);
                let alone = smooth.analyze(&model, (&row(&x.0), &row(&x.1)), Index(0)).unwrap().values;
                close(&row(&all.0), &alone.0, 1e-12);
                close(&row(&all.1), &alone.1, 1e-12);
            }
        }
    }
}

/// (x - x₀) · Σᵢ wᵢ ∂y/∂x along the path that all explained inputs follow together.
#[test]
fn a_path_goes_through_all_explained_inputs_together() {
    let (model, x) = (two(), inputs());
    let x0 = (x.0.mapv(|v| 0.5 - v), x.1.mapv(|v| v * 0.1));
    let path = |n, rule| {
        let references = [Reference::array(&x0.0), Reference::array(&x0.1)];
        IntegratedGradients::new().n(n).quadrature(rule).references(references).chunk(4)
    };
    let change = output(&model, &dynamic(&x)) - output(&model, &dynamic(&x0));
    for rule in Quadrature::ALL {
        let why = path(6, rule).analyze(&model, (&x.0, &x.1), Index(1)).unwrap();
        // The gap is of both inputs' values together.
        let gaps = why.extras.completeness_gap.clone().unwrap();
        let sums = why.values.0.sum_axis(Axis(1)) + why.values.1.sum_axis(Axis(1));
        for sample in 0..3 {
            assert!((sums[sample] - change[[sample, 1]] - gaps[sample]).abs() < 1e-12, "{rule}");
        }
        let fine = path(2000, rule).analyze(&model, (&x.0, &x.1), Index(1)).unwrap();
        assert!(fine.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 2e-3), "{rule}");
        if rule == Quadrature::Secant {
            continue;
        }
        let mut expected = (Array2::<f64>::zeros((3, 3)), Array2::<f64>::zeros((3, 2)));
        for (alpha, weight) in rule.points(6).unwrap() {
            let at = |x0: &Array2<f64>, x: &Array2<f64>| x0 + &((x - x0) * alpha);
            let point = (at(&x0.0, &x.0), at(&x0.1, &x.1));
            let gradient = Gradient.analyze(&model, (&point.0, &point.1), Index(1)).unwrap().values;
            expected = (expected.0 + gradient.0 * weight, expected.1 + gradient.1 * weight);
        }
        close(&why.values.0, &(expected.0 * (&x.0 - &x0.0)), 1e-12);
        close(&why.values.1, &(expected.1 * (&x.1 - &x0.1)), 1e-12);
    }
    // Secants converge to the same integral, and a tolerance finds it by itself.
    let truth = path(4000, Quadrature::Trapezoid).analyze(&model, (&x.0, &x.1), Index(1)).unwrap().values;
    let secants = path(400, Quadrature::Secant).analyze(&model, (&x.0, &x.1), Index(1)).unwrap().values;
    close(&secants.0, &truth.0, 1e-4);
    close(&secants.1, &truth.1, 1e-4);
    let exact = path(2, Quadrature::default()).tolerance(1e-4).analyze(&model, (&x.0, &x.1), Index(1)).unwrap();
    assert_eq!(exact.extras.within_tolerance, Some(vec![true; 3]));
    close(&exact.values.0, &truth.0, 1e-3);
    close(&exact.values.1, &truth.1, 1e-3);
}

#[test]
fn a_given_input_is_the_same_all_along_the_path() {
    let (model, x) = (two(), inputs());
    for rule in Quadrature::ALL {
        let path = || IntegratedGradients::new().n(2000).quadrature(rule);
        let why: Explanation<f64, _> = path().analyze(&model, (&x.0, Given(&x.1)), Index(1)).unwrap();
        let (values, ()) = why.values;
        let at = |first: &Array2<f64>| output(&model, &dynamic(&(first.clone(), x.1.clone())));
        let change = at(&x.0) - at(&Array2::zeros((3, 3)));
        for sample in 0..3 {
            assert!((values.row(sample).sum() - change[[sample, 1]]).abs() < 1e-3, "{rule}");
        }
        let nested = NoiseAugmentation::new(path().n(5), 3).std(0.1).chunk(4);
        let nested = nested.analyze(&model, (&x.0, Given(&x.1)), Index(1)).unwrap();
        assert_eq!(nested.values.0.dim(), (3, 3));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (model, x) = (two(), inputs());
    let shorter = x.1.select(Axis(0), &[0, 1]);
    for error in [
        Gradient.analyze(&model, (&x.0, &shorter), Index(0)).unwrap_err(),
        Gradient.analyze(&model, (&x.0, Given(&shorter)), Index(0)).unwrap_err(),
        Gradient.analyze(&model, (&x.0, Ids(&array![[1_i64, 2]])), Index(0)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("has another number of samples"), "{error}");
    }
    for error in [
        Gradient.analyze(&model, (Given(&x.0), Given(&x.1)), Index(0)).unwrap_err(),
        Gradient.analyze(&model, Given(&x.0), Index(0)).unwrap_err(),
        SmoothGrad::new().analyze(&model, (Given(&x.0), Ids(&array![[1_i64], [2], [0]])), Index(0)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("at least one must be explained"), "{error}");
    }
    let references = [Reference::Zeros, Reference::Zeros];
    let path = IntegratedGradients::new().references(references);
    let error = path.analyze(&model, (&x.0, Given(&x.1)), Index(0)).unwrap_err();
    assert!(error.to_string().contains("2 references were given for 1 explained input(s)"), "{error}");
    let holed = array![[f64::NAN, 0.0], [0.0, 0.0], [0.0, 0.0]];
    let error = Gradient.analyze(&model, (&x.0, Given(&holed)), Index(0)).unwrap_err();
    assert!(error.to_string().starts_with("given input = NaN at [0, 0]"), "{error}");
}
