//! The layers of `xai::nn` are trained, or say that they are not.

use candle_core::{DType, ModuleT, Result, Tensor, Var};
use candle_nn::{Conv1dConfig, Conv2dConfig, VarBuilder, VarMap};
use xai_candle::{Candle, model, train_forward};
use xai_candle_tests::device;
use xai_core::nn::{
    ChannelAffine, Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, Dropout, Embedding, GroupNorm, Gru,
    LayerNorm, Linear, Lstm, MultiHeadAttention, PRelu, RecurrentWeights, RmsNorm, Sequential, Weights,
};
use xai_core::{Differentiable, EvaluationMode, Layer, Net};

use crate::training::{numbers, right, var};

type Candle64 = Candle<f64>;
type Own = xai_core::Tensor<Candle64>;

/// Weights that are trained, in the order in which layers ask for them.
#[derive(Default)]
struct Trained(Vec<Var>);

impl Trained {
    fn own(&mut self, shape: &[usize]) -> Own {
        let (var, tensor) = var(shape, 20 + u32::try_from(self.0.len()).unwrap());
        self.0.push(var);
        Own::new(tensor)
    }

    fn recurrent(&mut self, gates: usize, inputs: usize, hidden: usize) -> RecurrentWeights<Candle64> {
        RecurrentWeights {
            weight_ih: self.own(&[gates * hidden, inputs]),
            weight_hh: self.own(&[gates * hidden, hidden]),
            bias_ih: Some(self.own(&[gates * hidden])),
            bias_hh: Some(self.own(&[gates * hidden])),
        }
    }
}

/// Five steps of gradient descent, and the weights then.
fn descended(weights: &[Var], forward: impl Fn() -> Result<Tensor>) -> Vec<Tensor> {
    for _ in 0..5 {
        let gradients = forward().unwrap().sin().unwrap().sum_all().unwrap().backward().unwrap();
        for weight in weights {
            let step = gradients.get(weight).unwrap().affine(0.01, 0.0).unwrap();
            weight.set(&weight.sub(&step).unwrap()).unwrap();
        }
    }
    weights.iter().map(|weight| weight.as_tensor().copy().unwrap()).collect()
}

fn apart(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
}

/// The layer, and candle's own function of the same weights.
fn as_candle<L: Layer<Candle64> + 'static>(
    build: impl Fn(Own, Own) -> L,
    by_candle: impl Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>,
    [weight, bias, input]: [&[usize]; 3],
) {
    let x = numbers(input, 3);
    let started = || [var(weight, 1), var(bias, 2)];
    let ([(w, weight), (b, bias)], [(v, candles), (c, bias_of_candle)]) = (started(), started());
    let net = Net::<Candle64, _>::new(build(Own::new(weight), Own::new(bias)));
    let start = [w.as_tensor().copy().unwrap(), b.as_tensor().copy().unwrap()];
    let ours = descended(&[w, b], || train_forward(&net, [&x]));
    let theirs = descended(&[v, c], || by_candle(&x, &candles, &bias_of_candle));
    for ((ours, theirs), start) in ours.iter().zip(&theirs).zip(&start) {
        assert!(apart(ours, theirs) < 1e-12, "{}", std::any::type_name::<L>());
        assert!(apart(ours, start) > 1e-3, "{}", std::any::type_name::<L>());
    }
}

#[test]
fn layers_are_trained_as_candles_own_are() {
    let linear = |x: &Tensor, w: &Tensor, b: &Tensor| x.matmul(&w.t()?)?.broadcast_add(b);
    as_candle(|w, b| Linear::new(w, b).unwrap(), linear, [&[4, 3], &[4], &[2, 3]]);
    // One sample: candle's gradient of the weight mixes up those of a batch.
    let conv = |x: &Tensor, w: &Tensor, b: &Tensor| {
        let config = Conv1dConfig { padding: 1, stride: 2, ..Conv1dConfig::default() };
        candle_core::Module::forward(&candle_nn::Conv1d::new(w.clone(), Some(b.clone()), config), x)
    };
    as_candle(|w, b| Conv1d::new(w, b).unwrap().stride(2).padding(1), conv, [&[4, 3, 3], &[4], &[1, 3, 7]]);
    let conv = |x: &Tensor, w: &Tensor, b: &Tensor| {
        let config = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        candle_core::Module::forward(&candle_nn::Conv2d::new(w.clone(), Some(b.clone()), config), x)
    };
    as_candle(|w, b| Conv2d::new(w, b).unwrap().padding(1), conv, [&[4, 3, 3, 3], &[4], &[2, 3, 5, 4]]);
}

/// Against central differences, each weight and the input.
fn trains<L: Layer<Candle64> + 'static>(input: &[usize], build: impl FnOnce(&mut Trained) -> xai_core::Result<L>) {
    let mut weights = Trained::default();
    let net = Net::<Candle64, _>::new(build(&mut weights).unwrap());
    let (x, given) = var(input, 7);
    let vars: Vec<&Var> = weights.0.iter().chain([&x]).collect();
    right(std::any::type_name::<L>(), || train_forward(&net, [&given]), &vars);
}

#[test]
fn every_layer_with_weights_is_trained() {
    trains(&[2, 4, 5], |w| {
        let (weight, bias) = (w.own(&[4, 2, 3]), w.own(&[4]));
        Ok(ConvTranspose1d::new(weight, bias)?.stride(2).groups(2))
    });
    trains(&[1, 2, 3, 2], |w| {
        let (weight, bias) = (w.own(&[2, 3, 2, 2]), w.own(&[3]));
        ConvTranspose2d::new(weight, bias)
    });
    trains(&[1, 2, 3, 4, 3], |w| {
        let (weight, bias) = (w.own(&[2, 2, 2, 3, 2]), w.own(&[2]));
        Ok(Conv3d::new(weight, bias)?.padding(1).stride([1, 2, 1]))
    });
    trains(&[2, 3, 2], |w| Lstm::new(vec![vec![w.recurrent(4, 2, 2), w.recurrent(4, 2, 2)]]));
    trains(&[2, 3, 2], |w| Gru::new(vec![vec![w.recurrent(3, 2, 2)], vec![w.recurrent(3, 2, 2)]]));
    trains(&[2, 3, 4], |w| {
        let mut linear = || Linear::new(w.own(&[4, 4]), w.own(&[4]));
        MultiHeadAttention::new(2, linear()?, linear()?, linear()?, linear()?)
    });
    trains(&[2, 3, 4], |w| PRelu::new(w.own(&[1])));
    trains(&[2, 3, 4], |w| PRelu::new(w.own(&[3])));
    trains(&[2, 3, 4], |w| ChannelAffine::new(w.own(&[3]), w.own(&[3])));
    trains(&[2, 3, 4], |w| LayerNorm::new(w.own(&[4]), w.own(&[4]), 1e-3));
    trains(&[2, 3, 4], |w| RmsNorm::new(w.own(&[4]), 1e-3));
    trains(&[2, 4, 3], |w| GroupNorm::new(2, w.own(&[4]), w.own(&[4]), 1e-3));
}

#[test]
fn a_table_of_words_is_trained() {
    let (words, table) = var(&[4, 3], 1);
    let net = Net::<Candle64, _>::new(Embedding::new(Own::new(table)).unwrap());
    let ids = Tensor::new(&[[0f64, 2.0, 2.0]], &device()).unwrap();
    right("embedding", || train_forward(&net, [&ids]), &[&words]);
}

/// The layer that is named, and what the error says of it.
fn refused(net: &impl Differentiable<Backend = Candle64>, layer: &str, what: &str) {
    let words = train_forward(net, [&numbers(&[2, 3, 4], 1)]).unwrap_err().to_string();
    for word in [format!("in layer `{layer}`: {what} cannot be trained"), "EvaluationMode(&net)".into()] {
        assert!(words.contains(&word), "{words}");
    }
    assert!(train_forward(&EvaluationMode(net), [&numbers(&[2, 3, 4], 1)]).is_ok());
}

fn map_of_norm() -> (VarMap, candle_nn::BatchNorm) {
    let weights = VarMap::new();
    let norm = candle_nn::batch_norm(3, 1e-3, VarBuilder::from_varmap(&weights, DType::F64, &device())).unwrap();
    (weights, norm)
}

#[test]
fn what_evaluates_otherwise_is_refused_by_name_unless_it_is_meant() {
    let (_, weight) = var(&[3], 2);
    let scaled = || ChannelAffine::new(Own::new(weight.clone()), Own::new(weight.clone())).unwrap();
    let net = |dropout| Sequential::<Candle64>::new().push(scaled()).push_named("rest", dropout);
    refused(&net(Dropout::new(0.5)), "rest", "Dropout");
    assert!(train_forward(&net(Dropout::new(0.0)), [&numbers(&[2, 3, 4], 1)]).is_ok());
    let own = Sequential::<Candle64>::new().push(scaled()).push_named("own", candle_nn::Dropout::new(0.5));
    refused(&own, "own", "Dropout");
    let (_, norm) = map_of_norm();
    refused(&Sequential::<Candle64>::new().push_named("norm", norm), "norm", "BatchNorm");
}

#[test]
fn a_frozen_norm_trains_its_scale_and_shift_alone() {
    let (weights, norm) = map_of_norm();
    let (mean, variance) = (norm.running_mean().copy().unwrap(), norm.running_var().copy().unwrap());
    let net = Net::<Candle64, _>::new(norm);
    let named = weights.data().lock().unwrap().clone();
    let x = numbers(&[2, 3, 4], 1);
    right("norm", || train_forward(&EvaluationMode(&net), [&x]), &[&named["weight"], &named["bias"]]);
    assert_eq!(apart(named["running_mean"].as_tensor(), &mean), 0.0);
    assert_eq!(apart(named["running_var"].as_tensor(), &variance), 0.0);
}

#[test]
fn a_model_of_constants_is_refused() {
    let arrays = [("weight", ndarray::ArrayD::<f64>::ones(vec![4, 3]))];
    let weights = Weights::<Candle64>::new(arrays, (device(), DType::F64)).unwrap();
    let net = Net::<Candle64, _>::new(Linear::load(&weights).unwrap());
    let words = train_forward(&net, [&numbers(&[2, 3], 1)]).unwrap_err().to_string();
    assert!(words.contains("the model cannot be trained") && words.contains("predict_tensor"), "{words}");
}

/// Twice as much in training.
struct TwoModes(Tensor);

impl ModuleT for TwoModes {
    fn forward_t(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        x.broadcast_mul(&self.0)?.affine(if train { 2.0 } else { 1.0 }, 0.0)
    }
}

#[test]
fn code_of_candles_runs_in_training_mode_where_it_is_trained() {
    let weight = Var::new(&[3f32], &device()).unwrap();
    let net = model(TwoModes(weight.as_tensor().clone())).at(device());
    let x = Tensor::new(&[[5f32]], &device()).unwrap();
    let number = |y: Result<Tensor>| y.unwrap().to_vec2::<f32>().unwrap()[0][0];
    assert_eq!(number(train_forward(&net, [&x])), 30.0);
    assert_eq!(number(train_forward(&EvaluationMode(&net), [&x])), 15.0);
    assert_eq!(net.predict_tensor(&x).unwrap().to_vec2::<f32>().unwrap(), [[15.0]]);
}
