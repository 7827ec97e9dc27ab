//! Which layer goes by which rule; concepts; what is refused.

use ndarray::{Array4, Axis, array};
use xai_core::nn::{Activation, Flatten, Residual, Sequential};
use xai_core::rules::{Composite, LrpRule, Unknown};
use xai_core::{
    Analyzer, Crp, Error, ExcitationBackprop, Function, Index, Layer, Lrp, NdArray, Opaque, Pullback, Result, Tensor,
    Var,
};

use crate::models::B;
use crate::models::differences::{linear, noise};
use crate::relevance::lrp::by;
use crate::relevance::nets::{
    Biases, assert_close, batch_is_its_samples, conv, explain, norm, photo_net, photos, rows, values,
};

fn of(composite: Composite, x: &Array4<f64>) -> ndarray::ArrayD<f64> {
    values(&Lrp::new(composite), &photo_net(Biases::With), x, 1)
}

#[test]
fn the_last_that_is_said_of_a_layer_counts() {
    let x = photos(1, 2);
    let (plus, eps) = (|| LrpRule::ZPlus, || LrpRule::Epsilon(0.1));
    let whole = of(Composite::new().conv(plus()).dense(eps()), &x);
    assert_eq!(of(Composite::new().all(eps()).conv(plus()), &x), whole);
    assert_ne!(of(Composite::new().conv(plus()).all(eps()), &x), whole);
    assert_eq!(of(Composite::new().all(plus()).named("hidden", eps()).named("classes", eps()), &x), whole);
    assert_eq!(of(Composite::new().named("*", plus()).last(eps()).named("hidden", eps()), &x), whole);
    let inner = ["stem", "block1.body.conv", "block1.body.conv2", "block2", "side.1.*"];
    let by_name = inner.iter().fold(Composite::new().dense(eps()), |all, name| all.named(*name, plus()));
    assert_eq!(of(by_name, &x), whole);
    // What nothing is said of goes by LRP-0.
    assert_eq!(of(Composite::new().conv(plus()), &x), of(Composite::new().dense(LrpRule::Zero).conv(plus()), &x));
    // The first layer is the stem, the last the classes.
    let first = of(Composite::new().first(plus()), &x);
    assert_eq!(first, of(Composite::new().named("stem", plus()), &x));
    assert_eq!(of(Composite::new().last(plus()), &x), of(Composite::new().named("classes", plus()), &x));
    assert_ne!(first, of(Composite::new(), &x));
}

#[test]
fn ready_ones_are_what_they_are_made_of() {
    let x = photos(1, 2);
    let eps = || LrpRule::Epsilon(1e-6);
    let plus = Composite::new().conv(LrpRule::ZPlus).dense(eps());
    let two = Composite::new().conv(LrpRule::AlphaBeta(2.0, 1.0)).dense(eps());
    let gamma = Composite::new().conv(LrpRule::Gamma(0.25)).dense(eps()).first(LrpRule::z_box(-1.0, 2.0));
    for (ready, made) in [
        (Composite::epsilon_plus(), plus.clone()),
        (Composite::epsilon_plus_flat(), plus.first(LrpRule::Flat)),
        (Composite::epsilon_alpha2_beta1(), two.clone()),
        (Composite::epsilon_alpha2_beta1_flat(), two.first(LrpRule::Flat)),
        (Composite::epsilon_gamma_box(-1.0, 2.0), gamma),
    ] {
        assert_eq!(of(ready, &x), of(made, &x));
    }
}

/// Without negative inputs, what excitation gives are probabilities.
#[test]
fn excitation_is_a_share_of_one() {
    let (model, x) = (photo_net(Biases::With), photos(1, 3).mapv(f64::abs));
    let excitation = ExcitationBackprop::new().stabilizer(1e-14);
    for index in 0..3 {
        let why = explain(&excitation, &model, &x, index);
        assert!(why.extras.relevance_arrived.unwrap().iter().all(|sum| (sum - 1.0).abs() < 1e-8));
        let relevance = Lrp::new(Composite::excitation_backprop()).stabilizer(1e-14);
        let relevance = values(&relevance, &model, &x, index);
        for sample in 0..3 {
            let y = why.output[[sample, index]];
            let [a, b] = [&why.values, &relevance].map(|v| v.index_axis(Axis(0), sample).to_owned());
            assert_close(&(a * y), &b, 1e-9, "excitation");
        }
    }
    let plain = Sequential::<B>::new().push(linear(1, 5, 4)).push(Activation::Relu).push(linear(2, 3, 5));
    let why = explain(&excitation, &plain, &rows(3, 4, 4).mapv(f64::abs), 2);
    assert!(why.values.iter().all(|&share| share >= -1e-12));
    batch_is_its_samples(&excitation, &photo_net(Biases::With), &photos(1, 3));
}

#[test]
fn conditions_of_all_channels_add_up_to_everything() {
    let (model, x) = (photo_net(Biases::With), photos(1, 2));
    for composite in [Composite::epsilon_plus(), Composite::epsilon_alpha2_beta1_flat(), Composite::new()] {
        let lrp = Lrp::new(composite.clone());
        let whole = values(&lrp, &model, &x, 1);
        // A convolution's maps before its norm too, which is merged into it; and the model's own input.
        for (place, channels) in
            [("stem", 4), ("norm", 4), ("relu", 4), ("pool", 4), ("block1", 4), ("side", 7), ("hidden", 6)]
        {
            let one = |channel| values(&Crp::new(composite.clone()).condition(place, &[channel]), &model, &x, 1);
            let sum = (0..channels).map(one).reduce(|a, b| a + b).unwrap();
            assert_close(&sum, &whole, 1e-10, place);
            let all: Vec<usize> = (0..channels).collect();
            let all = values(&Crp::new(composite.clone()).condition(place, &all), &model, &x, 1);
            assert_close(&all, &whole, 1e-12, place);
            let none = values(&Crp::new(composite.clone()).condition(place, &[]), &model, &x, 1);
            assert!(none.iter().all(|&r| r == 0.0), "{place}");
        }
    }
    // By hand: y = W₂ h of which one hidden unit is left.
    let (first, second) = (linear(1, 5, 4), linear(2, 3, 5));
    let model = Sequential::<B>::new()
        .push_named("first", first.clone())
        .push_named("relu", Activation::Relu)
        .push(second.clone());
    let x = rows(3, 3, 4);
    let got = values(&Crp::new(Composite::new()).condition("relu", &[2]), &model, &x, 0);
    let array = |w: &xai_core::Weight<B>| w.tensor().download().unwrap();
    let (w1, w2, b1) = (array(&first.weight), array(&second.weight), array(first.bias.as_ref().unwrap()));
    for (x, got) in x.rows().into_iter().zip(got.axis_iter(Axis(0))) {
        let row = w1.index_axis(Axis(0), 2);
        let z = row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + b1[[2]];
        let expected = row.iter().zip(&x).map(|(w, x)| if z > 0.0 { w2[[0, 2]] * w * x } else { 0.0 });
        assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-13));
    }
    batch_is_its_samples(&Crp::default().condition("block1", &[0, 2]), &photo_net(Biases::With), &photos(1, 3));
}

#[test]
fn conditions_hold_together_and_their_places_are_checked() {
    let (model, x) = (photo_net(Biases::With), photos(1, 2));
    let both = Crp::default().condition("block1", &[1]).condition("hidden", &[0, 4]);
    let apart =
        |channel| values(&Crp::default().condition("block1", &[1]).condition("hidden", &[channel]), &model, &x, 1);
    assert_close(&values(&both, &model, &x, 1), &(apart(0) + apart(4)), 1e-11, "both");
    let refused = |crp: Crp| crp.analyze(&model, &x, Index(0)).unwrap_err();
    assert!(matches!(refused(Crp::default().condition("block", &[0])), Error::UnknownPlace { .. }));
    assert!(refused(Crp::default().condition("block1", &[4])).to_string().contains("channel = 4"));
    assert!(refused(Crp::default().condition_along(0, "block1", &[0])).to_string().contains("axis = 0"));
    assert!(refused(Crp::default().condition_along(4, "block1", &[0])).to_string().contains("axis = 4"));
    // Of rows the second axis is the last one.
    let last = Crp::default().condition("hidden", &[0]).channels_last();
    assert_eq!(values(&last, &model, &x, 1), values(&Crp::default().condition("hidden", &[0]), &model, &x, 1));
    let columns = photos(1, 2).dim().3;
    let beyond = Crp::default().condition("block1", &[columns]).channels_last();
    assert!(refused(beyond).to_string().contains(&format!("channel = {columns}")));
    let beside = Beside(linear(1, 3, 4), linear(2, 3, 4));
    let error = Crp::default().condition("unused", &[0]).analyze(&beside, &rows(1, 2, 4), Index(0)).unwrap_err();
    assert!(error.to_string().contains("nothing goes from the explained input through `unused`"), "{error}");
}

/// A layer of which nothing is made.
struct Beside(xai_core::nn::Linear<B>, xai_core::nn::Linear<B>);

impl xai_core::Differentiable for Beside {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let _unused = x[0].layer("unused", &self.1)?;
        x[0].layer("used", &self.0)
    }
}

pub(super) fn ends(last: impl Layer<B> + Send + Sync + 'static) -> Sequential<B> {
    Sequential::new().push(linear(1, 4, 4)).push(Activation::Relu).push(linear(2, 3, 4)).push_named("end", last)
}

/// Code that is affine, or not.
pub(super) struct Code(pub(super) bool);

impl Layer<B> for Code {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let forward = |x: &[Tensor<B>]| x[0].scale(2.0);
        let code = Opaque::with_vjp(forward, move |x| Ok((forward(x)?, Pullback::new(|v| v.scale(2.0)))));
        Ok(x.opaque(if self.0 { code.affine() } else { code }))
    }
}

#[test]
fn what_has_no_rule_is_refused_by_its_name() {
    let x = rows(1, 2, 4).mapv(|x| x.abs() + 0.1);
    let refused = |model: &Sequential<B>, composite: Composite| {
        Lrp::new(composite).analyze(model, &x, Index(0)).unwrap_err().to_string()
    };
    for f in [Activation::Log, Activation::Reciprocal, Activation::Power { exponent: -0.5 }] {
        let error = refused(&ends(f), Composite::new());
        assert!(error.starts_with("in layer `end`: no rule of Lrp goes back through Activation"), "{error}");
    }
    let code = refused(&ends(Code(false)), Composite::new());
    assert!(
        code.starts_with("in layer `end`: no rule of Lrp goes back through code that nobody can look into"),
        "{code}"
    );
    // Of affine code, weights cannot be seen: LRP-0 needs none.
    assert!(Lrp::new(Composite::new()).analyze(&ends(Code(true)), &x, Index(0)).is_ok());
    let code = refused(&ends(Code(true)), Composite::epsilon_plus());
    assert!(code.contains("`end`") && code.contains("nobody can see"), "{code}");
    for code in [Code(true), Code(false)] {
        assert!(Lrp::default().unknown(Unknown::Gradient).analyze(&ends(code), &x, Index(0)).is_ok());
    }
    type T = ndarray::ArcArray<f64, ndarray::IxDyn>;
    let whole = Function::<NdArray<f64>, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    assert!(Lrp::default().analyze(&whole, &x, Index(0)).is_err());
    // Rules of the first layer elsewhere, and behind what mixes numbers.
    let deep = refused(&ends(xai_core::nn::Identity), Composite::new().named("2", LrpRule::Flat));
    assert!(deep.starts_with("in layer `2`: ") && deep.contains("first layer alone"), "{deep}");
    let pooled = Sequential::<B>::new()
        .push_named("pool", xai_core::nn::AvgPool2d::new(2))
        .push(conv(1, 2, 2, Biases::With))
        .push(Flatten::default());
    let error = Lrp::new(Composite::epsilon_plus_flat()).analyze(&pooled, &photos(1, 1), Index(0)).unwrap_err();
    assert!(error.to_string().starts_with("in layer `pool`: no rule of Lrp goes back through AvgPool2d"), "{error}");
}

#[test]
fn impossible_rules_are_refused() {
    let (model, x) = (ends(xai_core::nn::Identity), rows(1, 2, 4));
    let refused = |lrp: Lrp| lrp.analyze(&model, &x, Index(0)).unwrap_err();
    let of = |rule: LrpRule| refused(Lrp::new(Composite::new().all(rule))).to_string();
    assert!(of(LrpRule::Epsilon(0.0)).contains("epsilon = 0"));
    assert!(of(LrpRule::Epsilon(f64::NAN)).contains("epsilon = NaN"));
    assert!(of(LrpRule::Gamma(-0.1)).contains("gamma = -0.1"));
    assert!(of(LrpRule::Gamma(f64::INFINITY)).contains("where z > 0"));
    assert!(of(LrpRule::AlphaBeta(2.0, 0.5)).contains("alpha, beta = 2, 0.5"));
    assert!(of(LrpRule::AlphaBeta(0.5, -0.5)).contains("alpha, beta = 0.5, -0.5"));
    assert!(of(LrpRule::Pass).contains("rule = Pass of All"));
    let norm = refused(Lrp::new(Composite::new().norm(LrpRule::ZPlus))).to_string();
    assert!(norm.contains("rule = ZPlus of Norm"), "{norm}");
    let bound = refused(Lrp::new(Composite::new().first(LrpRule::z_box(f64::NEG_INFINITY, 1.0)))).to_string();
    assert!(bound.contains("bound = -inf"), "{bound}");
    let swapped = refused(Lrp::new(Composite::new().first(LrpRule::z_box(2.0, -1.0)))).to_string();
    assert!(swapped.contains("bounds = 2, -1"), "{swapped}");
    let bounds = LrpRule::z_box(&array![[-3.0], [0.5]], &array![0.25, 1.0]);
    let crossed = refused(Lrp::new(Composite::new().first(bounds))).to_string();
    assert!(crossed.contains("bounds = 0.5, 0.25"), "{crossed}");
    let bound = refused(Lrp::new(Composite::new().first(LrpRule::z_box(&noise(1, &[3]), 1.0))));
    assert!(matches!(bound.root(), Error::Shape { .. }), "{bound}");
    assert!(refused(Lrp::default().stabilizer(0.0)).to_string().contains("stabilizer = 0"));
    let unknown = refused(Lrp::new(Composite::new().named("layer9.*", LrpRule::ZPlus)));
    assert!(matches!(unknown, Error::UnknownPlace { ref place, .. } if place == "layer9.*"), "{unknown}");
}

/// A place that there is, and of which a rule says nothing, is not called unknown.
#[test]
fn a_name_that_a_rule_says_nothing_of_is_told_why() {
    let net = Sequential::<B>::new()
        .push_named("conv", conv(1, 2, 2, Biases::With))
        .push_named("norm", norm(2, 2, Biases::With))
        .push_named("relu", Activation::Relu)
        .push_named("flat", Flatten::default())
        .push_named("classes", linear(3, 3, 32));
    let x = noise(4, &[1, 2, 4, 4]);
    let says = |name: &str, rule: LrpRule, part: &str| {
        let lrp = Lrp::new(Composite::new().conv(LrpRule::ZPlus).named(name, rule));
        let error = lrp.analyze(&net, &x, Index(1)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("named = {name} is not possible")) && error.contains(part), "{error}");
    };
    for rule in [LrpRule::ZPlus, LrpRule::Zero, LrpRule::Pass] {
        says("norm", rule, "part of the layer in front");
    }
    says("flat", LrpRule::Zero, "layers with weights, norms and activations");
    says("relu", LrpRule::ZPlus, "layers with weights, and there is none");
    says("conv", LrpRule::Pass, "norms by themselves");
}

/// Relevance that goes around the first layer, too, and norms before convolutions: nothing is lost.
#[test]
fn shortcuts_around_the_first_layer_lose_nothing() {
    let body = Sequential::new().push_named("conv", conv(1, 2, 2, Biases::Without)).push(Activation::Relu);
    let model = Sequential::<B>::new()
        .push_named("scale", norm(3, 2, Biases::Without))
        .push_named("block", Residual::new(body))
        .push_named("last", conv(2, 3, 2, Biases::Without))
        .push(Flatten::default());
    let x = photos(4, 2);
    for rule in [LrpRule::Flat, LrpRule::WSquare, LrpRule::z_box(-2.0, 2.0)] {
        let composite = Composite::new().conv(LrpRule::ZPlus).named("block.body.conv", rule.clone());
        let why = explain(&Lrp::new(composite).stabilizer(1e-14), &model, &x, 40);
        let kept = why.extras.relevance_kept.unwrap();
        assert!(kept.iter().all(|kept| kept.abs() < 1e-9), "{rule:?}: {kept:?}");
    }
    assert_close(
        &values(&by(LrpRule::Zero), &model, &x, 40),
        &values(&xai_core::InputTimesGradient, &model, &x, 40),
        1e-14,
        "LRP-0",
    );
}

/// Positive and negative parts of what is infinite cancel to no number: told as the weight's fault, and no map.
#[test]
fn an_infinite_weight_is_named() {
    let broken = ndarray::arr2(&[[f64::INFINITY, -1.0], [0.5, 2.0]]).into_dyn();
    let broken = xai_core::nn::Linear::new(crate::models::differences::tensor(&broken), None).unwrap();
    // Of a finite output all the same.
    let model =
        Sequential::<B>::new().push_named("broken", broken).push(Activation::Relu6).push_named("last", linear(2, 3, 2));
    for rule in [LrpRule::AlphaBeta(2.0, 1.0), LrpRule::ZPlus, LrpRule::Gamma(0.25), LrpRule::Flat] {
        let composite = Composite::new().dense(LrpRule::Zero).named("broken", rule.clone());
        let why = Lrp::new(composite).analyze(&model, &array![[1.0, 0.5]], Index(1));
        match why {
            Ok(why) => assert!(why.values.iter().all(|value| value.is_finite()), "{rule:?}"),
            Err(error) => {
                assert!(matches!(error.root(), Error::ValuesNotFinite { .. }), "{error}");
                assert!(error.to_string().contains("a weight of `broken`"), "{error}");
            }
        }
    }
    let two = Composite::new().dense(LrpRule::AlphaBeta(2.0, 1.0));
    assert!(Lrp::new(two).analyze(&model, &array![[1.0, 0.5]], Index(1)).is_err());
}
