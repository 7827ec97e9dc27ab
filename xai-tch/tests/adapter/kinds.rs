//! Number types on the device and outside.

use ndarray::{Array2, ArrayD, array};
use tch::{Device, Kind, Tensor as Torch, nn};
use xai_core::{Analyzer, Differentiable, Error, Gradient, InputTimesGradient, LayerModel, MaxActivation, Tensor};
use xai_tch::{LibTorch, Placement};

use crate::differences::{DOUBLE, numbers};

fn linear(kind: Kind) -> nn::Linear {
    let weight = Torch::from_slice(&[1.0_f32, -2.0, 0.5, 3.0]).reshape([2, 2]).to_kind(kind);
    nn::Linear { ws: weight.set_requires_grad(true), bs: None }
}

#[test]
fn each_kind_on_the_device_with_f32_and_f64_outside() {
    for kind in [Kind::Float, Kind::Double, Kind::Half, Kind::BFloat16] {
        let model = LayerModel::<LibTorch<f32>, _>::new(linear(kind));
        assert_eq!(model.placement(), Placement::from((Device::Cpu, kind)));
        let why = InputTimesGradient.analyze(&model, &array![[2.0_f32, 1.0]], &MaxActivation).unwrap();
        assert_eq!((why.values, why.output), (array![[1.0_f32, 3.0]], array![[0.0_f32, 4.0]].into_dyn()), "{kind:?}");

        let model = LayerModel::<LibTorch<f64>, _>::new(linear(kind));
        let why = Gradient.analyze(&model, &array![[2.0_f64, 1.0]], &MaxActivation).unwrap();
        assert_eq!(why.values, array![[0.5, 3.0]], "{kind:?}");
    }
}

#[test]
fn a_large_output_of_a_half_model_does_not_overflow_the_gradient() {
    // 3 outputs of 60000 each: their sum is beyond what a half can hold.
    let model = LayerModel::<LibTorch, _>::new(|x: &Torch| x * 30_000.0);
    let model = model.at((Device::Cpu, Kind::Half));
    let (y, pullback) = model
        .vjp(&Tensor::upload(Array2::from_elem((1, 3), 2.0).into_dyn().view(), &model.placement()).unwrap())
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
    let model = LayerModel::<LibTorch<f64>, _>::new(embedding);
    let x = Tensor::upload(array![[4.0, 0.0]].into_dyn().view(), &DOUBLE).unwrap();
    let y = model.forward(&x).unwrap();
    assert_eq!(y.shape(), [1, 2, 3]);
    assert_eq!(y.download().unwrap()[[0, 0, 2]], rows.double_value(&[4, 2]));
    assert!(matches!(model.vjp(&x), Err(Error::NotDifferentiable { .. })));

    let integers = LayerModel::<LibTorch<f64>, _>::new(|x: &Torch| x.shallow_clone()).at((Device::Cpu, Kind::Int64));
    let x = Tensor::upload(numbers(&[1, 2], 40).view(), &integers.placement()).unwrap();
    let error = integers.vjp(&x).unwrap_err();
    assert!(matches!(error, Error::NotDifferentiable { .. }) && error.to_string().contains("Int64"), "{error}");
}
