//! Forward code that explains trains as candle's own does.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{
    BatchNorm, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, LayerNorm, Linear, PReLU, RmsNorm, VarBuilder, VarMap,
};
use xai_candle::{OwnGradient, model, nn, ops};
use xai_core::{Analyzer, Gradient};

fn numbers(shape: &[usize], seed: u32) -> Tensor {
    let count: usize = shape.iter().product();
    let draw = |i: usize| (((i as f64 + 1.3) * f64::from(seed + 2)).sin() * 43.7).fract();
    Tensor::from_iter((0..count).map(draw), &Device::Cpu).unwrap().reshape(shape).unwrap()
}

fn var(shape: &[usize], seed: u32) -> (Var, Tensor) {
    let var = Var::from_tensor(&numbers(shape, seed)).unwrap();
    let tensor = var.as_tensor().clone();
    (var, tensor)
}

/// The layer behind a nonlinearity that is on the tape, and before one that makes the gradient vary.
fn gradients(layer: impl Fn(&Tensor) -> Result<Tensor>, x: &Var) -> GradStore {
    layer(&x.tanh().unwrap()).unwrap().sin().unwrap().sum_all().unwrap().backward().unwrap()
}

fn same<L: OwnGradient>(layer: &L, by_candle: impl Fn(&Tensor) -> Result<Tensor>, shape: &[usize], weights: &[Var]) {
    let (x, _) = var(shape, 9);
    let (ours, theirs) = (gradients(|x| ops::layer(layer, x), &x), gradients(by_candle, &x));
    for weight in weights.iter().chain([&x]) {
        let (ours, theirs) = (ours.get(weight).unwrap(), theirs.get(weight).unwrap());
        assert!(theirs.abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap() > 1e-3);
        let apart = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
        assert!(apart < 1e-9, "{}: {apart}", std::any::type_name::<L>());
    }
}

#[test]
fn layers_have_candles_gradient_to_their_weights() {
    let (w, weight) = var(&[4, 3], 1);
    let (b, bias) = var(&[4], 2);
    let linear = Linear::new(weight, Some(bias.clone()));
    same(&linear, |x| linear.forward(x), &[2, 3], &[w, b.clone()]);
    for (stride, groups) in [(1, 1), (2, 2)] {
        let (w, weight) = var(&[4, 2 / groups, 3, 3], 3);
        let config = Conv2dConfig { padding: 1, stride, groups, ..Conv2dConfig::default() };
        let conv = Conv2d::new(weight, Some(bias.clone()), config);
        same(&conv, |x| conv.forward(x), &[2, 2, 5, 5], &[w, b.clone()]);
    }
    let (w, weight) = var(&[4, 2, 3], 4);
    let conv = Conv1d::new(weight, Some(bias.clone()), Conv1dConfig { padding: 1, ..Conv1dConfig::default() });
    same(&conv, |x| conv.forward(x), &[2, 2, 6], &[w, b.clone()]);
    let (w, weight) = var(&[4], 5);
    let norm = RmsNorm::new(weight.clone(), 1e-5);
    same(&norm, |x| norm.forward_diff(x), &[3, 4], std::slice::from_ref(&w));
    let norm = LayerNorm::new(weight.clone(), bias.clone(), 1e-5);
    let slow = LayerNorm::new_no_bias(weight.clone(), 1e-5);
    same(&norm, |x| slow.forward(x)?.broadcast_add(&bias), &[3, 4], &[w.clone(), b.clone()]);
    let (mean, variance) = (numbers(&[4], 6), numbers(&[4], 7).sqr().unwrap());
    let norm = BatchNorm::new(4, mean, variance, weight.clone(), bias.clone(), 1e-3).unwrap();
    same(&norm, |x| norm.forward_t(x, false), &[2, 4, 3], &[w.clone(), b]);
    let slopes = PReLU::new(weight, false);
    same(&slopes, |x| slopes.forward(x), &[2, 4, 3], &[w]);
}

/// One step of gradient descent after another: the loss of forward code that goes by `ops`, and by candle alone.
#[test]
fn the_loss_falls_as_by_candle_alone() {
    let x = numbers(&[8, 3], 1);
    let wanted = numbers(&[8, 2], 2);
    let losses = |forward: &dyn Fn(&[Linear; 2], &Tensor) -> Result<Tensor>| -> Vec<f64> {
        let weights = [var(&[5, 3], 3), var(&[2, 5], 4)];
        let layers = weights.clone().map(|(_, weight)| Linear::new(weight, None));
        (0..20)
            .map(|_| {
                let loss = forward(&layers, &x).unwrap().sub(&wanted).unwrap().sqr().unwrap().mean_all().unwrap();
                let gradients = loss.backward().unwrap();
                for (var, _) in &weights {
                    let step = gradients.get(var).unwrap().affine(0.1, 0.0).unwrap();
                    var.set(&var.sub(&step).unwrap()).unwrap();
                }
                loss.to_scalar::<f64>().unwrap()
            })
            .collect()
    };
    let ours = losses(&|[a, b], x| ops::layer(b, &ops::layer(a, x)?.tanh()?));
    let theirs = losses(&|[a, b], x| b.forward(&a.forward(x)?.tanh()?));
    assert!(theirs[19] < 0.8 * theirs[0], "{theirs:?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
    }
}

#[test]
fn layers_by_candles_names_train_too() {
    let weights = VarMap::new();
    let norm = nn::layer_norm(4, 1e-5, VarBuilder::from_varmap(&weights, DType::F64, &Device::Cpu)).unwrap();
    let gradients = norm.forward(&numbers(&[3, 4], 1)).unwrap().sin().unwrap().sum_all().unwrap().backward().unwrap();
    assert!(weights.all_vars().iter().all(|var| gradients.get(var).is_some()));
}

#[test]
fn functions_that_take_weights_for_constants_refuse_to_train_them() {
    let (w, weight) = var(&[4], 1);
    let x = numbers(&[3, 4], 2);
    let square = w.unsqueeze(0).unwrap();
    let refused: [(&str, Result<Tensor>); 3] = [
        ("linear", ops::linear(&x, &square, None)),
        ("layer_norm", ops::layer_norm(&x, &weight, None, 1e-5)),
        ("rms_norm", ops::rms_norm(&x, &weight, 1e-5)),
    ];
    for (name, y) in refused {
        let error = y.unwrap().sum_all().unwrap().backward().unwrap_err().to_string();
        assert!(error.contains(&format!("ops::{name} takes its weights for constants")), "{error}");
    }
    let (x, _) = var(&[3, 4], 2);
    let y = ops::rms_norm(&x, &weight.detach(), 1e-5).unwrap();
    assert!(y.sum_all().unwrap().backward().unwrap().get(&x).is_some());
}

#[test]
fn an_analysis_takes_weights_that_are_trained_for_constants() {
    let (_, weight) = var(&[4], 1);
    let weight = weight.to_dtype(DType::F32).unwrap();
    let x = numbers(&[3, 4], 2).to_dtype(DType::F32).unwrap();
    let trained = model(|x: &Tensor| ops::rms_norm(x, &weight, 1e-5)?.sin());
    let fixed = weight.detach();
    let constant = model(|x: &Tensor| ops::rms_norm(x, &fixed, 1e-5)?.sin());
    let values = |why: Tensor| why.to_vec2::<f32>().unwrap();
    let (trained, constant) = (Gradient.analyze(&trained, &x, 1), Gradient.analyze(&constant, &x, 1));
    assert_eq!(values(trained.unwrap().values), values(constant.unwrap().values));
}
