//! The same layers in `f32` and `f64`.

use ndarray::ArrayD;
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, GroupNorm, LayerNorm, Linear, MaxPool2d, Sequential,
    Softmax, Upsample2d, Weights,
};
use xai_core::{Analyzer, Arithmetic, Backend, Element, Gradient, Index, NdArray};

use crate::nn_ops::numbers::noise;

fn network<B: Backend>() -> Sequential<B> {
    let of = |seed, shape: &[usize]| noise(seed, shape).mapv(<B as Arithmetic>::Elem::of);
    let checkpoint = [
        ("conv.weight", of(1, &[4, 2, 3, 3])),
        ("conv.bias", of(2, &[4])),
        ("bn.running_mean", of(3, &[4])),
        ("bn.running_var", of(4, &[4]).mapv(|v| v * v)),
        ("gn.weight", of(5, &[4])),
        ("fc.weight", of(6, &[5, 16])),
        ("ln.weight", of(7, &[5])),
        ("ln.bias", of(8, &[5])),
    ];
    let w = Weights::<B>::new(checkpoint, B::Placement::default()).unwrap();
    let net = Sequential::new()
        .push(Conv2d::load(&w.at("conv")).unwrap().padding(1))
        .push(BatchNorm2d::load(&w.at("bn"), 1e-3).unwrap())
        .push(Activation::Silu)
        .push(MaxPool2d::new(3).stride(2).padding(1))
        .push(GroupNorm::load(&w.at("gn"), 2, 1e-3).unwrap())
        .push(Upsample2d::bilinear([5, 7]))
        .push(Activation::Gelu)
        .push(AdaptiveAvgPool2d::new(2))
        .push(Flatten::default())
        .push(Linear::load(&w.at("fc")).unwrap())
        .push(LayerNorm::load(&w.at("ln"), 1e-3).unwrap())
        .push(Softmax::new(-1));
    assert!(w.unused().is_empty());
    net
}

fn explained<F: Element>(x: &ArrayD<f64>) -> ArrayD<f64> {
    let why = Gradient.analyze(&network::<NdArray<F>>(), &x.mapv(F::of), Index(3)).unwrap();
    why.values.mapv(Element::as_f64)
}

#[test]
fn gradients_agree_to_single_precision() {
    let x = noise(9, &[3, 2, 9, 8]);
    let (single, double) = (explained::<f32>(&x), explained::<f64>(&x));
    let norm = |a: &ArrayD<f64>| a.mapv(|v| v * v).sum().sqrt();
    assert!(norm(&double) > 1e-3);
    let relative = norm(&(&single - &double)) / norm(&double);
    assert!(relative < 1e-5, "{relative}");
}

#[test]
fn networks_can_be_sent_between_threads() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let net = sent(network::<NdArray<f64>>());
    let weights = Weights::<NdArray<f64>>::new(Vec::<(String, _)>::new(), ()).unwrap();
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&weights);
    let x = noise(9, &[1, 2, 9, 8]);
    let there = std::thread::spawn(move || Gradient.analyze(&net, &x, Index(3)).unwrap().values).join().unwrap();
    assert_eq!(there, explained::<f64>(&noise(9, &[1, 2, 9, 8])));
}
