//! Mean gradients over the segments of a path.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::Cell;

use ndarray::{Array2, ArrayD, Axis, IxDyn, array, concatenate};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use xai_core::nn::{Activation, Concat, Flatten, Linear, MaxPool2d, NnBackend, Residual, Sequential, Softmax};
use xai_core::{
    Analyzer, Chain, Differentiable, Element, Function, Gradient, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, NdArray, NoiseAugmentation, Quadrature, Reference, SmoothGrad, Tensor,
};

type B = NdArray<f64>;
type T = ndarray::ArcArray<f64, IxDyn>;

fn linear<B: NnBackend>(weight: Array2<f64>, bias: &[f64]) -> Linear<B> {
    let tensor = |a: ArrayD<f64>| Tensor::<B>::upload(a.mapv(B::Elem::of).view(), &B::Placement::default()).unwrap();
    Linear::new(tensor(weight.into_dyn()), Some(tensor(ndarray::aview1(bias).to_owned().into_dyn()))).unwrap()
}

fn random<B: NnBackend>(outputs: usize, inputs: usize, rng: &mut ChaCha8Rng) -> Linear<B> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let weight = Array2::from_shape_simple_fn((outputs, inputs), &mut normal) * (2.0 / inputs as f64).sqrt();
    let bias: Vec<f64> = (0..outputs).map(|_| 0.3 * normal()).collect();
    linear(weight, &bias)
}

fn secants(n: usize) -> IntegratedGradients {
    IntegratedGradients::new().n(n).quadrature(Quadrature::Secant)
}

fn close(got: &Array2<f64>, expected: &Array2<f64>, within: f64) {
    let gap = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap <= within, "{got} instead of {expected}");
}

#[test]
fn one_kink_in_a_segment_is_met_exactly() {
    // relu(relu(x₁) - 1 - relu(x₂)), and relu(x₁ + x₂ + x₃ - 10): two points are enough.
    let nested =
        Sequential::<B>::new().push(Activation::Relu).push(linear(array![[1.0, -1.0]], &[-1.0])).push(Activation::Relu);
    let threshold = Sequential::<B>::new().push(linear(array![[1.0, 1.0, 1.0]], &[-10.0])).push(Activation::Relu);
    let many = Sequential::<B>::new()
        .push(linear(Array2::ones((4, 3)), &[-10.0, 1.0, 1.0, 1.0]))
        .push(Activation::Relu)
        .push(linear(Array2::ones((1, 4)), &[-1.0]));
    for n in [2, 3, 10] {
        let run = |model: &Sequential<B>, x: Array2<f64>| secants(n).analyze(model, &x, Index(0)).unwrap().values;
        close(&run(&nested, array![[3., 1.]]), &array![[1.5, -0.5]], 1e-12);
        close(&run(&threshold, array![[0., 6., 14.]]), &array![[0., 3., 7.]], 1e-12);
        close(&run(&many, array![[0., 100., 0.]]), &array![[0., 390., 0.]], 1e-10);
    }
}

#[test]
fn a_layer_that_is_no_activation_takes_the_mean_of_both_ends() {
    // (2x₁ + x₂)²: the gradient is linear along the path, so that the mean of the ends is exact.
    let square = || Function::<B, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    let last = square();
    let first = linear::<B>(array![[2.0, 1.0]], &[0.0]);
    let model = Chain::new().layer("first", &first).layer("square", &last);
    for n in [2, 7] {
        let why = secants(n).analyze(&model, &array![[3., 3.]], Index(0)).unwrap();
        close(&why.values, &array![[54., 27.]], 1e-12);
    }
    // An activation that the chain owns is still one.
    let owned = Chain::<B>::new().layer("first", &first).owned("relu", Activation::Relu).owned("square", square());
    let why = secants(2).analyze(&owned, &array![[3., 3.]], Index(0)).unwrap();
    close(&why.values, &array![[54., 27.]], 1e-12);
}

/// Residual and parallel branches, every activation's kind of curve.
fn network<B: NnBackend>(seed: u64, f: Activation) -> Sequential<B> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let body = Sequential::new().push(random(8, 8, rng)).push(f).push(random(8, 8, rng));
    let branches = Concat::new()
        .push(Sequential::new().push(random(4, 8, rng)).push(Activation::Relu6))
        .push(Sequential::new().push(random(3, 8, rng)).push(Activation::Tanh));
    Sequential::new()
        .push(random(8, 5, rng))
        .push(Activation::Relu)
        .push(Residual::new(body))
        .push(f)
        .push(branches)
        .push(random(2, 7, rng))
}

fn input() -> Array2<f64> {
    array![[1.0, -2.0, 0.5, 3.0, -1.0], [0.2, 0.1, -0.4, 0.0, 2.0], [-3.0, 1.0, 1.0, 0.7, 0.3]]
}

/// ‖a - b‖₂ / ‖b‖₂.
fn error(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    ((a - b).mapv(|v| v * v).sum() / b.mapv(|v| v * v).sum()).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn they_converge_to_the_path_integral_and_are_complete_on_the_way(seed in 0u64..1000, curve in 0usize..4) {
        let f = [Activation::Relu, Activation::Silu, Activation::HardSwish, Activation::LeakyRelu { slope: 0.1 }][curve];
        let model = network::<B>(seed, f);
        let reference = Reference::Constant(-0.3);
        let run = |n, rule| {
            let path = IntegratedGradients::new().n(n).quadrature(rule).reference(reference.clone()).chunk(512);
            path.analyze(&model, &input(), Index(1)).unwrap()
        };
        let truth = run(20_000, Quadrature::Graded).values;
        for n in [2, 5, 40] {
            let gaps = run(n, Quadrature::Secant).extras.completeness_gap.unwrap();
            prop_assert!(gaps.iter().all(|gap| gap.abs() < 1e-6), "{gaps:?}");
        }
        let (coarse, fine) = (run(40, Quadrature::Secant).values, run(1000, Quadrature::Secant).values);
        prop_assert!(error(&fine, &truth) < 2e-3, "{}", error(&fine, &truth));
        prop_assert!(error(&fine, &truth) <= error(&coarse, &truth) + 1e-3);
    }
}

#[test]
fn they_need_far_fewer_points_than_gradients_do() {
    let mean_error = |rule| {
        let errors = (0..20).map(|seed| {
            let model = network::<B>(seed, Activation::Relu);
            let run = |n, rule| {
                IntegratedGradients::new().n(n).quadrature(rule).chunk(512).analyze(&model, &input(), Index(0))
            };
            error(&run(30, rule).unwrap().values, &run(20_000, Quadrature::Graded).unwrap().values)
        });
        errors.sum::<f64>() / 20.0
    };
    let (secants, trapezoid) = (mean_error(Quadrature::Secant), mean_error(Quadrature::Trapezoid));
    assert!(secants < 0.4 * trapezoid, "{secants} and {trapezoid}");
}

#[test]
fn short_steps_lose_no_digits() {
    // So many points that neighbours differ by little more than rounding, in single precision.
    for f in [Activation::Relu, Activation::Gelu, Activation::Elu { alpha: 0.5 }, Activation::Sigmoid] {
        let single = network::<NdArray<f32>>(3, f);
        let double = network::<B>(3, f);
        let path = || secants(3000).chunk(300);
        let got = path().analyze(&single, &input().mapv(|v| v as f32), Index(0)).unwrap().values.mapv(f64::from);
        let expected = path().analyze(&double, &input(), Index(0)).unwrap().values;
        assert!(error(&got, &expected) < 1e-4, "{f:?}: {}", error(&got, &expected));
    }
}

#[test]
fn a_batch_equals_its_samples_in_any_chunks_and_around_wrappers() {
    let model = network::<B>(7, Activation::Silu);
    let run = |chunk: usize, x: &Array2<f64>| {
        let path = secants(9).chunk(chunk).reference(Reference::Constant(0.1));
        let nested = NoiseAugmentation::new(path.clone(), 3).std(0.2).chunk(chunk);
        let plain = path.analyze(&model, x, Index(1)).unwrap();
        assert!(plain.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-10));
        {
            let nested = nested.analyze(&model, x, Index(1)).unwrap().values;
            concatenate(Axis(1), &[plain.values.view(), nested.view()]).unwrap()
        }
    };
    let x = input();
    let alone: Vec<_> = x.axis_chunks_iter(Axis(0), 1).map(|x| run(8, &x.to_owned())).collect();
    let alone: Vec<_> = alone.iter().map(|a| a.view()).collect();
    let alone = concatenate(Axis(0), &alone).unwrap();
    for chunk in [1, 2, 3, 5, 100] {
        close(&run(chunk, &x), &alone, 1e-12);
    }
}

#[test]
fn every_point_runs_through_the_layers_once() {
    for (samples, chunk) in [(1, 1), (1, 4), (2, 1), (2, 5), (3, 100)] {
        let rows = Cell::new(0);
        let net = network::<B>(5, Activation::Relu);
        let counting = Function::<B, _, _>::new(
            |x: &T| {
                rows.set(rows.get() + x.shape()[0]);
                x.clone()
            },
            |_: &T, v: &T| v.clone(),
        );
        let affine = CountedLayer(counting);
        let model = Chain::new().layer("net", &net).layer("count", &affine);
        let x = Array2::from_shape_fn((samples, 5), |(b, i)| (b + i) as f64 - 1.5);
        let selection = xai_core::PerSample(vec![1; samples]);
        secants(9).chunk(chunk).analyze(&model, &x, selection).unwrap();
        // A batch that is larger than a chunk is looked at as a whole first.
        let chosen = if samples > chunk { samples } else { 0 };
        assert_eq!(rows.get(), 9 * samples + chosen, "{samples} samples in chunks of {chunk}");
    }
}

/// The identity, known to be affine.
struct CountedLayer<L>(L);

impl<L: xai_core::Layer<B>> xai_core::Layer<B> for CountedLayer<L> {
    fn forward(&self, x: &Tensor<B>) -> xai_core::Result<Tensor<B>> {
        self.0.forward(x)
    }
    fn vjp(&self, x: &Tensor<B>) -> xai_core::Result<(Tensor<B>, xai_core::Pullback<'_, B>)> {
        self.0.vjp(x)
    }
    fn is_affine(&self) -> bool {
        true
    }
}

#[test]
fn where_layers_are_not_known_or_not_asked_for_it_is_the_trapezoid_rule() {
    let model = network::<B>(11, Activation::Relu);
    let by_hand = |analyzer: &dyn Analyzer<Sequential<B>>| {
        let x = array![[1.0, -2.0, 0.5, 3.0, -1.0]];
        let sum = Quadrature::Secant
            .points(6)
            .into_iter()
            .map(|(alpha, weight)| (&analyzer).analyze(&model, &(&x * alpha), Index(0)).unwrap().values * weight);
        sum.reduce(|a, b| a + b).unwrap() * x
    };
    let path = InterpolationAugmentation::new(InputTimesGradient, 6).quadrature(Quadrature::Secant);
    let x = array![[1.0, -2.0, 0.5, 3.0, -1.0]];
    close(&path.analyze(&model, &x, Index(0)).unwrap().values, &by_hand(&InputTimesGradient), 1e-12);
    // A model of one opaque function.
    let opaque = Function::<B, _, _>::new(
        |x: &T| model.forward(&Tensor::new(x.clone())).unwrap().into_inner(),
        |x: &T, v: &T| {
            model.vjp(&Tensor::new(x.clone())).unwrap().1.pull(&Tensor::new(v.clone())).unwrap().into_inner()
        },
    );
    close(&secants(6).analyze(&opaque, &x, Index(0)).unwrap().values, &by_hand(&Gradient), 1e-12);
    let smooth = SmoothGrad::new().n(2).std(0.0);
    let path = InterpolationAugmentation::new(smooth, 6).quadrature(Quadrature::Secant);
    close(&path.analyze(&model, &x, Index(0)).unwrap().values, &by_hand(&Gradient), 1e-12);
}

#[test]
fn pools_and_softmax_converge_too() {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let model = Sequential::<B>::new()
        .push(random(12, 12, rng))
        .push(Activation::Relu)
        .push(image([2, 1, 3, 4]))
        .push(MaxPool2d::new(2).stride(1))
        .push(Flatten::default())
        .push(Softmax::new(-1));
    let x = Array2::from_shape_fn((2, 12), |(b, i)| ((b * 5 + i * i) % 7) as f64 - 3.0);
    let run = |n, rule| {
        let path = IntegratedGradients::new().n(n).quadrature(rule).chunk(256);
        path.analyze(&model, &x, Index(2)).unwrap()
    };
    let truth = run(20_000, Quadrature::Midpoint).values;
    let [coarse, fine] = [20, 1000].map(|n| error(&run(n, Quadrature::Secant).values, &truth));
    assert!(coarse < 0.1 && fine < 2e-3, "{coarse}, {fine}");
    let gaps = run(1000, Quadrature::Secant).extras.completeness_gap.unwrap();
    assert!(gaps.iter().all(|gap| gap.abs() < 1e-3), "{gaps:?}");
}

fn image(shape: [usize; 4]) -> impl xai_core::Layer<B> {
    Function::<B, _, _>::new(
        move |x: &T| {
            let shape = [x.shape()[0], shape[1], shape[2], shape[3]];
            x.to_shape(shape).unwrap().into_owned().into_dyn().into_shared()
        },
        |x: &T, v: &T| v.to_shape(x.raw_dim()).unwrap().into_owned().into_shared(),
    )
}

#[test]
fn a_maximum_moves_where_two_numbers_meet() {
    // max(x₁, 2): the maximum is x₁ on the last third of the way from 0 to 3, so that a third of 3 is all it gets.
    let weight = linear::<B>(array![[1.0], [0.0]], &[0.0, 2.0]);
    let (images, pool) = (image([1, 1, 1, 2]), MaxPool2d::new([1, 2]));
    let model = Chain::new()
        .layer("weight", &weight)
        .layer("images", &images)
        .layer("pool", &pool)
        .owned("flat", Flatten::default());
    for n in [2, 5] {
        let why = secants(n).analyze(&model, &array![[3.0]], Index(0)).unwrap();
        close(&why.values, &array![[1.0]], 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn max_pools_are_complete_with_any_points(seed in 0u64..10_000, kernel in 1usize..4, stride in 1usize..4, n in 2usize..6) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let pool = MaxPool2d::new(kernel).stride(stride).padding(kernel / 2);
        let pooled = pool.output_shape(&[1, 2, 4, 4]).unwrap().iter().product();
        let model = Sequential::<B>::new()
            .push(random(32, 5, rng))
            .push(image([1, 2, 4, 4]))
            .push(pool)
            .push(Flatten::default())
            .push(random(2, pooled, rng));
        let why = secants(n).chunk(2).analyze(&model, &input(), Index(1)).unwrap();
        let gaps = why.extras.completeness_gap.unwrap();
        prop_assert!(gaps.iter().all(|gap| gap.abs() < 1e-12), "{gaps:?}");
        let truth = IntegratedGradients::new().n(4000).quadrature(Quadrature::Midpoint).chunk(512);
        let truth = truth.analyze(&model, &input(), Index(1)).unwrap().values;
        let many = secants(60).analyze(&model, &input(), Index(1)).unwrap().values;
        prop_assert!(error(&many, &truth) < 1e-2, "{}", error(&many, &truth));
    }
}
