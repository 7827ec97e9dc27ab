//! Networks that secants go through.

use ndarray::{Array2, ArrayD, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use xai_core::nn::{Activation, Concat, Linear, Residual, Sequential};
use xai_core::{Backend, Element, Function, IntegratedGradients, Layer, Quadrature, Tensor};

use crate::models::{B, T};

pub(crate) fn linear<B: Backend>(weight: Array2<f64>, bias: &[f64]) -> Linear<B> {
    let tensor = |a: ArrayD<f64>| Tensor::<B>::upload(a.mapv(B::Elem::of).view(), &B::Placement::default()).unwrap();
    Linear::new(tensor(weight.into_dyn()), Some(tensor(ndarray::aview1(bias).to_owned().into_dyn()))).unwrap()
}

pub(crate) fn random<B: Backend>(outputs: usize, inputs: usize, rng: &mut ChaCha8Rng) -> Linear<B> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let weight = Array2::from_shape_simple_fn((outputs, inputs), &mut normal) * (2.0 / inputs as f64).sqrt();
    let bias: Vec<f64> = (0..outputs).map(|_| 0.3 * normal()).collect();
    linear(weight, &bias)
}

pub(crate) fn secants(n: usize) -> IntegratedGradients {
    IntegratedGradients::new().n(n).quadrature(Quadrature::Secant)
}

pub(crate) fn close(got: &Array2<f64>, expected: &Array2<f64>, within: f64) {
    let gap = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(gap <= within, "{got} instead of {expected}");
}

/// Residual and parallel branches, every activation's kind of curve.
pub(crate) fn network<B: Backend>(seed: u64, f: Activation) -> Sequential<B> {
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

pub(crate) fn input() -> Array2<f64> {
    array![[1.0, -2.0, 0.5, 3.0, -1.0], [0.2, 0.1, -0.4, 0.0, 2.0], [-3.0, 1.0, 1.0, 0.7, 0.3]]
}

/// ‖a - b‖₂ / ‖b‖₂.
pub(crate) fn error(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    ((a - b).mapv(|v| v * v).sum() / b.mapv(|v| v * v).sum()).sqrt()
}

pub(crate) fn image(shape: [usize; 4]) -> impl Layer<B> {
    Function::<B, _, _>::new(
        move |x: &T| {
            let shape = [x.shape()[0], shape[1], shape[2], shape[3]];
            x.to_shape(shape).unwrap().into_owned().into_dyn().into_shared()
        },
        |x: &T, v: &T| v.to_shape(x.raw_dim()).unwrap().into_owned().into_shared(),
    )
}
