//! Values at places along a path, and models up to a place.

use approx::assert_abs_diff_eq;
use ndarray::{ArrayD, Axis, array};
use xai_core::nn::{Activation, Conv2d, Flatten, Linear, MaxPool2d, Sequential};
use xai_core::{
    Analyzer, AtLayer, AtLayers, Differentiable, Error, Gradient, Index, InputTimesGradient, IntegratedGradients,
    InternalInfluence, LayerConductance, MaxActivation, Quadrature, UpTo,
};

use crate::cams::heads::curved;
use crate::models::B;
use crate::models::differences::{linear, noise, tensor, weight};

fn one(w: f64) -> Linear<B> {
    Linear::new(tensor(&array![[w]].into_dyn()), None).unwrap()
}

/// tanh(3·1) = 0.99505..., for any number of points: a left-end rule is 4 % off at 50.
#[test]
fn conductance_of_one_unit_is_the_whole_change() {
    let net = Sequential::new().push_named("three", one(3.0)).push_named("tanh", Activation::Tanh).push(one(1.0));
    for place in ["three", "tanh"] {
        for n in [2, 3, 10, 50] {
            let why = LayerConductance::at(place).n(n).analyze(&net, &array![[1.0]], Index(0)).unwrap();
            assert_abs_diff_eq!(why.values[[0, 0]], 0.995_054_753_686_730_5, epsilon = 1e-12);
        }
    }
}

fn pooled_net() -> Sequential<B> {
    Sequential::new()
        .push_named("conv", Conv2d::new(weight(1, &[3, 2, 3, 3]), tensor(&noise(2, &[3]))).unwrap())
        .push_named("tanh", Activation::Tanh)
        .push_named("pool", MaxPool2d::new(2))
        .push_named("second", Conv2d::new(weight(3, &[4, 3, 2, 2]), None).unwrap())
        .push_named("gelu", Activation::Gelu)
        .push(Flatten::default())
        .push_named("last", linear(4, 3, 8))
}

/// Σ = f(x) - f(x₀) at every place, for any n, in any chunk, from any reference; a batch is its samples.
#[test]
fn conductance_telescopes_exactly() {
    let (net, x) = (pooled_net(), noise(5, &[3, 2, 8, 6]));
    let x0 = noise(6, &[3, 2, 8, 6]);
    let y0 = net.predict(x0.view()).unwrap();
    for place in ["conv", "tanh", "pool", "second", "gelu"] {
        for n in [2, 7] {
            let analyzer = LayerConductance::at(place).n(n).reference(&x0);
            let why = analyzer.clone().analyze(&net, &x, Index(1)).unwrap();
            for (i, values) in why.values.axis_iter(Axis(0)).enumerate() {
                let change = why.output[[i, 1]] - y0[[i, 1]];
                assert_abs_diff_eq!(values.sum(), change, epsilon = 1e-11);
                assert!(change.abs() > 1e-3);
            }
            assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-11));
            for chunk in [1, 2, 5, 64] {
                let again = analyzer.clone().chunk(chunk).analyze(&net, &x, Index(1)).unwrap().values;
                assert_abs_diff_eq!(again, why.values, epsilon = 1e-12);
            }
            for i in 0..3 {
                let (x, x0) = (x.select(Axis(0), &[i]), x0.select(Axis(0), &[i]));
                let alone = LayerConductance::at(place).n(n).reference(&x0).analyze(&net, &x, Index(1)).unwrap().values;
                assert_abs_diff_eq!(alone, why.values.select(Axis(0), &[i]), epsilon = 1e-12);
            }
        }
    }
}

/// Where what leads to the place is affine, its path is straight: conductance is layer integrated gradients.
#[test]
fn behind_an_affine_start_conductance_is_layer_integrated_gradients() {
    let (net, x) = (pooled_net(), noise(7, &[2, 2, 8, 6]));
    let origin = UpTo::new(&net, "conv").predict(ArrayD::zeros(x.raw_dim()).view()).unwrap();
    let integrated = IntegratedGradients::new().n(9).quadrature(Quadrature::Secant).reference(&origin);
    let expected = AtLayer::new(integrated, "conv").analyze(&net, &x, Index(2)).unwrap().values;
    let got = LayerConductance::at("conv").n(9).analyze(&net, &x, Index(2)).unwrap().values;
    assert_abs_diff_eq!(got, expected, epsilon = 1e-11);
}

/// Each place alone, in the order in which they were named; all are checked before any pass.
#[test]
fn several_places_are_explained_one_by_one() {
    let (net, x) = (pooled_net(), noise(7, &[3, 2, 8, 6]));
    let integrated = IntegratedGradients::new().n(4);
    let places = ["gelu", "conv"];
    let all = AtLayers::new(integrated.clone(), places).analyze(&net, &x, MaxActivation).unwrap();
    assert_eq!(all.len(), 2);
    for (why, place) in all.iter().zip(places) {
        let alone = AtLayer::new(integrated.clone(), place).analyze(&net, &x, MaxActivation).unwrap();
        assert_eq!((&why.values, &why.output, &why.analyzer), (&alone.values, &alone.output, &alone.analyzer));
    }
    assert_ne!(all[0].values, all[1].values);

    for places in [vec!["conv", "nowhere"], vec![]] {
        let error = AtLayers::new(Gradient, places.clone()).analyze(&net, &x, Index(0)).unwrap_err();
        match error {
            Error::UnknownPlace { .. } => assert_eq!(places.len(), 2),
            Error::InvalidParameter { name, .. } => assert_eq!((name, places.len()), ("places", 0)),
            other => panic!("{other}"),
        }
    }
}

/// In the limit the sum over the places of Σ ∂y/∂h · Δh, by fine steps.
#[test]
fn conductance_is_the_limit_of_fine_steps() {
    let (net, x) = (curved(), noise(8, &[1, 2, 8, 6]));
    let got = LayerConductance::at("b").n(200).analyze(&net, &x, Index(0)).unwrap().values;
    let steps = 2000;
    let at = |alpha: f64| UpTo::new(&net, "b").predict((&x * alpha).view()).unwrap();
    let mut expected = ArrayD::<f64>::zeros(got.raw_dim());
    let mut before = at(0.0);
    for i in 0..steps {
        let middle = (f64::from(i) + 0.5) / f64::from(steps);
        let gradient = AtLayer::new(Gradient, "b").analyze(&net, &(&x * middle), Index(0)).unwrap().values;
        let next = at(f64::from(i + 1) / f64::from(steps));
        expected = expected + gradient * (&next - &before);
        before = next;
    }
    assert_abs_diff_eq!(got, expected, epsilon = 1e-4);
}

/// ∫ 1 - tanh²(3α) dα = tanh(3) / 3.
#[test]
fn internal_influence_is_the_mean_gradient() {
    let net = Sequential::new().push_named("three", one(3.0)).push_named("tanh", Activation::Tanh).push(one(2.0));
    let rule = InternalInfluence::at("three").n(20).quadrature(Quadrature::GaussLegendre);
    let why = rule.analyze(&net, &array![[1.0]], Index(0)).unwrap();
    assert_abs_diff_eq!(why.values[[0, 0]], 2.0 * 3.0_f64.tanh() / 3.0, epsilon = 1e-9);
    let why = InternalInfluence::at("tanh").n(1).analyze(&net, &array![[1.0]], Index(0)).unwrap();
    assert_abs_diff_eq!(why.values[[0, 0]], 2.0, epsilon = 1e-12);
    let (net, x) = (pooled_net(), noise(9, &[3, 2, 8, 6]));
    let analyzer = InternalInfluence::at("gelu").n(6);
    let why = analyzer.clone().analyze(&net, &x, MaxActivation).unwrap();
    for i in 0..3 {
        let class = why.selection.indices()[i][0];
        let one = |k: f64| {
            let x = x.select(Axis(0), &[i]) * ((k + 0.5) / 6.0);
            AtLayer::new(Gradient, "gelu").analyze(&net, &x, Index(class)).unwrap().values
        };
        let mean = (0..6).map(f64::from).map(one).reduce(|a, b| a + b).unwrap() / 6.0;
        assert_abs_diff_eq!(why.values.select(Axis(0), &[i]), mean, epsilon = 1e-12);
    }
    for chunk in [1, 4] {
        let again = analyzer.clone().chunk(chunk).analyze(&net, &x, MaxActivation).unwrap().values;
        assert_abs_diff_eq!(again, why.values, epsilon = 1e-12);
    }
}

/// A model up to a place gives the activations there; its outputs are neurons.
#[test]
fn a_model_up_to_a_place() {
    let (net, x) = (curved(), noise(10, &[2, 2, 8, 6]));
    for place in ["a", "b", "c", "sum"] {
        let up_to = UpTo::new(&net, place);
        let there = up_to.predict(x.view()).unwrap();
        let graph = net.graph(&[x.shape().to_vec()]).unwrap();
        let kept = graph.keeping(&[graph.place(place).unwrap()]).forward_kept(&[tensor(&x)]).unwrap();
        assert_eq!(there, kept.values[0].download().unwrap());
        let at = [1, 2, 1];
        let why = IntegratedGradients::new().n(40).quadrature(Quadrature::Secant).analyze(&up_to, &x, Index(at));
        let why = why.unwrap();
        let origin = up_to.predict(ArrayD::zeros(x.raw_dim()).view()).unwrap();
        for (i, values) in why.values.axis_iter(Axis(0)).enumerate() {
            assert_abs_diff_eq!(values.sum(), there[[i, 1, 2, 1]] - origin[[i, 1, 2, 1]], epsilon = 1e-10);
        }
        assert!(up_to.places(&[x.shape().to_vec()]).unwrap().iter().any(|known| known.name == place));
    }
    let error = UpTo::new(&net, "d").predict(x.view()).unwrap_err();
    assert!(matches!(error, Error::UnknownPlace { .. }), "{error}");
    assert!(InputTimesGradient.analyze(&UpTo::new(&net, "c"), &x, Index([0, 0, 0])).is_ok());
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let (net, x) = (curved(), noise(11, &[1, 2, 8, 6]));
    let says = |error: Error, part: &str| assert!(error.to_string().contains(part), "{error}");
    let conductance = || LayerConductance::at("b");
    says(conductance().n(1).analyze(&net, &x, Index(0)).unwrap_err(), "n = 1");
    says(conductance().chunk(0).analyze(&net, &x, Index(0)).unwrap_err(), "chunk = 0");
    says(conductance().reference(&array![[1.0]]).analyze(&net, &x, Index(0)).unwrap_err(), "reference");
    says(LayerConductance::at("c").analyze(&net, &x, Index(0)).unwrap_err(), "bypasses");
    says(InternalInfluence::at("d").analyze(&net, &x, Index(0)).unwrap_err(), "no place `d`");
    says(InternalInfluence::at("b").n(0).analyze(&net, &x, Index(0)).unwrap_err(), "n = 0");
}
