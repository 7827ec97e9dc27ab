//! Layers computed together give what they give one by one, and an error still names its layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Tensor};
use xai_core::nn::{Activation, ChannelAffine, Conv2d};
use xai_core::{Analyzer, Chain, Error, Index, Layer, SmoothGrad};

use crate::Candle;

type B = Candle<f64>;
type X = xai_core::Tensor<B>;

fn numbers(shape: &[usize], seed: f64) -> X {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + seed) * 12.9898).sin() * 1.5).collect();
    xai_core::Tensor::new(Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap())
}

fn conv(out: usize, channels: usize, kernel: usize, groups: usize) -> Conv2d<B> {
    let weight = numbers(&[out, channels / groups, kernel, kernel], out as f64);
    Conv2d::new(weight, None).unwrap().padding(kernel / 2).groups(groups)
}

fn affine(channels: usize) -> ChannelAffine<B> {
    ChannelAffine { scale: numbers(&[channels], 0.2), shift: numbers(&[channels], 0.9) }
}

/// A chain with every kind of block in it: with and without bias, norm and clamp; plain, strided and depthwise; and
/// layers between them that belong to no block.
fn layers() -> Vec<(&'static str, Box<dyn Layer<B>>)> {
    let biased = |conv: Conv2d<B>, out: usize| Conv2d { bias: Some(numbers(&[out], 0.4)), ..conv };
    vec![
        ("stem", Box::new(biased(conv(8, 3, 3, 1).stride(2), 8))),
        ("stem_norm", Box::new(affine(8))),
        ("stem_clamp", Box::new(Activation::Relu6)),
        ("depthwise", Box::new(conv(8, 8, 3, 8))),
        ("depthwise_norm", Box::new(affine(8))),
        ("depthwise_clamp", Box::new(Activation::Relu)),
        ("wide", Box::new(biased(conv(16, 8, 3, 1), 16))),
        ("wide_clamp", Box::new(Activation::Relu)),
        ("project", Box::new(conv(8, 16, 1, 1))),
        ("project_norm", Box::new(affine(8))),
        ("smooth", Box::new(conv(8, 8, 3, 2))),
        ("silu", Box::new(Activation::Silu)),
        ("alone", Box::new(affine(8))),
        ("clamp_alone", Box::new(Activation::Relu)),
        ("last", Box::new(conv(2, 8, 1, 1))),
    ]
}

/// The greatest difference, relative to the greatest number.
fn gap(a: &X, b: &X) -> f64 {
    assert_eq!(a.shape(), b.shape());
    let read = |t: &X| t.inner().to_dtype(DType::F64).unwrap();
    let greatest = |t: Tensor| t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap();
    greatest((read(a) - read(b)).unwrap()) / greatest(read(b))
}

#[test]
fn together_and_one_by_one_are_the_same() {
    let layers = layers();
    let chain = layers.iter().fold(Chain::new(), |chain, (name, layer)| chain.layer(name, layer));
    for (size, dtype, bound) in
        [([9, 12], DType::F64, 1e-13), ([24, 20], DType::F64, 1e-13), ([9, 12], DType::F32, 1e-5)]
    {
        let x = numbers(&[2, 3, size[0], size[1]], 0.1);
        let x = xai_core::Tensor::new(x.inner().to_dtype(dtype).unwrap());
        let (mut expected, mut pulls) = (x.clone(), vec![]);
        for (_, layer) in &layers {
            let (y, pull) = layer.vjp(&expected).unwrap();
            (expected, pulls) = (y, pulls.into_iter().chain([pull]).collect());
        }
        let (y, pull) = Layer::vjp(&chain, &x).unwrap();
        assert!(gap(&y, &expected) < bound, "{size:?} {dtype:?}: {}", gap(&y, &expected));
        assert!(gap(&y, &Layer::forward(&chain, &x).unwrap()) == 0.0);
        let v = xai_core::Tensor::new(numbers(&y.shape(), 0.6).inner().to_dtype(dtype).unwrap());
        let by_one = pulls.iter().rev().fold(v.clone(), |v, pull| pull.pull(&v).unwrap());
        let dx = pull.pull(&v).unwrap();
        assert!(gap(&dx, &by_one) < bound, "{size:?} {dtype:?}: {}", gap(&dx, &by_one));
        // The buffers of the first pull serve the second.
        assert!(gap(&dx, &pull.pull(&v).unwrap()) == 0.0);
        assert!(pull.pull(&x).is_err());
    }
}

#[test]
fn nans_and_infinities_go_the_same_way() {
    let unit = |shape: &[usize]| xai_core::Tensor::<B>::new(Tensor::ones(shape, DType::F64, &Device::Cpu).unwrap());
    let conv = Conv2d::new(unit(&[1, 1, 1, 1]), None).unwrap();
    let x = Tensor::new(&[[[[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 6.0, 7.0, 1.0]]]], &Device::Cpu);
    let x = X::new(x.unwrap());
    for f in [Activation::Relu, Activation::Relu6] {
        let chain = Chain::<B>::new().layer("conv", &conv).layer("clamp", &f);
        let (y, pull) = Layer::vjp(&chain, &x).unwrap();
        let (z, pull_conv) = Layer::<B>::vjp(&conv, &x).unwrap();
        let (expected, pull_clamp) = Layer::<B>::vjp(&f, &z).unwrap();
        let text = |t: &X| format!("{:?}", t.inner().abs().unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap());
        assert_eq!(text(&y), text(&expected), "{f:?}");
        let v = unit(&y.shape());
        assert_eq!(
            text(&pull.pull(&v).unwrap()),
            text(&pull_conv.pull(&pull_clamp.pull(&v).unwrap()).unwrap()),
            "{f:?}"
        );
    }
}

#[test]
fn an_error_names_its_layer() {
    let (first, norm, second) = (conv(4, 3, 3, 1), affine(5), conv(4, 6, 3, 1));
    let x = numbers(&[1, 3, 5, 5], 0.0);
    let wrong_norm = Chain::new().layer("first", &first).layer("norm", &norm);
    let wrong_conv = Chain::new().layer("first", &first).layer("second", &second);
    for (chain, name) in [(wrong_norm, "norm"), (wrong_conv, "second")] {
        for error in [Layer::forward(&chain, &x).err().unwrap(), Layer::vjp(&chain, &x).err().unwrap()] {
            assert!(matches!(&error, Error::Layer { layer, .. } if layer == name), "{error:?}");
        }
    }
}

#[test]
fn a_map_between_convolutions_decides_how_many_copies_a_pass_has() {
    let (narrow, wide, back) = (conv(1, 1, 3, 1), conv(200, 1, 1, 1), conv(1, 200, 1, 1));
    let (relu, flat) = (Activation::Relu, xai_core::nn::Flatten::default());
    let net = Chain::new()
        .layer("bend", &relu)
        .layer("narrow", &narrow)
        .layer("narrow_clamp", &relu)
        .layer("wide", &wide)
        .layer("wide_clamp", &relu)
        .layer("back", &back)
        .layer("flat", &flat);
    let passes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&passes);
    let noise = SmoothGrad::new().n(6).on_progress(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    // 200 channels of 64 x 64 numbers of 8 bytes are 6.6 MB: three copies have less than 26 MB.
    let x = ndarray::Array4::from_elem((1, 1, 64, 64), 0.5);
    noise.analyze(&net, &x, Index(7)).unwrap();
    assert_eq!(passes.load(Ordering::Relaxed), 2);
}
