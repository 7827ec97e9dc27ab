//! candle_nn's layers as operations that can be looked into, and networks of them that threads share.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::sync::Arc;

use candle_core::{DType, Tensor};
use candle_nn::{
    Activation, BatchNorm, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig, Dropout, Embedding, GroupNorm, LayerNorm, Linear, PReLU, RmsNorm,
    VarBuilder, VarMap,
};
use ndarray::{Array3, Array4};
use xai_candle::Candle;
use xai_candle_tests::device;
use xai_core::nn::{AdaptiveAvgPool2d, Flatten, Sequential};
use xai_core::{Analyzer, GradCam, Gradient, Graph, Layer, MaxActivation, SmoothGrad, Step, check_gradient};

fn weight(shape: &[usize], from: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let numbers: Vec<f64> = (0..count).map(|i| ((i as f64 + from) * 12.9898).sin()).collect();
    Tensor::from_vec(numbers, shape, &device()).unwrap().to_dtype(DType::F32).unwrap()
}

/// The nodes that a layer becomes.
fn nodes(layer: &dyn Layer<Candle>, shape: &[usize]) -> Vec<&'static str> {
    let graph = Graph::trace(&[shape.to_vec()], |x| layer.trace(x[0].clone())).unwrap();
    assert!(graph.output_shape().is_some() || graph.nodes().iter().any(|node| node.op().is_none()));
    let name = |node: &xai_core::Node<'_, Candle>| match node.step() {
        Step::Op(op) => op.name(),
        Step::Constant(_) => "Constant",
        Step::Opaque(_) => "Opaque",
        _ => "Input",
    };
    graph.nodes()[1..].iter().map(name).collect()
}

#[test]
fn layers_of_candle_nn_are_operations() {
    let image = [2, 4, 7, 6];
    let conv = Conv2d::new(weight(&[8, 4, 3, 3], 1.0), Some(weight(&[8], 2.0)), Conv2dConfig::default());
    assert_eq!(nodes(&conv, &image), ["Conv2d"]);
    let conv = Conv1d::new(weight(&[8, 4, 3], 1.0), None, Conv1dConfig::default());
    assert_eq!(nodes(&conv, &[2, 4, 9]), ["Reshape", "Conv2d", "Reshape"]);
    let linear = Linear::new(weight(&[3, 6], 1.0), None);
    assert_eq!(nodes(&linear, &[2, 6]), ["Linear"]);
    let norm = BatchNorm::new_no_bias(4, weight(&[4], 1.0), weight(&[4], 2.0).sqr().unwrap(), 1e-3).unwrap();
    assert_eq!(nodes(&norm, &image), ["ChannelAffine"]);
    let norm = LayerNorm::new(weight(&[6], 1.0), weight(&[6], 2.0), 1e-5);
    assert_eq!(nodes(&norm, &image), ["LayerNorm"]);
    assert_eq!(nodes(&LayerNorm::rms_norm(weight(&[6], 1.0), 1e-5), &image), ["RmsNorm"]);
    assert_eq!(nodes(&RmsNorm::new(weight(&[6], 1.0), 1e-5), &image), ["RmsNorm"]);
    let build = VarBuilder::from_varmap(&VarMap::new(), DType::F32, &device());
    let config = candle_nn::LayerNormConfig { remove_mean: false, ..candle_nn::LayerNormConfig::default() };
    let norm = candle_nn::layer_norm(6, config, build).unwrap();
    assert_eq!(nodes(&norm, &image), ["RmsNorm", "Constant", "Binary"]);
    assert!(nodes(&Dropout::new(0.5), &image).is_empty());
    assert_eq!(nodes(&Embedding::new(weight(&[5, 3], 1.0), 3), &[2, 4]), ["Embedding"]);
    for f in [
        Activation::Gelu,
        Activation::NewGelu,
        Activation::GeluPytorchTanh,
        Activation::Relu,
        Activation::Relu6,
        Activation::Silu,
        Activation::Swish,
        Activation::Sigmoid,
        Activation::HardSigmoid,
        Activation::HardSwish,
        Activation::Mish,
        Activation::Elu(0.7),
        Activation::LeakyRelu(0.1),
    ] {
        assert_eq!(nodes(&f, &image), ["Activation"], "{f:?}");
    }
    assert_eq!(nodes(&Activation::Relu2, &image), ["Activation"; 2]);
    assert_eq!(nodes(&PReLU::new(weight(&[1], 1.0), true), &image), ["Activation"]);
    let slopes = PReLU::new(weight(&[image[1]], 1.0), false);
    assert_eq!(nodes(&slopes, &image), ["ChannelAffine", "Activation", "ChannelAffine", "Binary"]);
    assert_eq!(nodes(&Activation::Swiglu, &image), ["Narrow", "Activation", "Narrow", "Binary"]);
}

#[test]
fn others_say_their_shape_at_least() {
    let shape = |layer: &dyn Layer<Candle>, input: &[usize]| {
        let graph = Graph::trace(&[input.to_vec()], |x| layer.trace(x[0].clone())).unwrap();
        graph.output_shape().map(<[usize]>::to_vec)
    };
    let up = ConvTranspose2d::new(weight(&[4, 3, 3, 3], 1.0), None, ConvTranspose2dConfig::default());
    assert_eq!(nodes(&up, &[2, 4, 5, 6]), ["ConvTranspose2d"]);
    assert_eq!(shape(&up, &[2, 4, 5, 6]), Some(vec![2, 3, 7, 8]));
    let up = ConvTranspose1d::new(weight(&[4, 3, 3], 1.0), None, ConvTranspose1dConfig::default());
    assert_eq!(nodes(&up, &[2, 4, 5]), ["Reshape", "ConvTranspose2d", "Reshape"]);
    assert_eq!(shape(&up, &[2, 4, 5]), Some(vec![2, 3, 7]));
    let norm = GroupNorm::new(weight(&[4], 1.0), weight(&[4], 2.0), 4, 2, 1e-5).unwrap();
    assert_eq!(shape(&norm, &[2, 4, 5]), Some(vec![2, 4, 5]));
    // Weights that do not fit are found before anything runs.
    assert!(Graph::trace(&[vec![2, 5, 5]], |x| Layer::<Candle>::trace(&up, x[0].clone())).is_err());
    let odd = Graph::trace(&[vec![2, 5]], |x| Layer::<Candle>::trace(&Activation::Swiglu, x[0].clone()));
    assert!(odd.unwrap_err().to_string().contains("even"));
}

#[test]
fn layers_behind_code_that_nobody_can_look_into() {
    let double = |x: &Tensor| x.affine(2.0, 0.1);
    let net = Sequential::<Candle>::new()
        .push(double)
        .push(Conv1d::new(weight(&[6, 3, 3], 1.0), None, Conv1dConfig { padding: 1, ..Conv1dConfig::default() }))
        .push(Activation::Swiglu)
        .push(ConvTranspose1d::new(weight(&[6, 2, 3], 3.0), Some(weight(&[2], 1.0)), ConvTranspose1dConfig::default()))
        .push(Flatten::default());
    let input = Array3::from_shape_fn((2, 3, 8), |(b, c, x)| ((b * 7 + c * 5 + x * 3) as f32 * 0.7).sin());
    assert!(check_gradient(&net, &input).unwrap().is_trusted());
    // The same without the code in front.
    let bare = Sequential::<Candle>::new()
        .push(xai_core::nn::ChannelAffine::new(full(2.0), full(0.1)).unwrap())
        .push(Conv1d::new(weight(&[6, 3, 3], 1.0), None, Conv1dConfig { padding: 1, ..Conv1dConfig::default() }))
        .push(Activation::Swiglu)
        .push(ConvTranspose1d::new(weight(&[6, 2, 3], 3.0), Some(weight(&[2], 1.0)), ConvTranspose1dConfig::default()))
        .push(Flatten::default());
    let [a, b] = [&net, &bare].map(|net| Gradient.analyze(net, &input, MaxActivation).unwrap().values);
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
}

fn full(value: f64) -> xai_core::Tensor<Candle> {
    xai_core::Tensor::new(Tensor::ones(3, DType::F32, &device()).unwrap().affine(value, 0.0).unwrap())
}

#[test]
fn a_network_is_shared_by_threads() {
    let config = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
    let net = Arc::new(
        Sequential::<Candle>::new()
            .push_named("stem", Conv2d::new(weight(&[8, 3, 3, 3], 1.0), Some(weight(&[8], 2.0)), config))
            .push(Activation::Silu)
            .push_named("body", Conv2d::new(weight(&[8, 8, 3, 3], 4.0), None, config))
            .push(xai_core::nn::Activation::Relu)
            .push(AdaptiveAvgPool2d::global())
            .push(Flatten::default())
            .push(|x: &Tensor| x.affine(1.5, 0.0))
            .push_named("classes", Linear::new(weight(&[5, 8], 3.0), None)),
    );
    let input = Array4::from_shape_fn((1, 3, 9, 8), |(b, c, y, x)| ((b * 7 + c * 5 + y * 3 + x) as f32 * 0.7).sin());
    let explain = |net: &Sequential<Candle>| {
        let noise = SmoothGrad::new().n(4).seed(1).analyze(net, &input, MaxActivation).unwrap().values;
        (noise, GradCam::at("body").analyze(net, &input, MaxActivation).unwrap().values)
    };
    let expected = explain(&net);
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| Arc::clone(&net)).map(|net| scope.spawn(move || explain(&net))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.iter().all(|found| *found == expected));
}
