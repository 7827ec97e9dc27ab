//! Metrics that take features away.

use ndarray::{Array1, Array2, Array3, Array4, ArrayD, Axis, array};
use xai_core::metrics::{
    AverageDrop, Channels, Completeness, Deletion, Evaluate, FaithfulnessCorrelation, FaithfulnessEstimate, Increase,
    Infidelity, Insertion, Metric, Monotonicity, Road, SensitivityN, Similarity,
};
use xai_core::nn::{Flatten, Sequential};
use xai_core::{
    Analyzer, AnyAnalyzer, ExactShapley, Features, Fill, ForwardOnly, Gradient, Index, InputTimesGradient,
    IntegratedGradients, MaxActivation, Net, OutputScale,
};

use crate::models::{B, Told, close, deep, dense, linear, numbers};

fn told(values: &Array2<f64>) -> Told {
    Told(values.clone().into_dyn())
}

#[test]
fn a_linear_models_curves_by_hand() {
    // Effects 8, 4, 2 and -1 of 13 - 0 in all: y = 13 as it is, 0 without anything.
    let net = linear(&array![[4.0, 2.0, 1.0, -1.0]]);
    let x = array![[2.0, 2.0, 2.0, 1.0]];
    let deletion = Deletion::new().steps(4).of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
    let curve = deletion.curve.unwrap();
    assert_eq!(curve.x, [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(curve.y, array![[13.0, 5.0, 1.0, -1.0, 0.0]]);
    close(deletion.values[0], (13.0 / 2.0 + 5.0 + 1.0 - 1.0 + 0.0) / 4.0);
    let insertion = Insertion::new().steps(4).of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
    assert_eq!(insertion.curve.unwrap().y, array![[0.0, 8.0, 12.0, 14.0, 13.0]]);
    // Least first is the other way round: -1, 2, 4, 8.
    let least = Deletion::new().steps(4).least_first(true);
    let found = least.of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
    assert_eq!(found.curve.unwrap().y, array![[13.0, 14.0, 12.0, 8.0, 0.0]]);
    let relative = Deletion::new().steps(4).relative(true);
    let found = relative.of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
    close(found.values[0], deletion.values[0] / 13.0);
}

#[test]
fn the_order_alone_counts_and_a_random_one_is_between() {
    let (net, x) = (linear(&numbers((1, 40), 1)), numbers((1, 40), 2));
    let effects = &x * &numbers((1, 40), 1);
    let area = |values: &Array2<f64>| Deletion::new().of_analyzer(&net, &x, Index(0), &told(values)).unwrap();
    let best = area(&effects);
    // Any monotone map of the values gives the same curve.
    assert_eq!(area(&effects.mapv(|v| v.powi(3) + 5.0)).curve.unwrap().y, best.curve.as_ref().unwrap().y);
    let worst = area(&-&effects);
    let random = best.random.as_ref().unwrap()[0];
    assert!(best.values[0] < random && random < worst.values[0], "{best:?}");
    // For a linear model the two orders' areas add up to y(x), whatever the number of steps is.
    close(best.values[0] + worst.values[0], effects.sum());
    // A constant map is a random order.
    let constant = area(&Array2::ones((1, 40)));
    assert!(best.values[0] < constant.values[0] && constant.values[0] < worst.values[0]);
}

#[test]
fn an_area_does_not_depend_on_the_number_of_steps_for_a_linear_model_of_equal_effects() {
    let (net, x) = (linear(&Array2::ones((1, 60))), Array2::ones((1, 60)));
    for steps in [1, 2, 5, 20, 60] {
        let area = Deletion::new().steps(steps).of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
        close(area.values[0], 30.0);
    }
}

#[test]
fn what_a_linear_model_does_is_what_its_values_say() {
    let (net, x) = (linear(&numbers((3, 12), 3)), numbers((2, 12), 4));
    let metrics: [&dyn Metric<B>; 4] = [
        &FaithfulnessCorrelation::new().share(0.3),
        &FaithfulnessCorrelation::new().similarity(Similarity::Spearman),
        &FaithfulnessEstimate::new(),
        &SensitivityN::new(),
    ];
    for metric in metrics {
        for value in (&metric).of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values {
            assert!((value - 1.0).abs() < 1e-9, "{}: {value}", metric.name());
        }
    }
    for value in Monotonicity::new().of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values {
        assert!((value - 1.0).abs() < 1e-9, "{value}");
    }
    for value in Infidelity::new().of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values {
        assert!(value < 1e-24, "{value}");
    }
    for value in Completeness::new().of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values {
        assert!(value < 1e-12, "{value}");
    }
}

#[test]
fn a_wrong_value_costs_what_it_is_off() {
    // Sets of one feature: each drawn set is off by the feature's error, a quarter of all sets by 2.
    let net = linear(&Array2::ones((1, 4)));
    let x = Array2::ones((1, 4));
    let metric = Infidelity::new().share(0.25).n(4000);
    let off = metric.of_analyzer(&net, &x, Index(0), &told(&array![[3.0, 1.0, 1.0, 1.0]])).unwrap().values[0];
    assert!((off - 1.0).abs() < 0.1, "{off}");
    // Half of the right values: scaled, they are right.
    let half = told(&array![[0.5, 0.5, 0.5, 0.5]]);
    close(metric.of_analyzer(&net, &x, Index(0), &half).unwrap().values[0], 0.25);
    close(metric.clone().scaled(true).of_analyzer(&net, &x, Index(0), &half).unwrap().values[0], 0.0);
    let error = metric.of_analyzer(&net, &x, Index(0), &Gradient).unwrap_err().to_string();
    assert!(error.contains("sensitivity") && error.contains("scaled"), "{error}");
    // A gap of 2 in 4.
    close(Completeness::new().of_analyzer(&net, &x, Index(0), &half).unwrap().values[0], 0.5);
}

#[test]
fn completeness_has_a_tolerance_and_a_reference() {
    let (net, x) = (deep(6, 5), numbers((2, 6), 5));
    let path = IntegratedGradients::new().n(400).reference(xai_core::Reference::Constant(0.3));
    let zero = Completeness::new().of_analyzer(&net, &x, Index(0), &path).unwrap();
    let right = Completeness::new().fill(xai_core::Reference::Constant(0.3));
    let own = right.of_analyzer(&net, &x, Index(0), &path).unwrap();
    assert!(own.values.iter().all(|gap| *gap < 0.01) && zero.values.iter().any(|gap| *gap > 0.01), "{own:?} {zero:?}");
    assert_eq!(own.verdict().as_deref(), Some("within 0.01"));
}

/// Of a linear model a group's effect is that of its numbers together. Its value stands at each of them.
#[test]
fn a_group_of_numbers_counts_once() {
    let (net, x) = (linear(&array![[4.0, 2.0, 1.0, -1.0]]), array![[2.0, 1.0, 1.0, 1.0]]);
    let groups = Features::groups([vec![0, 1, 2]]);
    let shapley = ExactShapley::new().features(groups.clone());
    for metric in [&Completeness::new() as &dyn Metric<B>, &Infidelity::new().features(groups.clone())] {
        close((&metric).of_analyzer(&net, &x, Index(0), &shapley).unwrap().values[0], 0.0);
    }
    let why = shapley.analyze(&net, &x, Index(0)).unwrap();
    assert_eq!(why.values, array![[11.0, 11.0, 11.0, -1.0]]);
    close(Completeness::new().of(&net, &x, &why).unwrap().values[0], 0.0);
    // Three numbers, whose value is 2 together, go behind one of 4, though they are more.
    let (net, x) = (linear(&array![[1.0, 0.5, 0.5, 4.0]]), Array2::ones((1, 4)));
    let found = Deletion::new().features(groups).steps(2).of_analyzer(&net, &x, Index(0), &shapley).unwrap();
    assert_eq!(found.curve.unwrap().y, array![[6.0, 2.0, 0.0]]);
    // Features of one value, of one number and of three.
    let (net, x) = (linear(&array![[1.0, 0.5, 0.5, 2.0, 1.0]]), Array2::ones((1, 5)));
    let groups = Features::groups([vec![0, 1, 2]]);
    let estimate = FaithfulnessEstimate::new().features(groups.clone());
    let shapley = ExactShapley::new().features(groups);
    close(estimate.of_analyzer(&net, &x, Index(0), &shapley).unwrap().values[0], 1.0);
    // What a map shows is each number's own value: half of the first three and of the last, all of the fourth.
    let drop = AverageDrop::new().of_analyzer(&net, &(x * &array![[1.0, 1.0, 1.0, 2.0, 2.0]]), Index(0), &shapley);
    close(drop.unwrap().values[0], 1.0 - (1.0 + 4.0 + 1.0) / 8.0);
    // In an evaluation, where a sample that fails leaves the others, too.
    let table = Evaluate::new(&[&shapley], &[&Completeness::new()]).run(&net, &numbers((3, 5), 7), 0).unwrap();
    table.cells[0][0].scores.values.iter().for_each(|gap| close(*gap, 0.0));
}

#[test]
fn completeness_is_of_all_numbers_whatever_the_features_are() {
    let net = Net::<B, _>::new(Sequential::new().push(Flatten::default()).push(dense(&array![[1.0, 2.0, 3.0]], None)));
    let x = array![[[1.0, 1.0, 1.0]]];
    let overlapping = Completeness::new().features(Features::windows([2], [1]));
    close(overlapping.of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap().values[0], 0.0);
}

#[test]
fn the_largest_of_a_places_channels_stands_for_it() {
    // Two channels at two places: 3 and -3, and 2 and 2. Their sums are 0 and 4, their sizes 6 and 4, the largest 3 and
    // 2; with 5 in place of the first -3 beside 0 the sizes are 5 and 4.
    let net = Net::<B, _>::new(Sequential::new().push(Flatten::default()).push(dense(&Array2::ones((1, 4)), None)));
    let x = Array3::<f64>::ones((1, 2, 2));
    let first = |values: [[f64; 2]; 2], channels: Channels| {
        let values = Told(ndarray::arr2(&values).insert_axis(Axis(0)).into_dyn());
        let features = Features::patches([1]);
        let x = &x * &array![[[1.0, 10.0], [1.0, 10.0]]];
        let deletion = Deletion::new().features(features).channels(channels).steps(2);
        deletion.of_analyzer(&net, &x, Index(0), &values).unwrap().curve.unwrap().y[[0, 1]]
    };
    // What is left of 22: 20 where the first place goes, 2 where the second does.
    assert_eq!(first([[3.0, 2.0], [-3.0, 2.0]], Channels::Sum), 2.0);
    assert_eq!(first([[3.0, 2.0], [-3.0, 2.0]], Channels::Absolute), 20.0);
    assert_eq!(first([[3.0, 2.0], [0.0, 2.0]], Channels::Absolute), 2.0);
    assert_eq!(first([[3.0, 2.0], [0.0, 2.0]], Channels::Largest), 20.0);
}

#[test]
fn each_size_of_sets_counts_once() {
    let (net, x) = (deep(10, 5), numbers((1, 10), 5));
    let curve = |shares: [f64; 3]| {
        let found = SensitivityN::new().n(10).shares(shares).of_analyzer(&net, &x, Index(0), &Gradient).unwrap();
        found.curve.unwrap().at
    };
    assert_eq!(curve([0.9, 0.1, 0.9]), ["9", "1"]);
}

#[test]
fn a_map_shows_what_is_left_of_the_output() {
    // y = -Σx: negative outputs drop by their size.
    let net = linear(&-Array2::<f64>::ones((1, 4)));
    let x = Array2::ones((1, 4));
    let drop = AverageDrop::new().of_analyzer(&net, &x, Index(0), &told(&array![[2.0, 1.0, -3.0, 0.0]])).unwrap();
    // The map is 1, 0.5, 0, 0: y = -1.5 from -4, a rise.
    close(drop.values[0], 0.0);
    let rise = Increase::new().of_analyzer(&net, &x, Index(0), &told(&array![[2.0, 1.0, -3.0, 0.0]])).unwrap();
    close(rise.values[0], 1.0);
    let positive = linear(&Array2::<f64>::ones((1, 4)));
    let drop = AverageDrop::new().of_analyzer(&positive, &x, Index(0), &told(&array![[2.0, 1.0, -3.0, 0.0]])).unwrap();
    close(drop.values[0], 2.5 / 4.0);
    let nothing = AverageDrop::new().of_analyzer(&positive, &x, Index(0), &told(&Array2::zeros((1, 4)))).unwrap();
    close(nothing.values[0], 1.0);
    let zero = AverageDrop::new().of_analyzer(&positive, &Array2::zeros((1, 4)), Index(0), &told(&x)).unwrap_err();
    assert!(zero.to_string().contains("0 of sample 0"), "{zero}");
}

/// A model of images that weighs every pixel of every channel.
fn image_model() -> impl xai_core::Differentiable<Backend = B> {
    ForwardOnly::<B, _>::new(|x: &ndarray::ArcArray<f64, ndarray::IxDyn>| {
        let weight = |i: usize, j: usize| if i < 2 && j < 2 { 3.0 } else { 0.1 };
        let row = |sample: ndarray::ArrayViewD<'_, f64>| -> f64 {
            sample.indexed_iter().map(|(at, v)| v * weight(at[1], at[2])).sum()
        };
        let rows: Vec<f64> = x.outer_iter().map(row).collect();
        Array1::from(rows).insert_axis(Axis(1)).into_dyn().into_shared()
    })
}

#[test]
fn a_coarse_map_orders_the_pixels() {
    let x = Array4::ones((1, 3, 4, 4));
    let mut map = ArrayD::<f64>::zeros(vec![1, 1, 2, 2]);
    map[[0, 0, 0, 0]] = 1.0;
    let cam = |map: &ArrayD<f64>| {
        Deletion::new().features(Features::patches([2, 2])).steps(4).of_analyzer(
            &image_model(),
            &x,
            Index(0),
            &Told(map.clone()),
        )
    };
    let y = cam(&map).unwrap().curve.unwrap().y;
    // 3 channels, 4 pixels of 3 and 12 of 0.1; the first patch goes first.
    for (got, expected) in y.iter().zip([39.6, 3.6]) {
        close(*got, expected);
    }
    let road = |map: &ArrayD<f64>| {
        Road::new().shares([0.25]).of_analyzer(&image_model(), &x, Index(0), &Told(map.clone())).unwrap().values[0]
    };
    // Of ones the neighbours' mean is one: what is imputed changes nothing but for the noise.
    assert!(road(&map).abs() < 0.2);
    assert!(cam(&ArrayD::zeros(vec![1, 5])).is_err());
}

#[test]
fn road_tells_the_right_order_from_the_wrong_one() {
    let mut x = Array4::zeros((1, 1, 8, 8));
    x.slice_mut(ndarray::s![.., .., 0..2, 0..2]).fill(1.0);
    let right = x.clone().into_dyn();
    let score =
        |values: ArrayD<f64>| Road::new().of_analyzer(&image_model(), &x, Index(0), &Told(values)).unwrap().values[0];
    let (best, worst) = (score(right.clone()), score(right.mapv(|v| -v)));
    assert!(best > 1.0, "{best}");
    close(best, -worst);
}

#[test]
fn the_scale_is_the_metrics_own() {
    let (net, x) = (deep(6, 5), numbers((2, 6), 6));
    let metric = Deletion::new().scale(OutputScale::Probability);
    let found = metric.of_analyzer(&net, &x, MaxActivation, &Gradient).unwrap();
    let y = found.curve.unwrap().y;
    assert!(y.iter().all(|p| (0.0..=1.0).contains(p)), "{y}");
    close(y[[0, 20]], y[[1, 20]]);
}

#[test]
fn a_chunk_changes_nothing_and_a_batch_scores_as_its_samples() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 7));
    fn all<'a>(chunk: Option<usize>) -> Vec<Box<dyn Metric<B> + 'a>> {
        macro_rules! boxed {
            ($($metric:expr),*) => {
                vec![$(Box::new(match chunk { Some(n) => $metric.chunk(n), None => $metric }) as _),*]
            };
        }
        boxed![
            Deletion::new().steps(3),
            Insertion::new().steps(6).fill(Fill::Noise { mean: 0.0, std: 1.0, draws: 2, seed: 1 }),
            FaithfulnessCorrelation::new(),
            SensitivityN::new().n(10),
            Infidelity::new().scaled(true),
            FaithfulnessEstimate::new(),
            Monotonicity::new(),
            AverageDrop::new(),
            Increase::new(),
            Completeness::new()
        ]
    }
    let whole = all(None);
    for chunk in [1, 2, 7] {
        for (metric, reference) in all(Some(chunk)).iter().zip(&whole) {
            for analyzer in [&Gradient as &dyn AnyAnalyzer<B>, &InputTimesGradient] {
                let got = metric.of_analyzer(&net, &x, Index(2), analyzer).unwrap().values;
                let expected = reference.of_analyzer(&net, &x, Index(2), analyzer).unwrap().values;
                got.iter().zip(&expected).for_each(|(a, b)| close(*a, *b));
                for (sample, value) in got.iter().enumerate() {
                    let one = x.select(Axis(0), &[sample]);
                    close(*value, metric.of_analyzer(&net, &one, Index(2), analyzer).unwrap().values[0]);
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let (net, x) = (linear(&numbers((1, 4), 8)), numbers((1, 4), 9));
    let fails = |metric: &dyn Metric<B>| {
        (&metric).of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap_err().to_string()
    };
    assert!(fails(&Deletion::new().steps(0)).contains("steps"));
    assert!(fails(&Road::new()).contains("NoisyLinear"));
    assert!(fails(&Road::new().fill(Fill::default()).shares([1.0])).contains("shares"));
    assert!(fails(&FaithfulnessCorrelation::new().n(1)).contains('n'));
    assert!(fails(&FaithfulnessCorrelation::new().share(1.5)).contains("share"));
    assert!(fails(&SensitivityN::new().shares([])).contains("shares"));
    let error = fails(&Deletion::new().features(Features::grid([2, 2])));
    assert!(error.contains("sample of shape [4] has 0"), "{error}");
}
