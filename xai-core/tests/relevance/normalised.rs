//! Norms whose deviation is held, and norms in front of a layer, by hand.

use ndarray::{Array1, Array2, ArrayD, Axis, array};
use xai_core::nn::{
    Activation, BatchNorm2d, Concat, Conv2d, GroupNorm, Identity, LayerNorm, Linear, RmsNorm, Sequential,
};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Differentiable, InputTimesGradient, Lrp, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, output, tensor};
use crate::relevance::by_hand::{back, forward};
use crate::relevance::lrp::{all_rules, by};
use crate::relevance::nets::{assert_close, explain, rows, values};

fn plain(weight: Array2<f64>) -> Linear<B> {
    Linear::new(tensor(&weight.into_dyn()), None).unwrap()
}

/// x · w / r with r = √(mean x² + ε) as it is: √25 = 5 of (1, 7), and √36 = 6 where ε is 11.
#[test]
fn an_rms_norm_hands_all_relevance_on() {
    let x = array![[1.0, 7.0]];
    for (eps, root) in [(0.0, 5.0), (11.0, 6.0)] {
        let norm = RmsNorm::new(tensor(&array![2.0, -1.0].into_dyn()), eps).unwrap();
        let model = Sequential::<B>::new().push(norm).push(plain(array![[1.0, 3.0], [-2.0, 0.5]]));
        for rule in [LrpRule::Zero, LrpRule::Epsilon(1e-15)] {
            for (index, expected) in [(0, array![[2.0, -21.0]]), (1, array![[-4.0, -3.5]])] {
                let why = explain(&by(rule.clone()), &model, &x, index);
                assert_close(&why.values, &(expected / root).into_dyn(), 1e-14, "held");
                assert!((why.values.sum() - why.output[[0, index]]).abs() < 1e-14);
                // All of it stays at its place, and so it does by this rule.
                let pass = Lrp::new(Composite::new().norm(LrpRule::Pass));
                assert_close(&values(&pass, &model, &x, index), &why.values, 1e-10, "passed");
            }
        }
        if eps == 0.0 {
            // The gradient sees that the output does not grow with the input.
            assert!(values(&InputTimesGradient, &model, &x, 0).sum().abs() < 1e-14);
        }
    }
    let bare = Sequential::<B>::new().push(RmsNorm::new(None, 0.0).unwrap()).push(plain(array![[1.0, 3.0]]));
    assert_close(&values(&by(LrpRule::Zero), &bare, &x, 0), &array![[0.2, 4.2]].into_dyn(), 1e-14, "no weight");
}

/// Two groups of means 2 and 12 and deviations 1 and 2. With g = v · w / σ, which is (2, 2) and (-3/2, 3/2), it is
/// x · (g - mean g).
#[test]
fn a_group_norm_takes_the_mean_of_each_group_off() {
    let (x, v) = (array![[1.0, 3.0, 10.0, 14.0]], array![[1.0, 2.0, 3.0, 1.0]]);
    let (w, b) = (array![2.0, 1.0, -1.0, 3.0], array![0.5, 0.25, 1.0, -1.0]);
    let norm = GroupNorm::new(2, tensor(&w.into_dyn()), tensor(&b.into_dyn()), 0.0).unwrap();
    let why = explain(&by(LrpRule::Zero), &Sequential::<B>::new().push(norm).push(plain(v)), &x, 0);
    assert_close(&why.values, &array![[0.0, 0.0, -15.0, 21.0]].into_dyn(), 1e-14, "held");
    // y = 9, of which the shift has v · b = 3.
    assert!((why.output[[0, 0]] - 9.0).abs() < 1e-14);
    assert!((why.extras.relevance_kept.unwrap()[0] - 3.0).abs() < 1e-14);
}

/// Each place's weight, and which are normalised together.
struct Norm {
    layer: Box<dyn xai_core::Layer<B> + Send + Sync>,
    weight: Box<dyn Fn(usize) -> f64>,
    groups: Vec<Vec<usize>>,
    centred: bool,
}

/// Of maps (C, 2, 3) as 24 numbers: groups of channels, one axis, two axes.
fn norms() -> Vec<Norm> {
    let (of_channels, of_rows, of_planes) = (noise(1, &[4]), noise(2, &[3]), noise(3, &[2, 3]));
    let of = |values: &ArrayD<f64>| values.iter().copied().collect::<Vec<f64>>();
    let (channels, places, planes) = (of(&of_channels), of(&of_rows), of(&of_planes));
    let in_runs = |run: usize| (0..24 / run).map(|k| (k * run..(k + 1) * run).collect()).collect();
    let (bias, row) = (tensor(&noise(4, &[4])), tensor(&noise(5, &[3])));
    let group = GroupNorm::new(2, tensor(&of_channels), bias, 1e-3).unwrap();
    let instance = GroupNorm::<B>::new(4, None, None, 1e-3).unwrap();
    let line = LayerNorm::new(tensor(&of_rows), row, 1e-3).unwrap();
    let plane = LayerNorm::new(tensor(&of_planes), None, 1e-3).unwrap();
    let rms = RmsNorm::new(tensor(&of_rows), 1e-3).unwrap();
    let again = places.clone();
    vec![
        Norm { layer: Box::new(group), weight: Box::new(move |i| channels[i / 6]), groups: in_runs(12), centred: true },
        Norm { layer: Box::new(instance), weight: Box::new(|_| 1.0), groups: in_runs(6), centred: true },
        Norm { layer: Box::new(line), weight: Box::new(move |i| places[i % 3]), groups: in_runs(3), centred: true },
        Norm { layer: Box::new(plane), weight: Box::new(move |i| planes[i % 6]), groups: in_runs(6), centred: true },
        Norm { layer: Box::new(rms), weight: Box::new(move |i| again[i % 3]), groups: in_runs(3), centred: false },
    ]
}

/// The norm of an image, and a linear layer of all its numbers.
struct Normed(Norm, Linear<B>);

impl Differentiable for Normed {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        x[0].layer("norm", &self.0.layer)?.flatten(1, -1).layer("classes", &self.1)
    }
}

#[test]
fn norms_of_any_axes_are_held() {
    let x = noise(6, &[3, 4, 2, 3]);
    for norm in norms() {
        let v: Vec<f64> = noise(7, &[24]).iter().copied().collect();
        let model = Normed(norm, plain(Array2::from_shape_vec((1, 24), v.clone()).unwrap()));
        let got = explain(&by(LrpRule::Zero), &model, &x, 0);
        let zero = explain(&by(LrpRule::Zero), &model, &(&x * 0.0), 0).output;
        for (sample, (x, got_)) in x.axis_iter(Axis(0)).zip(got.values.axis_iter(Axis(0))).enumerate() {
            let x: Vec<f64> = x.iter().copied().collect();
            let mut expected = vec![0.0; 24];
            for group in &model.0.groups {
                let mean = |of: &dyn Fn(usize) -> f64| group.iter().map(|&i| of(i)).sum::<f64>() / group.len() as f64;
                let centre = if model.0.centred { mean(&|i| x[i]) } else { 0.0 };
                let deviation = (mean(&|i| (x[i] - centre).powi(2)) + 1e-3).sqrt();
                let g = |i: usize| v[i] * (model.0.weight)(i) / deviation;
                let off = if model.0.centred { mean(&g) } else { 0.0 };
                group.iter().for_each(|&i| expected[i] = x[i] * (g(i) - off));
            }
            let found: Vec<f64> = got_.iter().copied().collect();
            assert_close(&Array1::from(found).into_dyn(), &Array1::from(expected).into_dyn(), 1e-12, "held");
            // The shift's share is what the norm gives of zeros: nothing else is kept.
            let kept = got.extras.relevance_kept.as_ref().unwrap()[sample];
            assert!((kept - zero[[0, 0]]).abs() < 1e-12, "{kept} {zero}");
        }
    }
}

/// z = s · x + t is a layer by LRP-0, whatever the rule of the layer behind it: s · x / z of its relevance, while the
/// shift keeps t / z. By hand of W z = 3·4 - 1·1 at z = (4, 1): y = 11, and z⁺ has all of it at the first number, half
/// of which is the shift's.
#[test]
fn a_norm_in_front_of_a_layer_keeps_its_shift() {
    let scale_and_shift = || (array![2.0, -1.0], array![2.0, 4.0]);
    let norm = || {
        let (scale, shift) = scale_and_shift();
        BatchNorm2d::<B>::new(tensor(&scale.into_dyn()), tensor(&shift.into_dyn())).unwrap()
    };
    let model = Sequential::<B>::new().push(norm()).push(plain(array![[3.0, -1.0]]));
    let x = array![[1.0, 3.0]];
    for (rule, expected, kept) in [
        (LrpRule::Zero, [6.0, 3.0], 2.0),
        (LrpRule::ZPlus, [5.5, 0.0], 5.5),
        // 12 · 5/4 and -1 of 14: shares of 15/14 and -1/14.
        (LrpRule::Gamma(0.25), [11.0 * 7.5 / 14.0, 11.0 * 3.0 / 14.0], 11.0 * 3.5 / 14.0),
        // 2 · 11 at the first number and -11 at the second.
        (LrpRule::AlphaBeta(2.0, 1.0), [11.0, 33.0], -33.0),
    ] {
        let why = explain(&by(rule.clone()), &model, &x, 0);
        assert_close(&why.values, &ndarray::arr2(&[expected]).into_dyn(), 1e-12, &format!("{rule:?}"));
        assert!((why.extras.relevance_kept.unwrap()[0] - kept).abs() < 1e-12, "{rule:?}");
        // Where all passes, the shift keeps nothing: relevance of z, at the same place.
        let pass = Lrp::new(Composite::new().all(rule.clone()).norm(LrpRule::Pass)).stabilizer(1e-14);
        let z =
            values(&by(rule.clone()), &Sequential::<B>::new().push(plain(array![[3.0, -1.0]])), &array![[4.0, 1.0]], 0);
        assert_close(&values(&pass, &model, &x, 0), &z, 1e-10, &format!("{rule:?}, passed"));
    }
}

/// As in a DenseNet: x beside W relu(s · x + t) + b, and a layer of both.
#[test]
fn pre_activation_beside_what_it_is_made_of() {
    let (scale, shift) = (noise(1, &[4]), noise(2, &[4]) * 0.8);
    let norm = BatchNorm2d::<B>::new(tensor(&scale), tensor(&shift)).unwrap();
    let (inner, classes) = (linear(3, 5, 4), linear(4, 3, 9));
    let body = Sequential::new().push(norm).push(Activation::Relu).push(inner.clone());
    let model = Sequential::<B>::new().push(Concat::new().push(Identity).push(body)).push(classes.clone());
    let x = rows(5, 4, 4);
    let (scale, shift) = (scale.into_dimensionality().unwrap(), shift.into_dimensionality().unwrap());
    for rule in all_rules() {
        let got = explain(&by(rule.clone()), &model, &x, 1);
        for (sample, x) in x.rows().into_iter().enumerate() {
            let (x, scale, shift): (Array1<f64>, &Array1<f64>, &Array1<f64>) = (x.to_owned(), &scale, &shift);
            let z = scale * &x + shift;
            let hidden = z.mapv(|z| z.max(0.0));
            let both: Array1<f64> = x.iter().chain(&forward(&inner, &hidden)).copied().collect();
            let y = forward(&classes, &both)[1];
            let r = back(&rule, &classes, &both, &array![0.0, y, 0.0]);
            let (beside, of_body) = (r.slice(ndarray::s![..4]).to_owned(), r.slice(ndarray::s![4..]).to_owned());
            let of_norm = back(&rule, &inner, &hidden, &of_body);
            let expected = beside + &of_norm * scale * &x / &z;
            let got = got.values.index_axis(Axis(0), sample).to_owned();
            assert_close(&got, &expected.into_dyn(), 1e-9, &format!("{rule:?}"));
        }
    }
}

/// The same of maps: a norm in front of a convolution is that norm in front of the dense layer that it is.
#[test]
fn norms_in_front_of_convolutions() {
    let (scale, shift) = (noise(1, &[2]), noise(2, &[2]));
    let kernel = noise(3, &[3, 2, 1, 1]);
    let norm = || BatchNorm2d::<B>::new(tensor(&scale), tensor(&shift)).unwrap();
    let bias = tensor(&noise(4, &[3]));
    let conv = Conv2d::new(tensor(&kernel), bias.clone()).unwrap();
    let dense = Linear::new(tensor(&kernel.into_shape_with_order(vec![3, 2]).unwrap()), bias).unwrap();
    let of_maps = Sequential::<B>::new().push(norm()).push(conv).push(Activation::Relu);
    let of_rows = Sequential::<B>::new().push(norm()).push(dense).push(Activation::Relu);
    let x = noise(5, &[1, 2, 1, 4]);
    assert!(output(&of_maps, std::slice::from_ref(&x)).iter().any(|&y| y > 0.0));
    for rule in all_rules() {
        for (channel, column) in (0..3).flat_map(|channel| (0..4).map(move |column| (channel, column))) {
            let maps =
                xai_core::Analyzer::analyze(&by(rule.clone()), &of_maps, &x, xai_core::Index([channel, 0, column]));
            let maps = maps.unwrap().values;
            let one = Array2::from_shape_fn((1, 2), |(_, k)| x[[0, k, 0, column]]);
            let expected = values(&by(rule.clone()), &of_rows, &one, channel);
            for (k, place) in (0..2).flat_map(|k| (0..4).map(move |place| (k, place))) {
                let expected = if place == column { expected[[0, k]] } else { 0.0 };
                assert!((maps[[0, k, 0, place]] - expected).abs() < 1e-10, "{rule:?}");
            }
        }
    }
}
