//! Sets of references over wrappers, and over what looks at a place inside.

use ndarray::{ArrayD, Axis};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, AtLayer, DeepLift, Differentiable, Explanation, FromReference, GuidedIg, Idgi, Index,
    IntegratedGradients, InternalInfluence, LayerConductance, Moment, NoiseAugmentation, OverReferences, Quadrature,
    Reference, ReferenceSet, SmoothGrad, UpTo,
};

use crate::models::B;
use crate::models::differences::{linear, noise, output};

type Net = Sequential<B>;

fn net() -> Net {
    let net = Net::new().push_named("first", linear(61, 5, 4)).push_named("bend", Activation::Tanh);
    net.push_named("second", linear(62, 5, 5)).push_named("kink", Activation::Relu).push_named("last", linear(63, 2, 5))
}

fn explained<A: Analyzer<Net>>(analyzer: &A, x: &ArrayD<f64>) -> Explanation<f64> {
    analyzer.analyze(&net(), x, Index(1)).unwrap()
}

fn near(got: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let gap = (got - expected).iter().fold(0.0_f64, |most, gap| most.max(gap.abs()));
    assert!(gap < 1e-12, "{what}: {gap}");
}

/// Over a set it is the mean of what it is from each reference by itself; the gaps are the mean of the gaps; a batch
/// gives what its samples give, in any chunks.
fn is_the_mean<A: FromReference<Net>>(analyzer: A, alone: impl Fn(Reference) -> Box<dyn Analyzer<Net>>) {
    let (x, set) = (noise(64, &[3, 4]), noise(65, &[4, 4]));
    let over = OverReferences::new(analyzer, &set);
    let found = explained(&over, &x);
    let each: Vec<Explanation<f64>> =
        set.axis_iter(Axis(0)).map(|reference| explained(&alone(Reference::sample(&reference)), &x)).collect();
    let mean = each.iter().map(|why| why.values.clone()).reduce(|all, one| all + one).unwrap() / 4.0;
    near(&found.values, &mean, &found.analyzer);
    assert!(each[0].values.iter().zip(&each[1].values).any(|(a, b)| (a - b).abs() > 1e-3), "{}", found.analyzer);
    for (sample, gap) in found.extras.completeness_gap.iter().flatten().enumerate() {
        let gaps = each.iter().map(|why| why.extras.completeness_gap.as_ref().unwrap()[sample]);
        assert!((gap - gaps.sum::<f64>() / 4.0).abs() < 1e-12, "{}", found.analyzer);
    }
    assert!(found.extras.estimated_error.unwrap().iter().all(|error| *error > 0.0));
    for i in 0..3 {
        near(&explained(&over, &x.select(Axis(0), &[i])).values, &mean.select(Axis(0), &[i]), &found.analyzer);
    }
    let over = [1, 2, 5].into_iter().fold(over, |over, chunk| {
        let over = over.chunk(chunk);
        near(&explained(&over, &x).values, &mean, &found.analyzer);
        over
    });
    // Of samples with references of their own.
    let own = noise(66, &[3, 4]);
    let over = over.references(ReferenceSet::new([Reference::array(&own)]));
    near(&explained(&over, &x).values, &explained(&alone(Reference::array(&own)), &x).values, &found.analyzer);
}

#[test]
fn noise_around_what_has_a_reference() {
    for moment in [Moment::Mean, Moment::Square, Moment::Variance] {
        let path = || IntegratedGradients::new().n(5);
        let around = move |path| NoiseAugmentation::new(path, 4).std(0.3).seed(5).moment(moment).chunk(5);
        is_the_mean(around(path()), move |reference| Box::new(around(path().reference(reference))));
    }
    let around = |analyzer| NoiseAugmentation::new(analyzer, 3).std(0.2).chunk(2);
    is_the_mean(around(DeepLift::new().chunk(3)), |reference| {
        Box::new(NoiseAugmentation::new(DeepLift::new().reference(reference), 3).std(0.2))
    });
    is_the_mean(SmoothGrad::over(GuidedIg::new().n(3)).n(2), |reference| {
        Box::new(SmoothGrad::over(GuidedIg::new().n(3).reference(reference)).n(2))
    });
}

#[test]
fn what_follows_a_path_to_a_place_or_steps_along_it() {
    is_the_mean(LayerConductance::at("bend").n(4), |reference| {
        Box::new(LayerConductance::at("bend").n(4).reference(reference))
    });
    is_the_mean(InternalInfluence::at("first").n(3).chunk(2), |reference| {
        Box::new(InternalInfluence::at("first").n(3).reference(reference))
    });
    is_the_mean(Idgi::new().n(6).chunk(4), |reference| Box::new(Idgi::new().n(6).reference(reference)));
    is_the_mean(GuidedIg::new().n(4), |reference| Box::new(GuidedIg::new().n(4).reference(reference)));
}

/// The reference of the input is taken to the place: layer integrated gradients, layer DeepLIFT.
#[test]
fn at_a_place_references_are_of_the_input() {
    for place in ["bend", "second"] {
        let there = |reference: &Reference| match reference {
            Reference::Sample(one) => {
                let row = one.as_ref().clone().insert_axis(Axis(0));
                Reference::sample(&UpTo::new(&net(), place).predict(row.view()).unwrap().index_axis(Axis(0), 0))
            }
            Reference::Array(all) => Reference::array(&UpTo::new(&net(), place).predict(all.view()).unwrap()),
            _ => panic!("not asked for"),
        };
        let path = || IntegratedGradients::new().n(4).quadrature(Quadrature::Secant);
        is_the_mean(AtLayer::new(path(), place), |reference| {
            Box::new(AtLayer::new(path().reference(there(&reference)), place))
        });
        is_the_mean(AtLayer::new(DeepLift::new(), place), |reference| {
            Box::new(AtLayer::new(DeepLift::new().reference(there(&reference)), place))
        });
        is_the_mean(NoiseAugmentation::new(AtLayer::new(path(), place), 2).std(0.1), |reference| {
            Box::new(NoiseAugmentation::new(AtLayer::new(path().reference(there(&reference)), place), 2).std(0.1))
        });
        // Behind tanh at both ends the segments share out the whole change.
        let (x, zeros) = (noise(67, &[2, 4]), ArrayD::<f64>::zeros(vec![1, 4]));
        let why = explained(&OverReferences::new(AtLayer::new(path(), place), &zeros), &x);
        let (at_x, at_zero) = (output(&net(), std::slice::from_ref(&x)), output(&net(), &[zeros]));
        for (i, values) in why.values.axis_iter(Axis(0)).enumerate() {
            assert!((values.sum() - (at_x[[i, 1]] - at_zero[[0, 1]])).abs() < 1e-12);
        }
        assert_eq!(why.analyzer, format!("OverReferences(AtLayer(IntegratedGradients, {place}))"));
    }
}
