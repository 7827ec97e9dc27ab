//! Gradients against central differences, in double precision.

use ndarray::{ArrayD, IxDyn};
use tch::{Device, Kind};
use xai_core::{Differentiable, Tensor};
use xai_tch::{LibTorch, Placement};

pub(crate) type Torch64 = LibTorch<f64>;
pub(crate) const DOUBLE: Placement = Placement { device: Device::Cpu, kind: Kind::Double };

/// Fixed numbers in -1 .. 1 that look random; another seed gives others.
pub(crate) fn numbers(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

pub(crate) fn upload(values: &ArrayD<f64>) -> Tensor<Torch64> {
    Tensor::upload(values.view(), &DOUBLE).unwrap()
}

/// Checks vᵀ · ∂f/∂x at every element of x against central differences, for a random v.
pub(crate) fn check(name: &str, model: &dyn Differentiable<Backend = Torch64>, x: &ArrayD<f64>) {
    let (y, pullback) = model.vjp(&upload(x)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let y = y.download().unwrap();
    assert_eq!(y, model.forward(&upload(x)).unwrap().download().unwrap(), "{name}: forward and vjp differ");
    assert!(y.iter().all(|v| v.is_finite()), "{name}: {y}");
    let v = numbers(y.shape(), 77);
    let gradient = pullback.pull(&upload(&v)).unwrap_or_else(|e| panic!("{name}: {e}")).download().unwrap();
    assert_eq!(gradient.shape(), x.shape(), "{name}");
    assert!(gradient.iter().any(|g| *g != 0.0), "{name}: the gradient is zero everywhere");

    let along_v = |x: &ArrayD<f64>| (&model.forward(&upload(x)).unwrap().download().unwrap() * &v).sum();
    let h = 1e-6;
    let mut numeric = ArrayD::zeros(x.raw_dim());
    for (place, slope) in numeric.indexed_iter_mut() {
        let (mut up, mut down) = (x.clone(), x.clone());
        up[place.clone()] += h;
        down[place] -= h;
        *slope = (along_v(&up) - along_v(&down)) / (2.0 * h);
    }
    let scale = numeric.iter().fold(1.0_f64, |m, g: &f64| m.max(g.abs()));
    let worst = (&gradient - &numeric).iter().fold(0.0_f64, |m, d| m.max(d.abs())) / scale;
    assert!(worst < 1e-7, "{name}: off by {worst:e}\ngradient {gradient}\ndifferences {numeric}");
}
