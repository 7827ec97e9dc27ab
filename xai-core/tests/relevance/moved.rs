//! Norms behind convolutions of sequences and volumes, whose outputs are moved between the two.

use ndarray::{ArrayD, Axis};
use xai_core::nn::{
    Activation, BatchNorm2d, Conv1d, Conv2d, Conv3d, ConvPadding, ConvTranspose1d, ConvTranspose2d, Flatten, Linear,
    Padding, Sequential,
};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, Crp, Differentiable, Index, Layer, Lrp, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};
use crate::relevance::lrp::{all_rules, by};
use crate::relevance::nets::{Biases, assert_close, norm, values};

fn lrps() -> Vec<Lrp> {
    let first = |rule| Lrp::new(Composite::epsilon_plus().first(rule));
    let ready = [Composite::epsilon_plus(), Composite::epsilon_alpha2_beta1(), Composite::excitation_backprop()];
    let rules = all_rules().into_iter().map(|rule| Lrp::new(Composite::new().all(rule)));
    let of_first = [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-1.0, 1.0)].map(first);
    ready.map(Lrp::new).into_iter().chain(rules).chain(of_first).collect()
}

/// A layer, norms behind it, and what classifies.
fn net(
    layer: impl Layer<B> + Send + Sync + 'static,
    norms: &[BatchNorm2d<B>],
    activation: bool,
    features: usize,
) -> Sequential<B> {
    let net = norms.iter().fold(Sequential::new().push_named("layer", layer), |net, norm| net.push(norm.clone()));
    let net = if activation { net.push(Activation::Relu) } else { net };
    net.push(Flatten::default()).push_named("classes", linear(5, 3, features))
}

fn reshaped(a: &ArrayD<f64>, shape: &[usize]) -> ArrayD<f64> {
    a.clone().into_shape_with_order(shape).unwrap()
}

/// The maps of a network of sequences, and of the same network of images of one row.
#[track_caller]
fn same(sequences: &Sequential<B>, images: &Sequential<B>, x: &ArrayD<f64>, what: &str) {
    let (shape, mut image) = (x.shape().to_vec(), x.shape().to_vec());
    image.insert(2, 1);
    let y = reshaped(x, &image);
    let predicted = [sequences.predict(x.view()).unwrap(), images.predict(y.view()).unwrap()];
    assert_close(&predicted[0], &predicted[1], 1e-14, what);
    for lrp in lrps() {
        let expected = reshaped(&values(&lrp, images, &y, 1), &shape);
        assert_close(&values(&lrp, sequences, x, 1), &expected, 1e-12, &format!("{what}, {lrp:?}"));
    }
    for channels in [&[0][..], &[]] {
        let crp = Crp::new(Composite::epsilon_alpha2_beta1()).condition("layer", channels);
        let expected = reshaped(&values(&crp, images, &y, 1), &shape);
        assert_close(&values(&crp, sequences, x, 1), &expected, 1e-12, &format!("{what}, {channels:?}"));
    }
}

#[test]
fn a_convolution_of_sequences_takes_its_norm_in() {
    let pad = Padding { left: 1, right: 1, ..Padding::default() };
    for (batch, outputs, activation) in [(3, 4, true), (1, 4, false), (2, 1, true), (1, 1, true)] {
        let w = noise(1, &[outputs, 2, 3]);
        let bias = || tensor(&noise(2, &[outputs]));
        let row = tensor(&reshaped(&w, &[outputs, 2, 1, 3]));
        let norms = [norm(3, outputs, Biases::With), norm(4, outputs, Biases::With)];
        let one = Conv1d::new(tensor(&w), bias()).unwrap().padding(1);
        let two = Conv2d::new(row, bias()).unwrap().padding(ConvPadding::Explicit(pad));
        let [one, two] = [net(one, &norms, activation, outputs * 7), net(two, &norms, activation, outputs * 7)];
        same(&one, &two, &noise(6, &[batch, 2, 7]), &format!("{outputs} of Conv1d"));
    }
}

#[test]
fn a_transposed_convolution_of_sequences_takes_its_norm_in() {
    let w = noise(1, &[4, 2, 3]);
    let norms = [norm(3, 4, Biases::With)];
    let one = ConvTranspose1d::new(tensor(&w), None).unwrap().groups(2);
    let two = ConvTranspose2d::new(tensor(&reshaped(&w, &[4, 2, 1, 3])), None).unwrap().groups(2);
    let [one, two] = [net(one, &norms, true, 36), net(two, &norms, true, 36)];
    same(&one, &two, &noise(6, &[3, 4, 7]), "ConvTranspose1d");
}

/// Against the same network whose norm is in the weights from the start.
#[test]
fn a_convolution_of_volumes_takes_its_norm_in() {
    for (outputs, stride, places) in [(4, 1, 4), (4, 2, 2), (1, 1, 4), (4, 4, 1)] {
        let (w, bias) = (noise(1, &[outputs, 2, 2, 3, 3]), noise(2, &[outputs]));
        let behind = norm(3, outputs, Biases::With);
        let [scale, shift] = [&behind.scale, &behind.shift].map(|weight| weight.tensor().download().unwrap());
        let merged =
            Conv3d::new(tensor(&(&w * &reshaped(&scale, &[outputs, 1, 1, 1, 1]))), tensor(&(&bias * &scale + &shift)));
        let plain = Conv3d::new(tensor(&w), tensor(&bias)).unwrap().stride([stride, 1, 1]).padding([0, 1, 1]);
        let merged = merged.unwrap().stride([stride, 1, 1]).padding([0, 1, 1]);
        let features = outputs * places * 12;
        let two = net(plain, &[behind], true, features);
        let one = net(merged, &[], true, features);
        let x = noise(6, &[2, 2, 5, 3, 4]);
        for rule in all_rules().into_iter().chain([LrpRule::Epsilon(1e-6)]) {
            let [two, one] = [&two, &one].map(|net| values(&by(rule.clone()), net, &x, 1));
            assert_close(&two, &one, 1e-9, &format!("{outputs}, {stride}, {rule:?}"));
        }
    }
}

/// Rows of points, whose features are channels where a norm is behind them.
struct Points {
    layer: Linear<B>,
    norm: Option<BatchNorm2d<B>>,
    rectified: bool,
}

impl Differentiable for Points {
    type Backend = B;

    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let features = x[0].layer("layer", &self.layer)?.permute(&[0, 2, 1]);
        let features = self.norm.iter().try_fold(features, |x, norm| x.layer("norm", norm))?;
        let features = if self.rectified { features.relu() } else { features };
        Ok(features.flatten(1, -1))
    }
}

/// Against the same network whose norm is in the weights from the start.
#[test]
fn a_linear_layer_takes_a_norm_behind_a_permutation_in() {
    for (outputs, points, biased, rectified) in
        [(4, 5, true, true), (4, 4, false, false), (1, 5, true, true), (4, 1, true, false)]
    {
        let (w, bias) = (noise(1, &[outputs, 3]), noise(2, &[outputs]) * if biased { 1.0 } else { 0.0 });
        let behind = norm(3, outputs, Biases::With);
        let [scale, shift] = [&behind.scale, &behind.shift].map(|weight| weight.tensor().download().unwrap());
        let of =
            |w: &ArrayD<f64>, bias: Option<ArrayD<f64>>| Linear::new(tensor(w), bias.as_ref().map(tensor)).unwrap();
        let plain = of(&w, biased.then(|| bias.clone()));
        let merged = of(&(&w * &reshaped(&scale, &[outputs, 1])), Some(&bias * &scale + &shift));
        let two = Points { layer: plain, norm: Some(behind), rectified };
        let one = Points { layer: merged, norm: None, rectified };
        let x = noise(6, &[2, points, 3]);
        let first = [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-1.0, 1.0)];
        let lrps = all_rules().into_iter().chain([LrpRule::Epsilon(1e-6)]).map(by);
        for lrp in lrps.chain(first.map(|rule| Lrp::new(Composite::new().first(rule)))) {
            for output in 0..outputs * points {
                let [two, one] = [&two, &one].map(|net| values(&lrp, net, &x, output));
                assert_close(&two, &one, 1e-9, &format!("{outputs}, {points}, {lrp:?}"));
            }
        }
    }
}

/// A norm's ε is in the scale that a layer takes in.
#[test]
fn a_norm_of_a_large_epsilon_is_taken_in() {
    let stats = |seed| noise(seed, &[4]);
    let (mean, variance, scale, shift) = (stats(1), stats(2).mapv(|v| 0.2 + v * v), stats(3), stats(4));
    let (w, bias, x) = (noise(5, &[4, 2, 3, 3]), noise(6, &[4]), noise(7, &[2, 2, 5, 5]));
    for eps in [1e-5, 0.3] {
        let (scales, shifts) = (Some(scale.view()), Some(shift.view()));
        let behind = BatchNorm2d::batch_norm(scales, shifts, mean.view(), variance.view(), eps, &()).unwrap();
        let by_hand = &scale / &variance.mapv(|v| (v + eps).sqrt());
        let merged = &w * &reshaped(&by_hand, &[4, 1, 1, 1]);
        let merged_bias = (&bias - &mean) * &by_hand + &shift;
        let conv = |w: &ArrayD<f64>, bias: &ArrayD<f64>| Conv2d::new(tensor(w), tensor(bias)).unwrap().padding(1);
        let two = net(conv(&w, &bias), &[behind], true, 100);
        let one = net(conv(&merged, &merged_bias), &[], true, 100);
        for lrp in lrps() {
            assert_close(&values(&lrp, &two, &x, 1), &values(&lrp, &one, &x, 1), 1e-9, &format!("{eps}, {lrp:?}"));
        }
    }
}

/// A bias that stands by itself behind what moves a convolution's outputs.
struct Added {
    conv: Conv1d<B>,
    constant: ArrayD<f64>,
    apart: bool,
}

impl Differentiable for Added {
    type Backend = B;

    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let y = x[0].layer("conv", &self.conv)?;
        let y = if self.apart { &y + y.constant(tensor(&self.constant)) } else { y };
        Ok(y.relu().flatten(1, -1))
    }
}

#[test]
fn a_constant_behind_a_convolution_of_sequences_is_its_bias() {
    let bias = noise(2, &[3]);
    let model = |apart: bool| {
        let of_layer = (!apart).then(|| tensor(&bias));
        let conv = Conv1d::new(weight(1, &[3, 2, 3]), of_layer).unwrap();
        Added { conv, constant: bias.clone().insert_axis(Axis(1)), apart }
    };
    let x = noise(6, &[2, 2, 7]);
    for rule in all_rules() {
        let [apart, one] = [true, false].map(|apart| values(&by(rule.clone()), &model(apart), &x, 4));
        assert_close(&apart, &one, 1e-9, &format!("{rule:?}"));
    }
}

/// A norm along an axis that is not that of the convolution's outputs stands by itself.
struct OfTimes {
    conv: Conv2d<B>,
    norm: BatchNorm2d<B>,
}

impl Differentiable for OfTimes {
    type Backend = B;

    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let maps = x[0].reshape(&[6, 2, 3, 3]).layer("conv", &self.conv)?.reshape(&[2, 3, 3, 9]);
        Ok(maps.layer("norm", &self.norm)?.flatten(1, -1))
    }
}

#[test]
fn a_norm_of_another_axis_is_not_taken_in() {
    let conv = Conv2d::new(weight(1, &[3, 2, 3, 3]), None).unwrap().padding(1);
    let model = OfTimes { conv, norm: norm(3, 3, Biases::Without) };
    let x = noise(6, &[2, 3, 2, 3, 3]);
    let got = values(&by(LrpRule::Gamma(0.25)), &model, &x, 30);
    // The output's own scale leaves shares as they are; LRP-0 tells how relevance sums up to the output.
    let output = model.predict(x.view()).unwrap();
    for sample in 0..2 {
        let total = got.index_axis(Axis(0), sample).sum();
        assert!((total - output[[sample, 30]]).abs() < 1e-9, "{total}");
    }
}

/// A convolution's maps, which are rows of numbers where a norm is behind them.
struct Joined {
    conv: Conv2d<B>,
    norm: BatchNorm2d<B>,
}

impl Differentiable for Joined {
    type Backend = B;

    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let rows = x[0].layer("conv", &self.conv)?.flatten(2, -1);
        Ok(rows.layer("norm", &self.norm)?.relu().flatten(1, -1))
    }
}

#[test]
fn conditions_move_along() {
    let conv = || Conv2d::new(weight(1, &[3, 2, 3, 3]), None).unwrap().padding(1);
    let model = Joined { conv: conv(), norm: norm(3, 3, Biases::With) };
    let along = |axis, place, at: usize| Crp::new(Composite::epsilon_plus()).condition_along(axis, place, &[at]);
    let x = noise(6, &[2, 2, 1, 4]);
    for output in [1, 6] {
        let [conv, norm] = ["conv", "norm"].map(|place| values(&along(1, place, output / 4), &model, &x, output));
        assert_eq!(conv, norm);
        let [conv, norm] = [(3, "conv"), (2, "norm")].map(|(axis, place)| along(axis, place, output % 4));
        assert_eq!(values(&conv, &model, &x, output), values(&norm, &model, &x, output));
    }
    let x = noise(6, &[2, 2, 3, 4]);
    let refused = along(3, "conv", 1).analyze(&model, &x, Index(1)).unwrap_err().to_string();
    assert!(refused.contains("axis = 3") && refused.contains("`conv`"), "{refused}");
}
