//! The gradient with rectifiers that have no kink.

use ndarray::{Array2, array};
use xai_core::nn::{Activation, MaxPool2d, Sequential};
use xai_core::rules::Unknown;
use xai_core::{Analyzer, AnalyzerInfo, BetaSmooth, Error, Gradient, Index, NoiseAugmentation, Settings};

use crate::models::B;
use crate::models::differences::linear;
use crate::relevance::nets::{Biases, assert_close, batch_is_its_samples, photo_net, photos, rows, values};

fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

fn weight_and_bias(layer: &xai_core::nn::Linear<B>) -> (Array2<f64>, ndarray::Array1<f64>) {
    let bias = layer.bias.as_ref().unwrap().tensor().download().unwrap().into_dimensionality().unwrap();
    (layer.weight.tensor().download().unwrap().into_dimensionality().unwrap(), bias)
}

/// W₃ · σ(β z₂) · W₂ · σ(β z₁) · W₁, where z are those of the network with its kinks.
#[test]
fn a_network_by_hand() {
    let layers = [linear(1, 5, 4), linear(2, 4, 5), linear(3, 3, 4)];
    let [(w1, b1), (w2, b2), (w3, _)] = [0, 1, 2].map(|i| weight_and_bias(&layers[i]));
    let [first, second, third] = layers;
    let model = Sequential::<B>::new().push(first).push(Activation::Relu).push(second).push(Activation::Relu6);
    let (model, x) = (model.push(third), rows(4, 3, 4));
    let z1 = x.dot(&w1.t()) + &b1;
    let z2 = z1.mapv(|z| z.max(0.0)).dot(&w2.t()) + &b2;
    for beta in [0.5, 10.0] {
        let smooth = if beta == 10.0 { BetaSmooth::new() } else { BetaSmooth::new().beta(beta) };
        let slope = |z: f64| sigmoid(beta * z) - sigmoid(beta * (z - 6.0));
        for index in 0..3 {
            let v = z2.mapv(slope) * w3.row(index);
            let v = v.dot(&w2) * z1.mapv(|z| sigmoid(beta * z));
            assert_close(&values(&smooth, &model, &x, index), &v.dot(&w1).into_dyn(), 1e-12, "smooth");
        }
    }
    // So far from every kink, the derivative is a step.
    let steep = values(&BetaSmooth::new().beta(1e9), &model, &x, 1);
    assert_close(&steep, &values(&Gradient, &model, &x, 1), 1e-12, "steep");
    assert_ne!(values(&BetaSmooth::new(), &model, &x, 1), values(&Gradient, &model, &x, 1));
}

#[test]
fn the_output_is_that_of_the_network_and_a_batch_is_its_samples() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    let why = BetaSmooth::new().analyze(&model, &x, Index(1)).unwrap();
    assert_eq!(why.output, Gradient.analyze(&model, &x, Index(1)).unwrap().output);
    batch_is_its_samples(&BetaSmooth::new(), &model, &x);
    let around = NoiseAugmentation::new(BetaSmooth::new(), 3).std(0.0);
    assert_close(&values(&around, &model, &x, 1), &values(&BetaSmooth::new(), &model, &x, 1), 1e-12, "quiet");
}

#[test]
fn what_it_is_not_defined_for_is_refused() {
    let net = |f| Sequential::<B>::new().push(MaxPool2d::new(1)).push_named("act", f);
    let x = array![[[[-0.5, 3.0]]]];
    let error = BetaSmooth::new().analyze(&net(Activation::Gelu), &x, Index([0, 0, 0])).unwrap_err();
    assert!(error.to_string().starts_with("in layer `act`: no rule of BetaSmooth goes back through Gelu"), "{error}");
    let asked = BetaSmooth::new().unknown(Unknown::Gradient);
    let gradient = Gradient.analyze(&net(Activation::Gelu), &x, Index([0, 0, 0])).unwrap();
    let found = asked.analyze(&net(Activation::Gelu), &x, Index([0, 0, 0])).unwrap();
    assert_eq!(found.values, gradient.values);
    for beta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let named = AnalyzerInfo::find("beta-smooth").unwrap().build(&Settings::new().beta(beta)).unwrap();
        let error = named.analyze(&net(Activation::Relu), &x, Index([0, 0, 0])).unwrap_err();
        assert!(matches!(error.root(), Error::InvalidParameter { name: "beta", .. }), "{error}");
    }
}
