//! Layer-wise relevance propagation against input times gradient, conservation, and itself.

use ndarray::{Axis, array};
use xai_core::nn::{Activation, Dropout, Flatten, Identity, Residual, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, AtLayer, Index, InputTimesGradient, Lrp, NoiseAugmentation, SumOfOutputs};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};
use crate::relevance::nets::{
    Biases, assert_close, batch_is_its_samples, conv, dense, explain, norm, photo_net, photos, rows, values,
};

/// A rule everywhere, hardly stabilised.
pub(crate) fn by(rule: LrpRule) -> Lrp {
    Lrp::new(Composite::new().all(rule)).stabilizer(1e-14)
}

fn first(rule: LrpRule) -> Lrp {
    Lrp::new(Composite::new().all(LrpRule::ZPlus).first(rule)).stabilizer(1e-14)
}

#[test]
fn without_a_stabilizer_it_is_input_times_gradient() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    let expected = values(&InputTimesGradient, &model, &x, 1);
    assert_eq!(values(&by(LrpRule::Zero), &model, &x, 1), expected);
    for rule in [LrpRule::Epsilon(1e-14), LrpRule::Gamma(0.0)] {
        assert_close(&values(&by(rule.clone()), &model, &x, 1), &expected, 1e-10, &format!("{rule:?}"));
    }
    // The z-box has no part for a bias.
    let boxed = Lrp::new(Composite::new().first(LrpRule::z_box(0.0, 0.0))).stabilizer(1e-14);
    let without = photo_net(Biases::Without);
    assert_close(&values(&boxed, &without, &x, 1), &values(&InputTimesGradient, &without, &x, 1), 1e-10, "z-box");
    let every_output = by(LrpRule::Epsilon(1e-14)).analyze(&model, &x, SumOfOutputs).unwrap().values;
    let expected = InputTimesGradient.analyze(&model, &x, SumOfOutputs).unwrap().values;
    assert_close(&every_output.into_dyn(), &expected.into_dyn(), 1e-10, "all outputs");
}

#[test]
fn without_biases_all_relevance_arrives() {
    let (model, x) = (photo_net(Biases::Without), photos(2, 3));
    let (low, high) = (noise(5, &[2, 1, 1]).mapv(|v| v - 2.0), noise(6, &[2, 1, 1]).mapv(|v| v + 2.0));
    for lrp in [
        by(LrpRule::Zero),
        by(LrpRule::Epsilon(1e-14)),
        by(LrpRule::Gamma(0.25)),
        by(LrpRule::Gamma(10.0)),
        by(LrpRule::ZPlus),
        by(LrpRule::Excitation),
        first(LrpRule::Flat),
        first(LrpRule::WSquare),
        first(LrpRule::z_box(-1.0, 1.0)),
        first(LrpRule::z_box(&low, &high)),
        Lrp::new(Composite::epsilon_gamma_box(-1.0, 1.0).dense(LrpRule::Epsilon(1e-14))).stabilizer(1e-14),
    ] {
        let why = explain(&lrp, &model, &x, 2);
        let (arrived, kept) = (why.extras.relevance_arrived.unwrap(), why.extras.relevance_kept.unwrap());
        for sample in 0..3 {
            let y = why.output[[sample, 2]];
            let total = why.values.index_axis(Axis(0), sample).sum();
            assert!((arrived[sample] - total).abs() < 1e-12 && (arrived[sample] + kept[sample] - y).abs() < 1e-12);
            assert!((total - y).abs() < 1e-8 * y.abs(), "{lrp:?}: {total} of {y}");
        }
    }
}

#[test]
fn biases_keep_their_share() {
    let (model, x) = (Sequential::<B>::new().push(linear(1, 3, 4)), rows(2, 2, 4));
    let bias = linear(1, 3, 4).bias.unwrap().tensor().download().unwrap();
    let why = explain(&by(LrpRule::Zero), &model, &x, 1);
    assert!(why.extras.relevance_kept.unwrap().iter().all(|kept| (kept - bias[[1]]).abs() < 1e-14));
}

#[test]
fn rules_are_their_neighbours_at_their_ends() {
    for (model, x) in [(photo_net(Biases::With), photos(1, 2)), (photo_net(Biases::Without), photos(2, 2))] {
        let of = |rule: LrpRule| values(&Lrp::new(Composite::new().all(rule)), &model, &x, 0);
        assert_close(&of(LrpRule::Gamma(0.0)), &of(LrpRule::Epsilon(1e-6)), 1e-11, "gamma 0 is epsilon");
        assert_close(&of(LrpRule::AlphaBeta(1.0, 0.0)), &of(LrpRule::ZPlus), 1e-14, "alpha 1 is z+");
        let near = by(LrpRule::AlphaBeta(1.0 + 1e-9, 1e-9));
        let near = values(&near, &model, &x, 0);
        assert_close(&near, &values(&by(LrpRule::ZPlus), &model, &x, 0), 1e-6, "alpha near 1 is nearly z+");
    }
    // Of inputs that are not negative and units that are rectified, gamma comes to z+.
    let hidden = |seed| dense(seed, 6, 6, Biases::With);
    let model = Sequential::<B>::new().push(hidden(1)).push(Activation::Relu).push(hidden(2)).push(Activation::Relu);
    let x = rows(3, 4, 6).mapv(f64::abs);
    let of = |rule| values(&by(rule), &model, &x, 3);
    assert_close(&of(LrpRule::Gamma(1e9)), &of(LrpRule::ZPlus), 1e-6, "gamma far out is z+");
}

/// A norm behind a convolution is part of it, whatever has been defined first; one before it stands by itself.
#[test]
fn norms_are_merged_in_the_order_in_which_they_run() {
    let x = photos(3, 2);
    let (weights, scale, shift) = (conv(1, 4, 2, Biases::With), norm(2, 4, Biases::With), norm(3, 4, Biases::With));
    let array = |w: &xai_core::Weight<B>| w.tensor().download().unwrap();
    let merged = {
        let (w, b) = (array(&weights.weight), array(weights.bias.as_ref().unwrap()));
        let by = |norm: &xai_core::nn::BatchNorm2d<B>, w: &ndarray::ArrayD<f64>, b: &ndarray::ArrayD<f64>| {
            let (s, t) = (array(&norm.scale), array(&norm.shift));
            let along = s.clone().into_shape_with_order((4, 1, 1, 1)).unwrap();
            ((w * &along).into_dyn(), b * &s + t)
        };
        let (w, b) = by(&scale, &w, &b);
        let (w, b) = by(&shift, &w, &b);
        xai_core::nn::Conv2d::new(tensor(&w), tensor(&b)).unwrap().padding(1)
    };
    let rest = |model: Sequential<B>| {
        model
            .push(Activation::Relu)
            .push(conv(7, 3, 4, Biases::With))
            .push(norm(8, 3, Biases::With))
            .push(Flatten::default())
    };
    let two = rest(Sequential::new().push(weights).push(scale).push(shift));
    let one = rest(Sequential::new().push(merged));
    for rule in all_rules() {
        let (a, b) = (values(&by(rule.clone()), &two, &x, 5), values(&by(rule.clone()), &one, &x, 5));
        assert_close(&a, &b, 1e-9, &format!("{rule:?}"));
    }
}

pub(crate) fn all_rules() -> Vec<LrpRule> {
    vec![
        LrpRule::Zero,
        LrpRule::Epsilon(0.01),
        LrpRule::Gamma(0.25),
        LrpRule::Gamma(8.0),
        LrpRule::AlphaBeta(2.0, 1.0),
        LrpRule::AlphaBeta(1.25, 0.25),
        LrpRule::ZPlus,
        LrpRule::Excitation,
    ]
}

fn composites() -> Vec<Lrp> {
    let ready = [
        Composite::epsilon_plus(),
        Composite::epsilon_plus_flat(),
        Composite::epsilon_alpha2_beta1(),
        Composite::epsilon_alpha2_beta1_flat(),
        Composite::epsilon_gamma_box(-2.0, 2.0),
        Composite::excitation_backprop(),
        Composite::new().all(LrpRule::Gamma(0.5)).first(LrpRule::WSquare).norm(LrpRule::Pass),
    ];
    ready.into_iter().map(Lrp::new).collect()
}

#[test]
fn a_batch_gives_what_its_samples_give_and_wrappers_take_it() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3));
    for lrp in composites() {
        batch_is_its_samples(&lrp, &model, &x);
    }
    let lrp = Lrp::default();
    for chunk in [1, 2, 64] {
        let quiet = explain(&NoiseAugmentation::new(lrp.clone(), 3).std(0.0).chunk(chunk), &model, &x, 1);
        let plain = explain(&lrp, &model, &x, 1);
        assert_close(&quiet.values, &plain.values, 1e-12, "quiet");
        let kept = quiet.extras.relevance_kept.unwrap();
        assert!(kept.iter().zip(plain.extras.relevance_kept.unwrap()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn layers_that_do_nothing_change_nothing() {
    let (model, x) = (photo_net(Biases::With), photos(1, 2));
    let more = Sequential::<B>::new()
        .push(Identity)
        .push_named("net", photo_net(Biases::With))
        .push(Dropout::new(0.5))
        .push(Identity);
    for lrp in composites() {
        assert_eq!(values(&lrp, &model, &x, 1), values(&lrp, &more, &x, 1));
    }
}

/// One layer, called twice, goes back as two layers.
#[test]
fn layers_that_are_used_again_go_back_call_by_call() {
    let x = rows(1, 3, 5);
    let shared = (std::sync::Arc::new(linear(1, 5, 5)), std::sync::Arc::new(Activation::Relu));
    let twice = Sequential::<B>::new()
        .push(shared.0.clone())
        .push(shared.1.clone())
        .push(Residual::new(Sequential::new().push(shared.0.clone()).push(shared.1.clone())))
        .push(linear(2, 3, 5));
    let apart = Sequential::<B>::new()
        .push(linear(1, 5, 5))
        .push(Activation::Relu)
        .push(Residual::new(Sequential::new().push(linear(1, 5, 5)).push(Activation::Relu)))
        .push(linear(2, 3, 5));
    for rule in all_rules() {
        assert_eq!(values(&by(rule.clone()), &twice, &x, 1), values(&by(rule), &apart, &x, 1));
    }
}

#[test]
fn at_a_layer_it_is_relevance_of_what_is_there() {
    let (model, x) = (photo_net(Biases::Without), photos(1, 2));
    for place in ["stem", "norm", "pool", "block1", "flat", "hidden"] {
        let why = AtLayer::new(by(LrpRule::ZPlus), place).analyze(&model, &x.clone().into_dyn(), Index(1));
        let why = match why {
            Ok(why) => why,
            // Values of another number of axes than the input's.
            Err(error) => panic!("{place}: {error}"),
        };
        for (sample, arrived) in why.extras.relevance_arrived.unwrap().into_iter().enumerate() {
            let y = why.output[[sample, 1]];
            assert!((arrived - y).abs() < 1e-8 * y.abs(), "{place}: {arrived} of {y}");
        }
    }
}

#[test]
fn in_single_precision_it_is_nearly_the_same() {
    use xai_core::nn::Linear;
    use xai_core::{Elem, NdArray, Tensor};
    fn net<F: xai_core::Element>() -> Sequential<NdArray<F>> {
        let layer = |seed, shape: [usize; 2]| {
            let weight = noise(seed, &shape).mapv(F::of);
            let bias = noise(seed + 9, &[shape[0]]).mapv(|b| F::of(b * 0.2));
            let up = |a: ndarray::ArrayD<F>| Tensor::<NdArray<F>>::upload(a.view(), &()).unwrap();
            Linear::new(up(weight), up(bias)).unwrap()
        };
        Sequential::new()
            .push(layer(1, [8, 4]))
            .push(Activation::Silu)
            .push(layer(2, [8, 8]))
            .push(Activation::Relu)
            .push(layer(3, [3, 8]))
    }
    let x = rows(3, 2, 4);
    for rule in all_rules() {
        let lrp = Lrp::new(Composite::new().all(rule.clone()));
        let wide = lrp.analyze(&net::<f64>(), &x, Index(1)).unwrap().values.into_dyn();
        let narrow = lrp.analyze(&net::<f32>(), &x.mapv(|v| v as Elem<Sequential<NdArray<f32>>>), Index(1)).unwrap();
        assert_close(&narrow.values.mapv(f64::from).into_dyn(), &wide, 1e-3, &format!("{rule:?}"));
    }
}

/// Sums and means hand on by share; a maximum to the greatest, and overlapping windows add up.
#[test]
fn pools_by_hand() {
    let line = ndarray::Array4::from_shape_vec((1, 1, 1, 7), vec![0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    let pool = xai_core::nn::MaxPool2d::new([1, 3]).stride([1, 2]);
    let sum = dense(1, 1, 3, Biases::Without);
    let weights = sum.weight.tensor().download().unwrap();
    let model = Sequential::<B>::new().push(pool).push(Flatten::default()).push(sum);
    let got = values(&by(LrpRule::Epsilon(1e-15)), &model, &line, 0);
    let expected = array![0.0, 0.0, 9.0 * (weights[[0, 0]] + weights[[0, 1]]), 0.0, 0.0, 0.0, weights[[0, 2]]];
    assert_close(&got, &expected.into_shape_with_order((1, 1, 1, 7)).unwrap().into_dyn(), 1e-12, "max pool");
}
