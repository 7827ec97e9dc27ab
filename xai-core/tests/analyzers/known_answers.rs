//! Analytic cases with exact answers.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, array};
use xai_core::{
    Analyzer, Differentiable, Function, Gradient, InputTimesGradient, IntegratedGradients, MaxActivation, NdArray,
    Quadrature, Reference, SmoothGrad,
};

use crate::models::{T, scalar};

fn relu(x: f64) -> f64 {
    x.max(0.0)
}

fn step(x: f64) -> f64 {
    f64::from(u8::from(x > 0.0))
}

fn integrated(
    model: &impl Differentiable<Backend = NdArray<f64>>,
    x: &Array2<f64>,
    rule: Quadrature,
    n: usize,
) -> Array2<f64> {
    let why = IntegratedGradients::new().n(n).quadrature(rule).chunk(64).analyze(model, x, MaxActivation).unwrap();
    let gap = &why.extras.completeness_gap.as_ref().unwrap()[0];
    let f = |x: &Array2<f64>| Gradient.analyze(model, x, MaxActivation).unwrap().output.sum();
    let change = f(x) - f(&Array2::zeros(x.raw_dim()));
    assert_abs_diff_eq!(why.values.sum() - change, *gap, epsilon = 1e-9);
    why.values
}

#[test]
fn integrated_gradients_reach_the_exact_integrals() {
    let nested = scalar(
        |x| relu(relu(x[0]) - 1.0 - relu(x[1])),
        |x| {
            let open = step(relu(x[0]) - 1.0 - relu(x[1]));
            vec![open * step(x[0]), -open * step(x[1])]
        },
    );
    let sum = |x: &[f64]| x.iter().sum::<f64>();
    let threshold = scalar(move |x| relu(sum(x) - 10.0), move |x| vec![step(sum(x) - 10.0); 3]);
    let square =
        scalar(|x| (2.0 * x[0] + x[1]).powi(2), |x| vec![4.0 * (2.0 * x[0] + x[1]), 2.0 * (2.0 * x[0] + x[1])]);
    let biases = [-10.0, 1.0, 1.0, 1.0];
    let many = scalar(
        move |x| biases.iter().map(|b| relu(sum(x) + b)).sum::<f64>() - 1.0,
        move |x| vec![biases.iter().map(|b| step(sum(x) + b)).sum::<f64>(); 3],
    );
    for rule in Quadrature::ALL {
        let n = 2000;
        assert_abs_diff_eq!(integrated(&nested, &array![[3., 1.]], rule, n), array![[1.5, -0.5]], epsilon = 2e-3);
        let got = integrated(&threshold, &array![[0., 6., 14.]], rule, n);
        assert_abs_diff_eq!(got, array![[0., 3., 7.]], epsilon = 1e-2);
        assert_abs_diff_eq!(integrated(&square, &array![[3., 3.]], rule, n), array![[54., 27.]], epsilon = 3e-2);
        let got = integrated(&many, &array![[0., 100., 0.]], rule, n);
        assert_abs_diff_eq!(got, array![[0., 390., 0.]], epsilon = 0.2);
    }
    // A gradient that is linear along the path: exact but for rounding, with few points.
    let rules = Quadrature::ALL.into_iter().filter(|&rule| rule != Quadrature::Graded);
    for rule in rules {
        assert_abs_diff_eq!(integrated(&square, &array![[3., 3.]], rule, 2), array![[54., 27.]], epsilon = 1e-12);
    }
}

#[test]
fn gradient_of_one_minus_relu() {
    let inner = |x: &T| x.mapv(|x| 1.0 - relu(1.0 - x));
    let model = Function::<NdArray<f64>, _, _>::new(
        move |x: &T| inner(x).sum_axis(ndarray::Axis(1)),
        |x: &T, v: &T| v.clone().insert_axis(ndarray::Axis(1)) * x.mapv(|x| step(1.0 - x)),
    );
    let x = array![[1., 2., 3., 0., -1., 7.]];
    let why = Gradient.analyze(&model, &x, MaxActivation).unwrap();
    assert_eq!(why.values, array![[0., 0., 0., 1., 1., 0.]]);
    assert_eq!(why.selection.indices(), [Vec::<usize>::new()]);
    let why = InputTimesGradient.analyze(&model, &x, MaxActivation).unwrap();
    assert_eq!(why.values, array![[0., 0., 0., 0., -1., 0.]]);
}

#[test]
fn a_reference_moves_the_path() {
    let square = scalar(|x| x[0] * x[0], |x| vec![2.0 * x[0]]);
    let x = array![[3.0], [5.0]];
    let explain = |reference: Reference| {
        let analyzer = IntegratedGradients::new().n(2).reference(reference);
        analyzer.analyze(&square, &x, MaxActivation).unwrap().values
    };
    let near = |got: Array2<f64>, expected: Array2<f64>| assert_abs_diff_eq!(got, expected, epsilon = 1e-12);
    near(explain(Reference::Zeros), array![[9.0], [25.0]]);
    near(explain(Reference::Constant(1.0)), array![[8.0], [24.0]]);
    near(explain(Reference::from(&array![[1.0], [2.0]])), array![[8.0], [21.0]]);
    near(explain(Reference::sample(&array![2.0])), array![[5.0], [21.0]]);
}

#[test]
fn smooth_grad_of_a_linear_model_is_its_gradient() {
    let linear = scalar(|x| 2.0 * x[0] - x[1], |_| vec![2.0, -1.0]);
    let why = SmoothGrad::new().n(7).std(10.0).analyze(&linear, &array![[1., 2.]], MaxActivation).unwrap();
    assert_abs_diff_eq!(why.values, array![[2.0, -1.0]], epsilon = 1e-12);
}

#[test]
fn std_is_a_standard_deviation() {
    // d/dx x²/2 = x, so SmoothGrad is x plus the mean of the noise, and over many copies of x³/3 it is x² + σ².
    let cubic = scalar(|x| x[0].powi(3) / 3.0, |x| vec![x[0] * x[0]]);
    let n = 40_000;
    for std in [0.1, 0.5, 3.0] {
        let analyzer = SmoothGrad::new().n(n).std(std).seed(3).chunk(4096);
        let got = analyzer.analyze(&cubic, &array![[0.0]], MaxActivation).unwrap().values[[0, 0]];
        // The variance of the estimate is 2σ⁴ / n.
        let bound = 5.0 * std * std * (2.0 / n as f64).sqrt();
        assert_abs_diff_eq!(got, std * std, epsilon = bound);
    }
}

#[test]
fn relative_std_follows_each_samples_range() {
    let cubic = scalar(|x| x.iter().map(|x| x.powi(3) / 3.0).sum(), |x| x.iter().map(|x| x * x).collect());
    let n = 40_000;
    let x = array![[0.0, 1.0], [0.0, 10.0]];
    let why = SmoothGrad::new().n(n).relative_std(0.2).chunk(4096).analyze(&cubic, &x, MaxActivation).unwrap();
    let noise: Array1<f64> = why.values.column(0).to_owned();
    for (got, range) in noise.into_iter().zip([1.0, 10.0]) {
        let variance = (0.2 * range) * (0.2 * range);
        assert_abs_diff_eq!(got, variance, epsilon = 5.0 * variance * (2.0 / n as f64).sqrt());
    }
}
