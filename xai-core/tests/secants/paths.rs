//! Mean gradients over the segments of a path.

use std::cell::Cell;
use std::sync::Arc;

use ndarray::{Array2, Axis, array, concatenate};
use proptest::prelude::*;
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, Differentiable, Function, Gradient, Index, InputTimesGradient, IntegratedGradients,
    InterpolationAugmentation, Layer, NdArray, NoiseAugmentation, Opaque, Quadrature, Reference, SmoothGrad, Tensor,
    Var,
};

use crate::models::{B, Chain, T};
use crate::secants::networks::{close, error, input, linear, network, secants};

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
    // An activation that the chain owns is still one, also behind a pointer and in a struct in a struct.
    let owned = || Chain::new().layer("first", &first).owned("relu", Activation::Relu).owned("square", square());
    let boxed: Box<dyn Layer<B>> = Box::new(Activation::Relu);
    let behind = Chain::new().layer("first", &first).owned("relu", boxed).owned("square", Arc::new(square()));
    let inner = Chain::new().layer("relu", &Activation::Relu).layer("square", &last);
    let nested = Chain::new().layer("first", &first).layer("inner", &inner);
    let deeper = Chain::new().owned("all", owned());
    for model in [owned(), behind, nested, deeper] {
        let why = secants(2).analyze(&model, &array![[3., 3.]], Index(0)).unwrap();
        close(&why.values, &array![[54., 27.]], 1e-12);
    }
    // That is not the trapezoid rule's: on the way from -1 to 3, relu has its kink inside of the segment.
    for model in [Chain::new().owned("relu", Activation::Relu), Chain::new().layer("relu", &Activation::Relu)] {
        let path = secants(2).reference(&array![[-1.0]]);
        close(&path.analyze(&model, &array![[3.0]], Index(0)).unwrap().values, &array![[3.0]], 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn they_converge_to_the_path_integral_and_are_complete_on_the_way(seed in 0u64..1000, curve in 0usize..4) {
        let leaky = Activation::LeakyRelu { slope: 0.1 };
        let f = [Activation::Relu, Activation::Silu, Activation::HardSwish, leaky][curve];
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

impl<L: Differentiable<Backend = B>> Layer<B> for CountedLayer<L> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> xai_core::Result<Var<'m, B>> {
        Ok(x.opaque(Opaque::with_vjp(|x| self.0.forward(&x[0]), |x| self.0.vjp(&x[0])).affine()))
    }
}

#[test]
fn where_layers_are_not_known_or_not_asked_for_it_is_the_trapezoid_rule() {
    let model = network::<B>(11, Activation::Relu);
    let by_hand = |analyzer: &dyn Analyzer<Sequential<B>>| {
        let x = array![[1.0, -2.0, 0.5, 3.0, -1.0]];
        let sum = Quadrature::Secant
            .points(6)
            .unwrap()
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
