//! Number types on the device and outside.

use ndarray::{Array2, ArrayD, array};
use tch::{Device, Kind, Tensor as Torch, nn};
use xai_core::nn::{
    AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, ChannelAffine, Conv2d, GroupNorm, LayerNorm, Linear, LogSoftmax,
    MaxPool2d, Pad2d, RmsNorm, Softmax, Upsample2d, UpsampleMode,
};
use xai_core::{
    Analyzer, Backend, Differentiable, Error, Gradient, InputTimesGradient, MaxActivation, Net, Op, Tensor, Weight,
};
use xai_tch::{LibTorch, Placement};

use crate::differences::{DOUBLE, Torch64, numbers};
use crate::ops::{ACTIVATIONS, UNEVEN, all_sides};

fn linear(kind: Kind) -> nn::Linear {
    let weight = Torch::from_slice(&[1.0_f32, -2.0, 0.5, 3.0]).reshape([2, 2]).to_kind(kind);
    nn::Linear { ws: weight.set_requires_grad(true), bs: None }
}

#[test]
fn each_kind_on_the_device_with_f32_and_f64_outside() {
    for kind in [Kind::Float, Kind::Double, Kind::Half, Kind::BFloat16] {
        let model = Net::<LibTorch<f32>, _>::new(linear(kind));
        let placement = model.graph(&[vec![1, 2]]).unwrap().placement();
        assert_eq!(placement, Some(Placement::from((Device::Cpu, kind))));
        let why = InputTimesGradient.analyze(&model, &array![[2.0_f32, 1.0]], MaxActivation).unwrap();
        assert_eq!((why.values, why.output), (array![[1.0_f32, 3.0]], array![[0.0_f32, 4.0]].into_dyn()), "{kind:?}");

        let model = Net::<LibTorch<f64>, _>::new(linear(kind));
        let why = Gradient.analyze(&model, &array![[2.0_f64, 1.0]], MaxActivation).unwrap();
        assert_eq!(why.values, array![[0.5, 3.0]], "{kind:?}");
    }
}

#[test]
fn a_large_output_of_a_half_model_does_not_overflow_the_gradient() {
    // 3 outputs of 60000 each: their sum is beyond what a half can hold.
    let model = Net::<LibTorch, _>::new(|x: &Torch| x * 30_000.0);
    let model = model.at((Device::Cpu, Kind::Half));
    let (y, pullback) = model
        .vjp(&Tensor::upload(Array2::from_elem((1, 3), 2.0).into_dyn().view(), &model.placement().unwrap()).unwrap())
        .unwrap();
    let ones = y.affine(0.0, 1.0).unwrap();
    let gradient = pullback.pull(&ones).unwrap();
    assert_eq!(gradient.placement().kind, Kind::Half);
    assert!(gradient.download().unwrap().iter().all(|g| *g == 30_000.0));
}

#[test]
fn widen_makes_halves_single_and_leaves_the_rest() {
    for (kind, wide) in [
        (Kind::Half, Kind::Float),
        (Kind::BFloat16, Kind::Float),
        (Kind::Float, Kind::Float),
        (Kind::Double, Kind::Double),
    ] {
        let t = Tensor::<LibTorch>::upload(ArrayD::zeros(vec![2]).view(), &(Device::Cpu, kind).into()).unwrap();
        assert_eq!(t.widen().unwrap().placement().kind, wide);
    }
}

#[test]
fn an_input_of_integers_runs_forward_and_has_no_gradient() {
    let embedding = nn::embedding(nn::VarStore::new(Device::Cpu).root(), 5, 3, Default::default());
    let rows = embedding.ws.shallow_clone();
    let model = Net::<LibTorch<f64>, _>::new(embedding);
    let x = Tensor::upload(array![[4.0, 0.0]].into_dyn().view(), &DOUBLE).unwrap();
    let y = model.forward(&x).unwrap();
    assert_eq!(y.shape(), [1, 2, 3]);
    assert_eq!(y.download().unwrap()[[0, 0, 2]], rows.double_value(&[4, 2]));
    let error = model.vjp(&x).and_then(|(y, pullback)| pullback.pull(&y)).unwrap_err();
    assert!(matches!(error, Error::NotDifferentiable { .. }) && error.to_string().contains("embedding"), "{error}");

    let integers = Net::<LibTorch<f64>, _>::new(|x: &Torch| x.shallow_clone()).at((Device::Cpu, Kind::Int64));
    let x = Tensor::upload(numbers(&[1, 2], 40).view(), &integers.placement().unwrap()).unwrap();
    let error = integers.vjp(&x).unwrap_err();
    assert!(matches!(error, Error::NotDifferentiable { .. }) && error.to_string().contains("Int64"), "{error}");
}

/// Makes an operation, with its weights in this kind.
type Make = Box<dyn Fn(Kind) -> Op<Torch64>>;

/// The operation's output and the gradient along a fixed cotangent, in this kind.
fn output_and_gradient(make: &Make, kind: Kind) -> (String, [ArrayD<f64>; 2]) {
    let place = (Device::Cpu, kind).into();
    let x = Tensor::upload(numbers(&[1, 4, 3, 6], 41).view(), &place).unwrap();
    let op = make(kind);
    let name = format!("{op:?}");
    let (y, pullback) = Torch64::vjp(&op, &[&x], &[true]).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(y.placement().kind, kind, "{name}");
    let v = Tensor::upload(numbers(&y.shape(), 42).view(), &place).unwrap();
    let dx = pullback.pull(&v).unwrap_or_else(|e| panic!("{name}: {e}"));
    (name, [y.download().unwrap(), dx.download().unwrap()])
}

fn weight(shape: &[usize], kind: Kind) -> Weight<Torch64> {
    Tensor::upload(numbers(shape, 43).view(), &(Device::Cpu, kind).into()).unwrap().into()
}

#[test]
fn every_operation_runs_in_half_types() {
    let (kernel, stride) = ([3, 2], [2, 1]);
    let mut ops: Vec<Make> = vec![
        Box::new(|k| Linear { weight: weight(&[3, 6], k), bias: Some(weight(&[3], k)) }.into()),
        Box::new(|k| ChannelAffine { scale: weight(&[4], k), shift: weight(&[4], k) }.into()),
        Box::new(|k| {
            let (weight, bias) = (Some(weight(&[6], k)), Some(weight(&[6], k)));
            LayerNorm { axes: 1, weight, bias, eps: 1e-3 }.into()
        }),
        Box::new(|k| RmsNorm { weight: Some(weight(&[6], k)), eps: 1e-3 }.into()),
        Box::new(|k| {
            let (weight, bias) = (Some(weight(&[4], k)), Some(weight(&[4], k)));
            GroupNorm { groups: 2, weight, bias, eps: 1e-3 }.into()
        }),
        Box::new(|_| AdaptiveAvgPool2d { size: [2, 4] }.into()),
        Box::new(|_| AdaptiveMaxPool2d { size: [2, 4] }.into()),
        Box::new(|_| Softmax { axis: 1 }.into()),
        Box::new(|_| LogSoftmax { axis: 1 }.into()),
        Box::new(|_| Pad2d { padding: UNEVEN, value: 0.5 }.into()),
    ];
    for padding in [all_sides(1), UNEVEN] {
        ops.push(Box::new(move |k| {
            let (weight, bias) = (weight(&[2, 2, 3, 2], k), Some(weight(&[2], k)));
            Conv2d { weight, bias, stride, padding: padding.into(), dilation: [1, 1], groups: 2 }.into()
        }));
        ops.push(Box::new(move |_| MaxPool2d { kernel, stride, padding }.into()));
        let avg = AvgPool2d { kernel, stride, padding, count_include_pad: false };
        ops.push(Box::new(move |_| avg.into()));
    }
    for mode in [
        UpsampleMode::Nearest,
        UpsampleMode::NearestExact,
        UpsampleMode::Bilinear { align_corners: false },
        UpsampleMode::Bicubic { align_corners: false },
    ] {
        ops.push(Box::new(move |_| Upsample2d { size: [123, 7], mode }.into()));
    }
    for activation in ACTIVATIONS {
        ops.push(Box::new(move |_| activation.into()));
    }
    for make in &ops {
        let (_, truth) = output_and_gradient(make, Kind::Double);
        for (kind, bound) in [(Kind::Float, 1e-5), (Kind::Half, 1e-2), (Kind::BFloat16, 6e-2)] {
            let (name, got) = output_and_gradient(make, kind);
            for (got, truth) in got.iter().zip(&truth) {
                let norm = |a: &ArrayD<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
                let off = norm(&(got - truth)) / norm(truth);
                assert!(off < bound, "{name} in {kind:?}: off by {off:.1e}");
            }
        }
    }
}

/// Class activation maps of a network whose maps are large: gradients of 1e-5, whose squares are less than half
/// precision holds, and sums of more than it holds.
#[test]
fn class_activation_maps_of_large_maps_are_right_in_half_types() {
    use xai_core::nn::{Activation, Flatten, Sequential};
    use xai_core::{AnalyzerInfo, Index, Settings};
    type Wide = Torch64;
    // Quarters, which every type holds.
    let numbers = |shape: &[usize], seed: usize| {
        let mut i = seed;
        ArrayD::from_shape_simple_fn(shape, || {
            i += 7;
            (i * i % 11) as f64 / 4.0 - 1.0
        })
    };
    let network = |at: Kind| {
        let weight =
            |shape: &[usize], seed| Tensor::upload(numbers(shape, seed).view(), &(Device::Cpu, at).into()).unwrap();
        let net = Sequential::new().push(Conv2d::new(weight(&[4, 2, 3, 3], 1), None).unwrap().padding(1));
        let net = net.push_named("maps", Activation::Relu).push(AdaptiveAvgPool2d::global()).push(Flatten::default());
        net.push(Linear::new(weight(&[3, 4], 5), None).unwrap())
    };
    let x = numbers(&[1, 2, 112, 112], 3);
    let right = network(Kind::Double);
    let half = [(Kind::Half, 1e-2), (Kind::BFloat16, 6e-2)].map(|(at, within)| (network(at), within));
    let mut tried = 0;
    for info in AnalyzerInfo::all().iter().filter(|info| info.name.ends_with("cam") || info.name.contains("cam-plus")) {
        // The place is the network's last but the head.
        let analyzer = info.build::<Sequential<Wide>>(&Settings::new().place("maps")).unwrap();
        let map = |net| analyzer.analyze(net, &x, Index(1)).unwrap().values;
        let expected = map(&right);
        let norm = |of: &ArrayD<f64>| of.iter().map(|v| v * v).sum::<f64>().sqrt();
        for (net, within) in &half {
            let off = norm(&(map(net) - &expected)) / norm(&expected);
            assert!(off < *within, "{}: {off:.1e} of {:.1e}", info.name, norm(&expected));
        }
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

/// y = log softmax(x) of 2000 numbers: about -8, of which bfloat16 knows two digits.
#[test]
fn softmaxes_of_half_types_keep_their_gradient() {
    let x = ArrayD::from_shape_fn(vec![1, 2000], |at| (at[1] % 7) as f64 / 8.0);
    for op in [Op::<Torch64>::from(LogSoftmax { axis: 1 }), Softmax { axis: 1 }.into()] {
        let gradient = |kind| {
            let x = Tensor::upload(x.view(), &(Device::Cpu, kind).into()).unwrap();
            let (y, pullback) = Torch64::vjp(&op, &[&x], &[true]).unwrap();
            let v = Tensor::one_hot(&[1, 2000], &[3], &y.placement()).unwrap();
            pullback.pull(&v).unwrap().download().unwrap()
        };
        let (right, half) = (gradient(Kind::Double), gradient(Kind::BFloat16));
        for (right, half) in right.iter().zip(&half) {
            assert!((right - half).abs() <= 0.01 * right.abs(), "{op:?}: {half} for {right}");
        }
    }
}
