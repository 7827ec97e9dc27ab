//! Forward code that explains trains as candle's own does.

use candle_core::backprop::GradStore;
use candle_core::{DType, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{
    BatchNorm, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d,
    ConvTranspose2dConfig, LayerNorm, Linear, PReLU, RmsNorm, VarBuilder, VarMap,
};
use xai_candle::{Candle, OwnGradient, model, nn, ops, train_forward};
use xai_candle_tests::device;
use xai_core::nn::Padding;
use xai_core::{Analyzer, Differentiable, Gradient};

pub(crate) fn numbers(shape: &[usize], seed: u32) -> Tensor {
    let count: usize = shape.iter().product();
    let draw = |i: usize| (((i as f64 + 1.3) * f64::from(seed + 2)).sin() * 43.7).fract();
    Tensor::from_iter((0..count).map(draw), &device()).unwrap().reshape(shape).unwrap()
}

pub(crate) fn var(shape: &[usize], seed: u32) -> (Var, Tensor) {
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
    let norm = nn::layer_norm(4, 1e-5, VarBuilder::from_varmap(&weights, DType::F64, &device())).unwrap();
    let gradients = norm.forward(&numbers(&[3, 4], 1)).unwrap().sin().unwrap().sum_all().unwrap().backward().unwrap();
    assert!(weights.all_vars().iter().all(|var| gradients.get(var).is_some()));
}

/// The gradient to each variable against central differences.
pub(crate) fn right(what: &str, run: impl Fn() -> Result<Tensor>, vars: &[&Var]) {
    // A loss whose gradient to the output varies.
    let loss = || run().unwrap().sin().unwrap().sum_all().unwrap();
    let gradients = loss().backward().unwrap();
    for (i, var) in vars.iter().enumerate() {
        let gradient = gradients.get(var).unwrap_or_else(|| panic!("{what}: nothing goes to variable {i}"));
        let (gradient, at) = (gradient.flatten_all().unwrap(), var.as_tensor().copy().unwrap());
        let flat = at.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for (place, got) in gradient.to_vec1::<f64>().unwrap().into_iter().enumerate() {
            let loss_at = |shift: f64| {
                let mut moved = flat.clone();
                moved[place] += shift;
                var.set(&Tensor::from_vec(moved, at.dims(), &device()).unwrap()).unwrap();
                loss().to_scalar::<f64>().unwrap()
            };
            let expected = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
            var.set(&at).unwrap();
            assert!(
                (got - expected).abs() < 1e-7 * (1.0 + expected.abs()).powi(2),
                "{what}, variable {i} at {place}: {got} for {expected}"
            );
        }
    }
}

#[test]
fn functions_train_the_weights_that_they_are_given() {
    let (w, square) = var(&[4, 4], 1);
    let (b, bias) = var(&[4], 2);
    let (s, scale) = var(&[4], 3);
    let (x, input) = var(&[2, 3, 4], 4);
    right("linear", || ops::linear(&input, &square, Some(&bias)), &[&w, &b, &x]);
    right("layer norm", || ops::layer_norm(&input, &scale, Some(&bias), 1e-5), &[&s, &b, &x]);
    right("layer norm of two axes", || ops::layer_norm(&input.t()?, &input.get(0)?.t()?, None, 1e-5), &[&x]);
    right("rms norm", || ops::rms_norm(&input, &scale, 1e-5), &[&s, &x]);
    let (x, maps) = var(&[2, 4, 5, 3], 5);
    right("group norm", || ops::group_norm(&maps, 2, Some(&scale), Some(&bias), 1e-5), &[&s, &b, &x]);
    let (mean, variance) = (numbers(&[4], 6), numbers(&[4], 7).sqr().unwrap());
    right("batch norm", || ops::batch_norm(&maps, &mean, &variance, Some((&scale, &bias)), 1e-3), &[&s, &b, &x]);
    for (groups, padding, stride, dilation) in [
        (1, Padding::default(), [1, 1], [1, 1]),
        (2, Padding { top: 1, bottom: 2, left: 0, right: 1 }, [2, 1], [1, 1]),
        // Of five rows and three columns a stride of two leaves nothing over, of the padded ones it does.
        (4, Padding::all(1), [2, 2], [1, 2]),
        (1, Padding::all(2), [3, 1], [2, 1]),
    ] {
        let (w, kernel) = var(&[4, 4 / groups, 3, 2], 8);
        let run = || ops::conv2d(&maps, &kernel, Some(&bias), padding, stride, dilation, groups);
        right(&format!("conv2d in {groups} groups, {stride:?}"), run, &[&w, &b, &x]);
    }
    for (padding, output_padding, stride, dilation) in [(0, 0, 1, 1), (1, 1, 2, 1), (1, 0, 3, 2)] {
        let (w, kernel) = var(&[4, 2, 3, 3], 9);
        let (b, bias) = var(&[2], 10);
        let config = ConvTranspose2dConfig { padding, output_padding, stride, dilation };
        let up = ConvTranspose2d::new(kernel, Some(bias), config);
        right("conv transpose", || ops::layer(&up, &maps), &[&w, &b, &x]);
    }
    let (s, input) = var(&[2, 2, 6], 14);
    for (padding, stride, dilation, groups) in [(1, 1, 1, 1), (2, 2, 2, 2)] {
        let (w, kernel) = var(&[4, 2 / groups, 3], 4);
        let config = Conv1dConfig { padding, stride, dilation, groups, ..Conv1dConfig::default() };
        let conv = Conv1d::new(kernel, Some(bias.clone()), config);
        right(&format!("{config:?}"), || ops::layer(&conv, &input), &[&w, &b, &s]);
    }
    let (w, kernel) = var(&[4, 1, 3], 11);
    let config = ConvTranspose1dConfig { stride: 2, groups: 2, ..ConvTranspose1dConfig::default() };
    let (up, (x, sequence)) = (ConvTranspose1d::new(kernel, None, config), var(&[2, 4, 5], 12));
    right("conv transpose of sequences", || ops::layer(&up, &sequence), &[&w, &x]);
    for (slopes, scalar) in [(var(&[1], 13), true), (var(&[4], 13), false), (var(&[2, 4, 5], 13), false)] {
        let (slope, prelu) = (slopes.0, PReLU::new(slopes.1, scalar));
        right("prelu", || ops::layer(&prelu, &sequence), &[&slope, &x]);
    }
}

fn sine(x: &Tensor) -> Result<Tensor> {
    x.sin()
}

/// All that forward code is made of: a table, heads of attention, a choice by a condition, the last token of each
/// sample.
struct Encoder {
    table: candle_nn::Embedding,
    inner: Linear,
    norm: LayerNorm,
    slopes: PReLU,
    head: Linear,
}

impl Differentiable for Encoder {
    type Backend = Candle<f64>;
    fn trace<'m>(
        &'m self,
        inputs: &[xai_core::Var<'m, Candle<f64>>],
    ) -> xai_core::Result<xai_core::Var<'m, Candle<f64>>> {
        let [ids, scale, last] = inputs else { panic!("three inputs") };
        let tokens = ids.layer("table", &self.table)?;
        let inner = tokens.layer("inner", &self.inner)?;
        let weights = inner.matmul(&tokens.permute(&[0, 2, 1])).softmax(2);
        let mixed = (weights.matmul(&tokens) + tokens.clone()).layer("norm", &self.norm)?;
        let both = mixed.concat(&[&tokens], 2).layer("slopes", &self.slopes)?;
        let chosen = both.greater(&both.mean(&[2])).select(&both, &(both.tanh() * scale.clone()));
        chosen.layer("code", &sine)?.gather(1, last).layer("head", &self.head)
    }
}

#[test]
fn a_model_is_trained_by_the_code_that_explains_it() {
    let ((t, table), (i, inner), (s, scale)) = (var(&[5, 4], 1), var(&[4, 4], 2), var(&[4], 3));
    let ((b, bias), (a, slopes), (h, head)) = (var(&[4], 4), var(&[3], 5), var(&[2, 8], 6));
    let net = Encoder {
        table: candle_nn::Embedding::new(table, 4),
        inner: Linear::new(inner, None),
        norm: LayerNorm::new(scale, bias, 1e-5),
        slopes: PReLU::new(slopes, false),
        head: Linear::new(head, None),
    };
    let ids = Tensor::new(&[[0f64, 3.0, 1.0], [4.0, 3.0, 3.0]], &device()).unwrap();
    let last = Tensor::new(&[2f64, 0.0], &device()).unwrap();
    let (x, factor) = var(&[2, 1, 1], 7);
    let run = || train_forward(&net, [&ids, &factor, &last]);
    right("the encoder", run, &[&t, &i, &s, &b, &a, &h, &x]);
    // What is predicted and explained is the same.
    let wrapped = [&ids, &factor, &last].map(|input| xai_core::Tensor::<Candle<f64>>::new(input.clone()));
    let shapes: Vec<_> = wrapped.iter().map(xai_core::Tensor::shape).collect();
    let y = net.graph(&shapes).unwrap().forward(&wrapped).unwrap().into_inner();
    assert!(!y.track_op());
    let apart = (run().unwrap() - y).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
    assert!(apart < 1e-12, "{apart}");
}

#[test]
fn an_analysis_takes_weights_that_are_trained_for_constants() {
    let (_, weight) = var(&[4], 1);
    let weight = weight.to_dtype(DType::F32).unwrap();
    let x = numbers(&[3, 4], 2).to_dtype(DType::F32).unwrap();
    let trained = model(|x: &Tensor| ops::rms_norm(x, &weight, 1e-5)?.sin()).at(device());
    let fixed = weight.detach();
    let constant = model(|x: &Tensor| ops::rms_norm(x, &fixed, 1e-5)?.sin()).at(device());
    let values = |why: Tensor| why.to_vec2::<f32>().unwrap();
    let (trained, constant) = (Gradient.analyze(&trained, &x, 1), Gradient.analyze(&constant, &x, 1));
    assert_eq!(values(trained.unwrap().values), values(constant.unwrap().values));
}
