//! Each layer on candle's tape, and as a layer of a graph: both as candle_nn's own forward pass.

use candle_core::{Module, ModuleT, Result, Tensor, Var};
use candle_nn::VarBuilder;
use xai_candle::{Candle, nn};
use xai_candle_tests::device;
use xai_core::{Graph, Layer};

use crate::finite_differences::{assert_close, numbers};
use crate::tape::{check, flat, seeded};

type Wrapped = xai_core::Tensor<Candle<f64>>;

fn weight(shape: &[usize], seed: u64) -> Tensor {
    numbers(shape, seed)
}

/// On the tape, as a layer, and as `by_candle` computes.
fn layer(
    what: &str,
    layer: &(impl Layer<Candle<f64>> + Module),
    by_candle: impl Fn(&Tensor) -> Result<Tensor>,
    shape: &[usize],
) {
    check(what, |x| layer.forward(x), shape);
    let x = numbers(shape, 1);
    let expected = by_candle(&x).unwrap();
    assert_close(what, &layer.forward(&x).unwrap(), &flat(&expected), 1e-7);
    let graph = Graph::trace(&[shape.to_vec()], |x| layer.trace(x[0].clone())).unwrap();
    let (y, pull) = graph.vjp(&[Wrapped::new(x.clone())], &[true], None).unwrap();
    assert_close(what, y.inner(), &flat(&expected), 1e-7);
    let v = numbers(expected.dims(), 2);
    let dx = pull.pull(&Wrapped::new(v.clone())).unwrap();
    let by_tape = {
        let x = Var::from_tensor(&x).unwrap();
        let loss = (layer.forward(&x).unwrap() * &v).unwrap().sum_all().unwrap();
        loss.backward().unwrap().remove(&x).unwrap()
    };
    assert_close(what, dx.inner(), &flat(&by_tape), 1e-12);
}

#[test]
fn convolutions() {
    for (padding, stride, dilation, groups) in [(0, 1, 1, 1), (1, 2, 1, 2), (2, 1, 2, 1)] {
        let config = nn::Conv2dConfig { padding, stride, dilation, groups, ..nn::Conv2dConfig::default() };
        let (w, b) = (weight(&[4, 4 / groups, 3, 3], 3), weight(&[4], 4));
        let plain = candle_nn::Conv2d::new(w.clone(), Some(b.clone()), config);
        layer("conv2d", &nn::Conv2d::new(w, Some(b), config), |x| plain.forward(x), &[2, 4, 7, 6]);
        let config = nn::Conv1dConfig { padding, stride, dilation, groups, ..nn::Conv1dConfig::default() };
        let w = weight(&[4, 4 / groups, 3], 3);
        let plain = candle_nn::Conv1d::new(w.clone(), None, config);
        layer("conv1d", &nn::Conv1d::new(w, None, config), |x| plain.forward(x), &[2, 4, 8]);
    }
    for (padding, output_padding, stride) in [(0, 0, 1), (1, 1, 2)] {
        let config =
            nn::ConvTranspose2dConfig { padding, output_padding, stride, ..nn::ConvTranspose2dConfig::default() };
        let (w, b) = (weight(&[3, 2, 3, 3], 3), weight(&[2], 4));
        let plain = candle_nn::ConvTranspose2d::new(w.clone(), Some(b.clone()), config);
        let own = nn::ConvTranspose2d::new(w, Some(b), config);
        layer("conv_transpose2d", &own, |x| plain.forward(x), &[1, 3, 4, 5]);
        let config =
            nn::ConvTranspose1dConfig { padding, output_padding, stride, ..nn::ConvTranspose1dConfig::default() };
        let (w, b) = (weight(&[3, 2, 3], 3), weight(&[2], 4));
        let plain = candle_nn::ConvTranspose1d::new(w.clone(), Some(b.clone()), config);
        let own = nn::ConvTranspose1d::new(w, Some(b), config);
        layer("conv_transpose1d", &own, |x| plain.forward(x), &[1, 3, 5]);
    }
}

#[test]
fn linear_and_norms() {
    let (w, b) = (weight(&[4, 5], 3), weight(&[4], 4));
    let plain = candle_nn::Linear::new(w.clone(), Some(b.clone()));
    layer("linear", &nn::Linear::new(w, Some(b)), |x| plain.forward(x), &[2, 3, 5]);
    let (w, b) = (weight(&[5], 3), weight(&[5], 4));
    let slow = |x: &Tensor| candle_nn::ops::layer_norm_slow(x, &w, &b, 1e-5);
    layer("layer norm", &nn::LayerNorm::new(w.clone(), b.clone(), 1e-5), slow, &[2, 3, 5]);
    let plain = candle_nn::LayerNorm::new_no_bias(w.clone(), 1e-3);
    layer("without bias", &nn::LayerNorm::new_no_bias(w.clone(), 1e-3), |x| plain.forward(x), &[2, 5]);
    let plain = candle_nn::RmsNorm::new(w.clone(), 1e-3);
    layer("rms norm", &nn::RmsNorm::new(w.clone(), 1e-3), |x| plain.forward_diff(x), &[2, 5]);
    layer("rms norm", &nn::RmsNorm::new(w, 1e-3).into_inner(), |x| plain.forward_diff(x), &[2, 5]);
    let (w, b) = (weight(&[6], 3), weight(&[6], 4));
    let plain = candle_nn::GroupNorm::new(w.clone(), b.clone(), 6, 3, 1e-5).unwrap();
    let own = nn::GroupNorm::new(w.clone(), b.clone(), 6, 3, 1e-5).unwrap();
    layer("group norm", &own, |x| plain.forward(x), &[2, 6, 3, 2]);
    let (mean, variance) = (weight(&[6], 5), weight(&[6], 6).sqr().unwrap());
    let plain = candle_nn::BatchNorm::new(6, mean.clone(), variance.clone(), w.clone(), b.clone(), 1e-3).unwrap();
    let own = nn::BatchNorm::new(6, mean, variance, w, b, 1e-3).unwrap();
    check("batch norm", |x| own.forward_t(x, false), &[2, 6, 3]);
    let x = numbers(&[2, 6, 3], 7);
    let expected = plain.forward_t(&x, false).unwrap();
    assert_close("batch norm", &own.forward_t(&x, false).unwrap(), &flat(&expected), 1e-9);
    let traced = Graph::trace(&[vec![2, 6, 3]], |x| Layer::<Candle<f64>>::trace(&own, x[0].clone())).unwrap();
    assert_close("batch norm", traced.forward(&[Wrapped::new(x)]).unwrap().inner(), &flat(&expected), 1e-9);
}

#[test]
fn activations() {
    use nn::Activation as A;
    for f in [
        A::Gelu,
        A::NewGelu,
        A::GeluPytorchTanh,
        A::Relu,
        A::Relu2,
        A::Relu6,
        A::Silu,
        A::Swish,
        A::Sigmoid,
        A::HardSigmoid,
        A::HardSwish,
        A::Swiglu,
        A::Mish,
        A::Elu(0.7),
        A::LeakyRelu(0.1),
    ] {
        let plain = candle_nn::Activation::from(f);
        assert_eq!(A::from(plain), f);
        layer(&format!("{f:?}"), &f, |x| plain.forward(x), &[2, 3, 6]);
    }
    let plain = candle_nn::PReLU::new(weight(&[3], 3), false);
    layer("prelu", &nn::PReLU::new(weight(&[3], 3), false), |x| plain.forward(x), &[2, 3, 4]);
}

struct Built {
    conv: nn::Conv2d,
    absorbed: nn::Conv2d,
    net: nn::Sequential,
    lstm: nn::LSTM,
}

fn built(vb: &VarBuilder<'_>) -> Result<Built> {
    let conv = nn::conv2d(3, 4, 3, nn::Conv2dConfig::default(), vb.pp("conv"))?;
    let absorbed = conv.absorb_bn(&nn::batch_norm(4, 1e-3, vb.pp("norm"))?)?;
    let net = nn::seq()
        .add(nn::linear(6, 5, vb.pp("a"))?)
        .add(nn::layer_norm(5, 1e-5, vb.pp("b"))?)
        .add(nn::Activation::Gelu)
        .add(nn::linear_no_bias(5, 4, vb.pp("c"))?)
        .add(nn::rms_norm(4, 1e-5, vb.pp("d"))?)
        .add(nn::prelu(None, vb.pp("e"))?)
        .add_fn(nn::ops::softmax_last_dim);
    let lstm = nn::lstm(3, 4, nn::LSTMConfig::default(), vb.pp("lstm"))?;
    Ok(Built { conv, absorbed, net, lstm })
}

#[test]
fn builders_make_the_layers_of_candle_nn() {
    let vb = seeded(|vb| drop(built(&vb).unwrap()));
    let Built { conv, absorbed, net, lstm } = built(&vb).unwrap();
    check("absorbed", |x| absorbed.forward(x), &[1, 3, 5, 5]);
    check("sequential", |x| net.forward(x), &[2, 6]);
    let again = candle_nn::conv2d(3, 4, 3, nn::Conv2dConfig::default(), vb.pp("conv")).unwrap();
    assert_close("the same weights", conv.weight(), &flat(again.weight()), 0.0);
    check("lstm", |x| nn::RNN::states_to_tensor(&lstm, &nn::RNN::seq(&lstm, x)?), &[2, 3, 3]);
}

#[test]
fn weights_that_were_computed_keep_their_gradient() {
    let x = numbers(&[2, 5], 9);
    check("layer norm's weight", |w| nn::LayerNorm::new(w.clone(), w.clone(), 1e-5).forward(&x), &[5]);
    check("rms norm's weight", |w| nn::RmsNorm::new(w.clone(), 1e-5).forward(&x), &[5]);
    check("linear's bias", |b| nn::Linear::new(numbers(&[4, 5], 3), Some(b.clone())).forward(&x), &[4]);
    check("linear's weight", |w| nn::Linear::new(w.clone(), None).forward(&x), &[4, 5]);
    check("a table", |t| nn::Embedding::new(t.clone(), 3).forward(&Tensor::new(&[1u32, 0, 1], &device())?), &[2, 3]);
    let image = numbers(&[1, 2, 5, 5], 9);
    let conv = |b: &Tensor| nn::Conv2d::new(numbers(&[3, 2, 3, 3], 3), Some(b.clone()), nn::Conv2dConfig::default());
    check("conv2d's bias", |b| conv(b).forward(&image), &[3]);
    let group = |w: &Tensor| nn::GroupNorm::new(w.clone(), numbers(&[2], 3), 2, 1, 1e-5);
    check("group norm's weight", |w| group(w)?.forward(&image), &[2]);
}
