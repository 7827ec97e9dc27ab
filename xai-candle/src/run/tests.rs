//! Operations computed together give what they give one by one, and an error still names its layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Tensor};
use xai_core::nn::{Activation, ChannelAffine, Conv2d, Flatten, Sequential};
use xai_core::{Analyzer, Backend, Differentiable, Error, Graph, Index, Op, SmoothGrad};

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
    ChannelAffine::new(numbers(&[channels], 0.2), numbers(&[channels], 0.9)).unwrap()
}

/// Every kind of block: with and without bias, norm and clamp; plain, strided and depthwise; and operations between
/// them that belong to no block.
fn network() -> Vec<Op<B>> {
    let biased = |conv: Conv2d<B>, out: usize| Conv2d { bias: Some(numbers(&[out], 0.4).into()), ..conv };
    vec![
        biased(conv(8, 3, 3, 1).stride(2), 8).into(),
        affine(8).into(),
        Activation::Relu6.into(),
        conv(8, 8, 3, 8).into(),
        affine(8).into(),
        Activation::Relu.into(),
        biased(conv(16, 8, 3, 1), 16).into(),
        Activation::Relu.into(),
        conv(8, 16, 1, 1).into(),
        affine(8).into(),
        conv(8, 8, 3, 2).into(),
        Activation::Silu.into(),
        affine(8).into(),
        Activation::Relu.into(),
        conv(2, 8, 1, 1).into(),
    ]
}

fn graph(ops: &[Op<B>], shape: &[usize]) -> Graph<'static, B> {
    let code = |x: &[xai_core::Var<'static, B>]| Ok(ops.iter().fold(x[0].clone(), |x, op| x.op(op.clone())));
    Graph::trace(&[shape.to_vec()], code).unwrap()
}

/// The greatest difference, relative to the greatest number.
fn gap(a: &X, b: &X) -> f64 {
    assert_eq!(a.shape(), b.shape());
    let read = |t: &X| t.inner().to_dtype(DType::F64).unwrap();
    let greatest = |t: Tensor| t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f64>().unwrap();
    greatest((read(a) - read(b)).unwrap()) / greatest(read(b))
}

#[test]
fn blocks_are_found() {
    let ops = network();
    let all: Vec<&Op<B>> = ops.iter().collect();
    let x = numbers(&[1, 3, 9, 12], 0.1);
    // All up to the silu, which is no clamp.
    assert_eq!(B::fuses(&all, &x), 11);
    assert_eq!(B::fuses(&all[11..], &x), 0);
    assert_eq!(B::fuses(&all[14..], &x), 1);
    let half = X::new(x.inner().to_dtype(DType::BF16).unwrap());
    assert_eq!(B::fuses(&all, &half), 0);
}

#[test]
fn together_and_one_by_one_are_the_same() {
    let ops = network();
    for (size, dtype, bound) in
        [([9, 12], DType::F64, 1e-13), ([24, 20], DType::F64, 1e-13), ([9, 12], DType::F32, 1e-5)]
    {
        let x = numbers(&[2, 3, size[0], size[1]], 0.1);
        let x = xai_core::Tensor::new(x.inner().to_dtype(dtype).unwrap());
        let (mut expected, mut pulls) = (x.clone(), vec![]);
        for op in &ops {
            let (y, pull) = B::vjp(op, &[&expected], &[true]).unwrap();
            (expected, pulls) = (y, pulls.into_iter().chain([pull]).collect());
        }
        let graph = graph(&ops, &x.shape());
        let (y, pull) = graph.vjp(std::slice::from_ref(&x), &[true], None).unwrap();
        assert!(gap(&y, &expected) < bound, "{size:?} {dtype:?}: {}", gap(&y, &expected));
        assert!(gap(&y, &graph.forward(std::slice::from_ref(&x)).unwrap()) == 0.0);
        let v = xai_core::Tensor::new(numbers(&y.shape(), 0.6).inner().to_dtype(dtype).unwrap());
        let by_one = pulls.iter().rev().fold(v.clone(), |v, pull| pull.pull(&v).unwrap());
        let dx = pull.pull(&v).unwrap();
        assert!(gap(&dx, &by_one) < bound, "{size:?} {dtype:?}: {}", gap(&dx, &by_one));
        // The buffers of the first pull serve the second.
        assert!(gap(&dx, &pull.pull(&v).unwrap()) == 0.0);
        assert!(pull.pull(&x).is_err());
        let all: Vec<&Op<B>> = ops.iter().collect();
        let (_, pull) = B::vjp_fused(&all[..11], &x).unwrap();
        assert!(pull.pull(&x).is_err());
    }
}

#[test]
fn nans_and_infinities_go_the_same_way() {
    let unit = |shape: &[usize]| xai_core::Tensor::<B>::new(Tensor::ones(shape, DType::F64, &Device::Cpu).unwrap());
    let conv: Op<B> = Conv2d::new(unit(&[1, 1, 1, 1]), None).unwrap().into();
    let x = Tensor::new(&[[[[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 6.0, 7.0, 1.0]]]], &Device::Cpu);
    let x = X::new(x.unwrap());
    for f in [Activation::Relu, Activation::Relu6] {
        let clamp: Op<B> = f.into();
        assert_eq!(B::fuses(&[&conv, &clamp], &x), 2);
        let (y, pull) = B::vjp_fused(&[&conv, &clamp], &x).unwrap();
        let (z, pull_conv) = B::vjp(&conv, &[&x], &[true]).unwrap();
        let (expected, pull_clamp) = B::vjp(&clamp, &[&z], &[true]).unwrap();
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
    let x = numbers(&[1, 3, 5, 5], 0.0);
    let first = || Sequential::<B>::new().push_named("first", conv(4, 3, 3, 1));
    let wrong_norm = first().push_named("norm", affine(5));
    let wrong_conv = first().push_named("second", conv(4, 6, 3, 1));
    for (net, name) in [(wrong_norm, "norm"), (wrong_conv, "second")] {
        for error in [net.forward(&x).err().unwrap(), net.vjp(&x).err().unwrap()] {
            assert!(matches!(&error, Error::Layer { layer, .. } if layer == name), "{error:?}");
        }
    }
    // A backend that is asked all the same says which of the operations it was.
    let wrong: [Op<B>; 3] = [conv(4, 3, 3, 1).into(), Activation::Relu.into(), conv(4, 6, 3, 1).into()];
    let wrong: Vec<&Op<B>> = wrong.iter().collect();
    assert!(matches!(B::forward_fused(&wrong, &x), Err((2, _))));
    assert!(matches!(B::vjp_fused(&wrong, &x), Err((2, _))));
}

#[test]
fn a_map_between_convolutions_decides_how_many_copies_a_pass_has() {
    let net = Sequential::<B>::new()
        .push_named("bend", Activation::Relu)
        .push_named("narrow", conv(1, 1, 3, 1))
        .push_named("narrow_clamp", Activation::Relu)
        .push_named("wide", conv(200, 1, 1, 1))
        .push_named("wide_clamp", Activation::Relu)
        .push_named("back", conv(1, 200, 1, 1))
        .push_named("flat", Flatten::default());
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
