//! A struct of candle_nn's layers, derived with this crate's path.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use candle_core::{DType, Result, Tensor};
use candle_nn::{
    Activation, BatchNorm, Conv2d, Conv2dConfig, LayerNorm, Linear, VarBuilder, VarMap, batch_norm, conv2d, layer_norm,
    linear,
};
use ndarray::Array4;
use xai_candle::nn;
use xai_candle_tests::device;
use xai_core::nn::{Flatten, MaxPool2d};
use xai_core::{Analyzer, GradCam, Gradient, GradientCheck, MaxActivation, check_gradient};
use xai_derive::Explainable;

#[derive(Explainable)]
#[explainable(crate = "xai_candle")]
struct Net {
    #[explainable(features)]
    stem: Conv2d,
    #[explainable(features)]
    norm: BatchNorm,
    #[explainable(features)]
    activation: Activation,
    #[explainable(adaptation)]
    pool: MaxPool2d,
    #[explainable(adaptation)]
    flatten: Flatten,
    #[explainable(adaptation)]
    layer_norm: LayerNorm,
    #[explainable(adaptation)]
    classes: Linear,
}

fn net() -> Result<Net> {
    let map = VarMap::new();
    let build = VarBuilder::from_varmap(&map, DType::F32, &device());
    let net = Net {
        stem: conv2d(3, 4, 3, Conv2dConfig { padding: 1, stride: 2, ..Conv2dConfig::default() }, build.pp("stem"))?,
        norm: batch_norm(4, 1e-3, build.pp("norm"))?,
        activation: Activation::Silu,
        pool: MaxPool2d::new(3).stride(2),
        flatten: Flatten::default(),
        layer_norm: layer_norm(16, 1e-5, build.pp("layer_norm"))?,
        classes: linear(16, 5, build.pp("classes"))?,
    };
    // candle draws without a seed: the same numbers in every run instead, spread as evenly and as wide as those of a
    // layer with so many inputs.
    let variables = map.data().lock().unwrap();
    for (name, inputs) in
        [("stem.weight", 27_f32), ("stem.bias", 27.0), ("classes.weight", 16.0), ("classes.bias", 16.0)]
    {
        let variable = &variables[name];
        let draw = |i: usize| ((i as f32 + inputs) * 0.618_034).fract() * 2.0 - 1.0;
        let numbers = (0..variable.elem_count()).map(|i| draw(i * i + i) / inputs.sqrt());
        variable.set(&Tensor::from_iter(numbers, &device())?.reshape(variable.shape())?)?;
    }
    drop(variables);
    Ok(net)
}

#[test]
fn a_struct_of_candle_layers_is_explained() {
    let net = net().unwrap();
    let input = Array4::from_shape_fn((2, 3, 9, 10), |(b, c, y, x)| ((b * 7 + c * 5 + y * 3 + x) as f32 * 0.7).sin());
    let why = Gradient.analyze(&net, &input, MaxActivation).unwrap();
    assert_eq!(why.values.dim(), (2, 3, 9, 10));
    let map = GradCam.analyze(&net, &input, MaxActivation).unwrap();
    assert_eq!(map.values.dim(), (2, 1, 5, 5));
    let report = GradientCheck::new().run(&net, &input).unwrap();
    assert!(report.is_trusted(), "{report}");
    // candle's own pieces, one by one, give the same output.
    let x = Tensor::from_iter(input.iter().copied(), &device()).unwrap().reshape((2, 3, 9, 10)).unwrap();
    let by_hand = || {
        let x = candle_nn::Module::forward(&net.stem, &x)?;
        let x = candle_nn::ModuleT::forward_t(&net.norm, &x, false)?.silu()?;
        let x = xai_candle::ops::max_pool2d(&x, 3, 2, 0)?.flatten_from(1)?;
        candle_nn::Module::forward(&net.classes, &candle_nn::Module::forward(&net.layer_norm, &x)?)
    };
    let expected = by_hand().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (a, b) in why.output.iter().zip(&expected) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let predicted = xai_core::Differentiable::predict_tensor(&net, &x.to_dtype(DType::F64).unwrap()).unwrap();
    assert_eq!(predicted.dtype(), DType::F32);
    for (a, b) in predicted.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().zip(&expected) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

/// The same, of `xai_candle::nn`'s layers.
#[derive(Explainable)]
#[explainable(crate = "xai_candle")]
struct Swapped {
    #[explainable(features)]
    stem: nn::Conv1d,
    #[explainable(features)]
    norm: nn::GroupNorm,
    #[explainable(features)]
    activation: nn::Activation,
    #[explainable(adaptation)]
    nothing: nn::ops::Identity,
    #[explainable(adaptation)]
    flatten: Flatten,
    #[explainable(adaptation)]
    rms_norm: nn::RmsNorm,
    #[explainable(adaptation)]
    layer_norm: nn::LayerNorm,
    #[explainable(adaptation)]
    classes: nn::Linear,
}

#[test]
fn a_struct_of_the_swapped_layers_is_explained() {
    let numbers = |shape: &[usize], seed: f64| {
        let count = shape.iter().product::<usize>();
        let all: Vec<f64> = (0..count).map(|i| ((i as f64 + 1.0) * (seed + 1.618)).sin() * 0.5).collect();
        Tensor::from_vec(all, shape, &device()).unwrap().to_dtype(DType::F32).unwrap()
    };
    let net = Swapped {
        stem: nn::Conv1d::new(numbers(&[4, 2, 3], 0.1), None, nn::Conv1dConfig::default()),
        norm: nn::GroupNorm::new(numbers(&[4], 0.2), numbers(&[4], 0.3), 4, 2, 1e-5).unwrap(),
        activation: nn::Activation::Gelu,
        nothing: nn::ops::Identity::new(),
        flatten: Flatten::default(),
        rms_norm: nn::RmsNorm::new(numbers(&[20], 0.4), 1e-5),
        layer_norm: nn::LayerNorm::new(numbers(&[20], 0.5), numbers(&[20], 0.6), 1e-5),
        classes: nn::Linear::new(numbers(&[3, 20], 0.7), None),
    };
    let x = ndarray::Array3::from_shape_fn((2, 2, 7), |(b, c, i)| ((b * 7 + c * 5 + i * 3) as f32).cos());
    assert!(check_gradient(&net, &x).unwrap().is_trusted());
    let map = GradCam.analyze(&net, &x, MaxActivation).unwrap().values;
    assert_eq!(map.dim(), (2, 1, 5));
}
