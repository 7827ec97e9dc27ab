//! Second moments and standard errors of noise.

use ndarray::{Array2, Axis, array};
use xai_core::nn::{Activation, Linear, Sequential};
use xai_core::{
    Analyzer, Differentiable, Element, Error, Gradient, Index, InputTimesGradient, IntegratedGradients, MaxActivation,
    Moment, NdArray, NoiseAugmentation, SmoothGrad, SmoothGradSquared, Tensor, VarGrad,
};

use crate::models::{B, Hidden, TanhNet, scalar};
use crate::paths::same::{inputs, known, standard_error};

fn linear<E: Element>() -> Sequential<NdArray<E>> {
    let matrix = |w: Array2<f64>| Tensor::upload(w.mapv(E::of).view().into_dyn(), &()).unwrap();
    let first = Linear::new(matrix(array![[1.0, 2.0, -0.5], [0.25, 1.0, 3.0]]), matrix_bias::<E>()).unwrap();
    Sequential::new().push(first).push(Linear::new(matrix(array![[2.0, -1.0]]), None).unwrap())
}

fn matrix_bias<E: Element>() -> Tensor<NdArray<E>> {
    Tensor::upload(array![0.5, -0.25].mapv(E::of).view().into_dyn(), &()).unwrap()
}

/// 2 (1, 2, -0.5) - (0.25, 1, 3).
const WEIGHTS: [f64; 3] = [1.75, 3.0, -4.0];

fn of_a_linear_model<E: Element>() {
    let x = inputs().mapv(E::of);
    for chunk in [1, 4, 64] {
        let squares = SmoothGradSquared::new().chunk(chunk).analyze(&linear::<E>(), &x, Index(0)).unwrap();
        for row in squares.values.outer_iter() {
            for (value, w) in row.iter().zip(WEIGHTS) {
                assert!((value.as_f64() - w * w).abs() < 1e-5, "{row}");
            }
        }
        assert!(squares.extras.estimated_error.unwrap().iter().all(|&error| error < 1e-6));
        let variance = VarGrad::new().chunk(chunk).analyze(&linear::<E>(), &x, Index(0)).unwrap();
        assert!(variance.values.iter().all(|&value| value == E::zero()), "{}", variance.values);
        assert_eq!(variance.extras.estimated_error, None);
        let mean = SmoothGrad::new().chunk(chunk).analyze(&linear::<E>(), &x, Index(0)).unwrap();
        assert_eq!(mean.extras.estimated_error, None, "it is pulled back once");
        assert!(
            mean.values.outer_iter().all(|row| row.iter().zip(WEIGHTS).all(|(v, w)| (v.as_f64() - w).abs() < 1e-5))
        );
    }
}

#[test]
fn a_linear_model_has_its_squared_weights_and_no_variance() {
    of_a_linear_model::<f64>();
    of_a_linear_model::<f32>();
}

/// The gradients of the copies, one by one: from the means over ever more of them.
fn copies<M: Differentiable<Backend = B>>(
    model: &M,
    n: usize,
    noise: impl Fn(usize) -> SmoothGrad,
) -> Vec<Array2<f64>> {
    let mut sum = Array2::zeros((3, 3));
    (1..=n)
        .map(|n| {
            let now = noise(n).analyze(model, &inputs(), MaxActivation).unwrap().values * n as f64;
            let copy = &now - &sum;
            sum = now;
            copy
        })
        .collect()
}

fn mean_of(copies: &[Array2<f64>]) -> Array2<f64> {
    copies.iter().fold(Array2::zeros((3, 3)), |sum, copy| sum + copy) / copies.len() as f64
}

/// Σ (v - mean)² / (number - 1).
fn variance_of(copies: &[Array2<f64>]) -> Array2<f64> {
    let mean = mean_of(copies);
    let squares = copies.iter().fold(Array2::zeros((3, 3)), |sum, copy| sum + (copy - &mean).mapv(|v| v * v));
    squares / (copies.len() - 1) as f64
}

fn close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
    let apart = (a - b).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()));
    assert!(apart < tolerance, "{a}\n{b}");
}

#[test]
fn moments_are_those_of_the_copies() {
    fn check(model: &impl Differentiable<Backend = B>) {
        let base = || NoiseAugmentation::new(Gradient, 12).std(0.4).seed(6);
        let each = copies(model, 12, |n| SmoothGrad::new().n(n).std(0.4).seed(6));
        for chunk in [1, 5, 64] {
            let run =
                |moment| base().moment(moment).chunk(chunk).analyze(model, &inputs(), MaxActivation).unwrap().values;
            close(&run(Moment::Mean), &mean_of(&each), 1e-12);
            close(&run(Moment::Variance), &variance_of(&each), 1e-12);
            let squares: Vec<_> = each.iter().map(|copy| copy.mapv(|v| v * v)).collect();
            close(&run(Moment::Square), &mean_of(&squares), 1e-12);
        }
    }
    check(&TanhNet::default());
    check(&known());
}

/// √(Σⱼ variance of unit means / number of units) for each sample.
fn error_of(units: &[Array2<f64>]) -> Vec<f64> {
    let of_mean = variance_of(units) / units.len() as f64;
    of_mean.sum_axis(Axis(1)).mapv(f64::sqrt).to_vec()
}

#[test]
fn the_standard_error_is_that_of_independent_units() {
    let (hidden, open) = (TanhNet::default(), known());
    let noise = |n| SmoothGrad::new().n(n).std(0.4).seed(2);
    let compare = |got: Vec<f64>, units: &[Array2<f64>]| {
        for (got, expected) in got.iter().zip(error_of(units)) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    };
    compare(
        standard_error(&noise(20).analyze(&hidden, &inputs(), MaxActivation).unwrap()),
        &copies(&hidden, 20, noise),
    );
    // Behind an affine start, the mean is pulled back once, and what it is a mean of is not seen.
    let why = noise(20).analyze(&open, &inputs(), MaxActivation).unwrap();
    assert_eq!(why.extras.estimated_error, None);
    // The squares are no mean that can be pulled back: each copy counts.
    let squares: Vec<_> = copies(&open, 20, noise).iter().map(|copy| copy.mapv(|v| v * v)).collect();
    let squared = SmoothGradSquared::new().n(20).std(0.4).seed(2);
    compare(standard_error(&squared.analyze(&open, &inputs(), MaxActivation).unwrap()), &squares);
    // Pairs of opposite noise are no two independent copies.
    let pairs = |n| noise(n).antithetic(true);
    let mean = |k: usize| pairs(2 * k).analyze(&hidden, &inputs(), MaxActivation).unwrap().values * k as f64;
    let means: Vec<Array2<f64>> = (1..=10).map(mean).collect();
    let of_pair = |k: usize| if k == 0 { means[0].clone() } else { &means[k] - &means[k - 1] };
    compare(
        standard_error(&pairs(20).analyze(&hidden, &inputs(), MaxActivation).unwrap()),
        &(0..10).map(of_pair).collect::<Vec<_>>(),
    );
}

#[test]
fn the_standard_error_tells_how_far_the_mean_is() {
    fn check(model: &impl Differentiable<Backend = B>, noise: impl Fn(u64) -> SmoothGrad) {
        let runs: Vec<_> = (0..200).map(|seed| noise(seed).analyze(model, &inputs(), Index(0)).unwrap()).collect();
        let values: Vec<_> = runs.iter().map(|why| why.values.clone()).collect();
        let really = variance_of(&values).sum_axis(Axis(1));
        for (sample, really) in really.iter().enumerate() {
            let said = runs.iter().map(|why| standard_error(why)[sample].powi(2));
            let said = said.sum::<f64>() / 200.0;
            assert!((said / really - 1.0).abs() < 0.35, "said {said}, is {really}");
        }
    }
    let noise = |seed| SmoothGrad::new().n(20).std(0.5).seed(seed);
    check(&TanhNet::default(), noise);
    check(&TanhNet::default(), |seed| noise(seed).n(24).antithetic(true));
}

#[test]
fn pairs_that_cancel_leave_no_error() {
    let square = scalar(|x| x[0] * x[0], |x| vec![2.0 * x[0]]);
    let why = SmoothGrad::new().n(8).std(3.0).antithetic(true).analyze(&square, &array![[1.5]], Index(0)).unwrap();
    assert!(standard_error(&why)[0] < 1e-12);
    let why = SmoothGrad::new().n(8).std(3.0).analyze(&square, &array![[1.5]], Index(0)).unwrap();
    assert!(standard_error(&why)[0] > 0.5);
    let single = SmoothGrad::new().n(1).analyze(&square, &array![[1.5]], Index(0)).unwrap();
    assert_eq!(single.extras.estimated_error, None, "one copy tells nothing of its error");
}

#[test]
fn a_large_mean_takes_nothing_from_the_variance_in_single_precision() {
    // The gradient is 2¹³ + x: the difference of the mean square and the squared mean would be lost in rounding.
    fn net<E: Element>() -> Sequential<NdArray<E>> {
        let number = |w: f64| Tensor::<NdArray<E>>::upload(array![[E::of(w)]].view().into_dyn(), &()).unwrap();
        let bias = Tensor::upload(array![E::of(8192.0)].view().into_dyn(), &()).unwrap();
        Sequential::new()
            .push(Linear::new(number(1.0), bias).unwrap())
            .push(Activation::Softplus)
            .push(Square)
            .push(Linear::new(number(0.5), None).unwrap())
    }
    struct Square;
    impl<E: Element> xai_core::Layer<NdArray<E>> for Square {
        fn trace<'m>(&'m self, x: xai_core::Var<'m, NdArray<E>>) -> xai_core::Result<xai_core::Var<'m, NdArray<E>>> {
            Ok(&x * &x)
        }
    }
    let analyzer = |chunk| VarGrad::new().n(400).std(0.25).chunk(chunk);
    let exact = analyzer(64).analyze(&net::<f64>(), &array![[0.5]], Index(0)).unwrap().values[[0, 0]];
    assert!((exact / 0.0625 - 1.0).abs() < 0.2, "{exact}");
    for chunk in [1, 7, 400] {
        let single = analyzer(chunk).analyze(&net::<f32>(), &array![[0.5]], Index(0)).unwrap().values[[0, 0]];
        assert!((f64::from(single) / exact - 1.0).abs() < 0.01, "in chunks of {chunk}: {single} of {exact}");
    }
}

#[test]
fn squares_of_anything_are_taken() {
    let model = TanhNet::default();
    let path = || IntegratedGradients::new().n(5);
    let why = NoiseAugmentation::new(path(), 6).std(0.1).moment(Moment::Square).analyze(&model, &inputs(), Index(0));
    let why = why.unwrap();
    assert_eq!(why.analyzer, "NoiseAugmentation(IntegratedGradients, square)");
    assert!(why.values.iter().all(|&value| value >= 0.0));
    assert_eq!(why.extras.completeness_gap, None, "squares add up to nothing that means anything");
    let plain = NoiseAugmentation::new(InputTimesGradient, 6).std(0.1).analyze(&model, &inputs(), Index(0)).unwrap();
    assert_eq!(plain.analyzer, "NoiseAugmentation(InputTimesGradient)");
}

#[test]
fn errors_of_draws_within_draws_add_up() {
    // The inner noise is the same in every copy: its error does not fall with the number of outer copies.
    let model = TanhNet::default();
    let inner = SmoothGrad::new().n(4).std(0.5).seed(1);
    let inside = standard_error(&inner.analyze(&model, &inputs(), Index(0)).unwrap());
    let nested = NoiseAugmentation::new(inner, 40).std(1e-6).seed(2).analyze(&model, &inputs(), Index(0)).unwrap();
    for (inside, nested) in inside.iter().zip(standard_error(&nested)) {
        assert!((inside / nested - 1.0).abs() < 1e-3);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let model = Hidden(linear::<f64>());
    let error = VarGrad::new().n(1).analyze(&model, &inputs(), Index(0)).unwrap_err();
    assert!(error.to_string().contains("n = 1") && error.to_string().contains("at least 2"), "{error}");
    let error = VarGrad::new().antithetic(true).analyze(&model, &inputs(), Index(0)).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("antithetic"), "{error}");
    assert!(SmoothGradSquared::new().std(f64::NAN).analyze(&model, &inputs(), Index(0)).is_err());
}
