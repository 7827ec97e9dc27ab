//! Areas of steps, data sets in parts, and models in single precision.

use ndarray::{Array, Array1, Array2, Axis};
use xai_core::metrics::{
    AverageDrop, Completeness, Deletion, Entropy, FaithfulnessCorrelation, FaithfulnessEstimate, Gini, Increase,
    Infidelity, InputInvariance, Insertion, LocalLipschitz, MaxSensitivity, Metric, Monotonicity, PointingGame,
    RandomLogit, RelevanceMass, RelevanceRank, Road, Scores, SensitivityN,
};
use xai_core::nn::{Activation, Linear, Sequential};
use xai_core::{Element, Fill, ForwardOnly, Index, InputTimesGradient, NdArray, Net, Tensor};

use crate::models::{B, Told, close, deep, numbers};

/// 1 while the feature is there on which all depends: the area says when it went, whatever else the map says.
#[test]
fn the_area_of_a_step_is_where_it_is() {
    let step = ForwardOnly::<B, _>::new(|x: &ndarray::ArcArray<f64, ndarray::IxDyn>| {
        let rows = x.outer_iter().map(|row| f64::from(u8::from(row[[3]] > 0.5)));
        Array1::from_iter(rows).insert_axis(Axis(1)).into_dyn().into_shared()
    });
    let x = Array2::ones((1, 10));
    for place in 0..10 {
        // The feature is the one behind `place` others.
        let mut map = numbers((1, 10), 20 + place as u64);
        let mut sorted: Vec<f64> = map.iter().copied().filter(|v| *v != map[[0, 3]]).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let above = if place == 0 { 10.0 } else { sorted[place - 1] };
        let below = sorted.get(place).copied().unwrap_or(-10.0);
        map[[0, 3]] = f64::midpoint(above, below);
        let until = (place as f64 + 0.5) / 10.0;
        for map in [map.clone(), map.mapv(f64::exp), map.mapv(|v| v * 100.0 - 7.0)] {
            let told = Told(map.into_dyn());
            let deletion = Deletion::new().steps(10).of_analyzer(&step, &x, Index(0), &told).unwrap();
            let insertion = Insertion::new().steps(10).of_analyzer(&step, &x, Index(0), &told).unwrap();
            close(deletion.values[0], until);
            close(insertion.values[0], 1.0 - until);
            assert_eq!(deletion.curve.unwrap().y[[0, 0]], 1.0, "it begins with the input as it is");
        }
    }
}

#[test]
fn a_data_set_in_parts_is_the_whole() {
    let (net, x) = (deep(6, 5), numbers((5, 6), 30));
    let metrics: [Box<dyn Metric<B>>; 3] =
        [Box::new(Deletion::new().steps(4)), Box::new(Road::new().fill(Fill::default())), Box::new(Gini)];
    for metric in metrics {
        let of = |x: &Array2<f64>| metric.of_analyzer(&net, x, Index(1), &InputTimesGradient).unwrap();
        let mut parts = of(&x.select(Axis(0), &[0, 1]));
        parts.extend(of(&x.select(Axis(0), &[2])));
        parts.extend(of(&x.select(Axis(0), &[3, 4])));
        let whole = of(&x);
        parts.values.iter().zip(&whole.values).for_each(|(a, b)| close(*a, *b));
        assert_eq!((parts.values.len(), parts.random.is_some()), (5, whole.random.is_some()));
        let heights = |scores: &Scores| scores.curve.as_ref().map(|curve| curve.y.clone());
        match (heights(&parts), heights(&whole)) {
            (Some(parts), Some(whole)) => parts.iter().zip(&whole).for_each(|(a, b)| close(*a, *b)),
            (parts, whole) => assert!(parts.is_none() && whole.is_none()),
        }
    }
    // Over other points there is no common curve.
    let of = |steps| Deletion::new().steps(steps).of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap();
    let mut mixed = of(4);
    mixed.extend(of(5));
    assert!(mixed.curve.is_none() && mixed.random.is_some() && mixed.values.len() == 10);
}

/// All but `ParameterRandomisation`, whose draws depend on the last bit of each weight.
fn all<E: Element>() -> Vec<(String, Vec<f64>)> {
    let dense = |weight: Array2<f64>| {
        let weight = Tensor::<NdArray<E>>::upload(weight.mapv(E::of).view().into_dyn(), &()).unwrap();
        Linear::new(weight, None).unwrap()
    };
    let net = Sequential::new().push_named("first", dense(numbers((7, 6), 31))).push_named("bend", Activation::Tanh);
    let net = Net::new(net.push_named("last", dense(numbers((4, 7), 32))));
    let x = numbers((3, 6), 33).mapv(E::of);
    let mask = Array::from_shape_fn((3, 6), |(_, j)| j < 2);
    let metrics: Vec<Box<dyn Metric<NdArray<E>>>> = vec![
        Box::new(Deletion::new().steps(6)),
        Box::new(Insertion::new().steps(6)),
        Box::new(Road::new().fill(Fill::default())),
        Box::new(FaithfulnessCorrelation::new().share(0.4)),
        Box::new(FaithfulnessEstimate::new()),
        Box::new(Monotonicity::new()),
        Box::new(SensitivityN::new()),
        Box::new(Infidelity::new()),
        Box::new(AverageDrop::new()),
        Box::new(Increase::new()),
        Box::new(Completeness::new()),
        Box::new(Gini),
        Box::new(Entropy),
        Box::new(PointingGame::new(&mask)),
        Box::new(RelevanceMass::new(&mask)),
        Box::new(RelevanceRank::new(&mask)),
        Box::new(MaxSensitivity::new()),
        Box::new(LocalLipschitz::new()),
        Box::new(RandomLogit::new()),
        Box::new(InputInvariance::new()),
    ];
    let score = |metric: Box<dyn Metric<NdArray<E>>>| {
        (metric.name(), metric.of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values)
    };
    metrics.into_iter().map(score).collect()
}

#[test]
fn models_in_single_precision_have_the_same_scores() {
    for ((name, double), (_, single)) in all::<f64>().into_iter().zip(all::<f32>()) {
        assert_eq!((double.len(), single.len()), (3, 3), "{name}");
        for (a, b) in double.iter().zip(&single) {
            assert!((a - b).abs() < 2e-3 * a.abs().max(1.0), "{name}: {a} in double precision, {b} in single");
        }
    }
}
