//! Secants through max pooling, where the maximum moves.

use ndarray::{Array2, ArrayD, array};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use xai_core::nn::{Activation, AdaptiveMaxPool2d, Conv2d, Flatten, Linear, MaxPool2d, Sequential, Softmax};
use xai_core::{
    Analyzer, DeepLift, DeepLiftShap, Differentiable, Index, IntegratedGradients, Quadrature, Reference, Result,
    Tensor, Var,
};

use crate::models::{B, Chain};
use crate::secants::networks::{close, error, image, input, linear, random, secants};

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
    fn max_pools_are_complete_with_any_points(
        seed in 0u64..10_000,
        kernel in 1usize..4,
        stride in 1usize..4,
        n in 2usize..6,
    ) {
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

/// Pictures of several times, each by itself through a convolution and a pool: as rows of one batch, or one by one.
struct Times {
    conv: Conv2d<B>,
    pool: Pool,
    head: Linear<B>,
    folded: bool,
}

enum Pool {
    Windows(MaxPool2d),
    Adaptive(AdaptiveMaxPool2d),
}

impl Times {
    fn maps<'m>(&'m self, x: &Var<'m, B>) -> Result<Var<'m, B>> {
        let maps = x.layer("conv", &self.conv)?.relu();
        match &self.pool {
            Pool::Windows(pool) => maps.layer("pool", pool),
            Pool::Adaptive(pool) => maps.layer("pool", pool),
        }
    }
}

impl Differentiable for Times {
    type Backend = B;

    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let shape = x[0].shape()?;
        let (batch, times, picture) = (shape[0], shape[1], &shape[2..]);
        let features = self.head.weight.shape()[1];
        let all = if self.folded {
            self.maps(&x[0].reshape(&[&[batch * times], picture].concat()))?.reshape(&[batch, features])
        } else {
            let of_time = |time| {
                let picture = x[0].narrow(1, time, 1).reshape(&[&[batch], picture].concat());
                Ok(self.maps(&picture)?.reshape(&[batch, features / times]))
            };
            let maps = (0..times).map(of_time).collect::<Result<Vec<_>>>()?;
            maps[0].concat(&maps[1..].iter().collect::<Vec<_>>(), 1)
        };
        all.layer("head", &self.head)
    }
}

#[test]
fn pools_behind_an_axis_folded_into_the_batch() {
    let rng = &mut ChaCha8Rng::seed_from_u64(11);
    let mut normal =
        |shape: &[usize]| -> ArrayD<f64> { ArrayD::from_shape_simple_fn(shape, || StandardNormal.sample(rng)) };
    let (x, references) = (normal(&[3, 2, 2, 6, 6]), normal(&[3, 2, 2, 6, 6]));
    let (kernel, bias, weight) = (normal(&[3, 2, 3, 3]), normal(&[3]), normal(&[2, 24]));
    let tensor = |a: &ArrayD<f64>| Tensor::<B>::upload(a.view(), &()).unwrap();
    let model = |adaptive: bool, folded: bool| Times {
        conv: Conv2d::new(tensor(&kernel), Some(tensor(&bias))).unwrap(),
        pool: match adaptive {
            true => Pool::Adaptive(AdaptiveMaxPool2d::new([2, 2])),
            // Windows of 3 in maps of 4.
            false => Pool::Windows(MaxPool2d::new(3).stride(1)),
        },
        head: Linear::new(tensor(&weight), None).unwrap(),
        folded,
    };
    for adaptive in [false, true] {
        let run = |model: Times| {
            let at = || Reference::array(&references);
            let [one, shap] = [
                DeepLift::new().reference(at()).analyze(&model, &x, Index(1)).unwrap(),
                DeepLiftShap::new(&references).analyze(&model, &x, Index(1)).unwrap(),
            ];
            let path = |n: usize| secants(n).reference(at()).chunk(4).analyze(&model, &x, Index(1)).unwrap();
            [one, shap, path(2), path(6)]
        };
        let (folded, apart) = (run(model(adaptive, true)), run(model(adaptive, false)));
        for (i, (folded, apart)) in folded.iter().zip(&apart).enumerate() {
            let gaps = folded.extras.completeness_gap.as_ref().unwrap();
            assert!(gaps.iter().all(|gap| gap.abs() < 1e-10), "{adaptive}, {i}: {gaps:?}");
            let off = (&folded.values - &apart.values).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()));
            assert!(off < 1e-12, "{adaptive}, {i}: {off}");
        }
    }
}
