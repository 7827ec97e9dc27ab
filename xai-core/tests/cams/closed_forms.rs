//! Maps of heads that are linear in them, written out.

use approx::assert_abs_diff_eq;
use ndarray::{ArrayD, Axis, IxDyn, Zip};
use xai_core::{
    Analyzer, ElementWiseCam, Fem, GradCam, GradCamPlusPlus, HiResCam, Index, LayerCam, RandomCam, XGradCam,
};

use crate::cams::heads::{Flat, Pooled, flat, inputs, maps, pooled, weighted};

const K: usize = 4;

/// For each class, each sample: the map that is expected of the sample's maps and the class' weights.
#[track_caller]
fn check(analyzer: &dyn Analyzer<Pooled>, expected: impl Fn(&ArrayD<f64>, &[f64]) -> ArrayD<f64>) {
    let model = pooled(K);
    for x in inputs(K) {
        for class in 0..3 {
            let got = Analyzer::analyze(&analyzer, &model, &x, Index(class)).unwrap().values;
            let weights = model.weight.index_axis(Axis(0), class).iter().copied().collect::<Vec<_>>();
            for (sample, got) in maps(&x).axis_iter(Axis(0)).zip(got.axis_iter(Axis(0))) {
                let expected = expected(&sample.to_owned(), &weights);
                assert_abs_diff_eq!(got.to_owned(), expected, epsilon = 1e-12);
            }
        }
    }
}

fn places(sample: &ArrayD<f64>) -> f64 {
    sample.len() as f64 / K as f64
}

fn relu(map: &ArrayD<f64>) -> ArrayD<f64> {
    map.mapv(|v| v.max(0.0))
}

/// With W/n everywhere, the mean of the gradient, the gradient weighted by the map, and the gradient itself are one.
#[test]
fn pooling_and_a_linear_layer_make_three_maps_one() {
    let expected = |sample: &ArrayD<f64>, w: &[f64]| weighted(sample, w) / places(sample);
    check(&GradCam::at("maps"), |sample, w| relu(&expected(sample, w)));
    check(&HiResCam::at("maps"), |sample, w| relu(&expected(sample, w)));
    check(&XGradCam::at("maps"), |sample, w| relu(&expected(sample, w)));
    check(&GradCam::at("maps").signed(), expected);
    check(&HiResCam::at("maps").signed(), expected);
    check(&XGradCam::at("maps").signed(), expected);
}

#[test]
fn grad_cam_plus_plus_is_its_closed_form() {
    check(&GradCamPlusPlus::at("maps"), |sample, w| {
        let n = places(sample);
        let sums = sample.axis_iter(Axis(0)).map(|map| map.sum());
        let weights: Vec<f64> = sums.zip(w).map(|(sum, w)| w.max(0.0) / (2.0 + sum * w / n)).collect();
        relu(&weighted(sample, &weights))
    });
}

#[test]
fn layer_cam_and_element_wise_are_their_closed_forms() {
    check(&LayerCam::at("maps"), |sample, w| {
        let positive: Vec<f64> = w.iter().map(|w| w.max(0.0)).collect();
        relu(&(weighted(sample, &positive) / places(sample)))
    });
    check(&ElementWiseCam::at("maps"), |sample, w| {
        let mut products = sample.clone();
        products.axis_iter_mut(Axis(0)).zip(w).for_each(|(mut map, w)| map.mapv_inplace(|v| (v * w).max(0.0)));
        weighted(&products, &[1.0; K]) / places(sample)
    });
}

/// Σᵢ map = y - b, whatever the weights of each place.
#[test]
fn hi_res_cam_adds_up_to_the_output_of_a_linear_head() {
    for x in inputs(K) {
        let model: Flat = flat(x.len() / 2);
        for class in 0..3 {
            let why = HiResCam::at("maps").signed().analyze(&model, &x, Index(class)).unwrap();
            for (map, y) in why.values.axis_iter(Axis(0)).zip(why.output.axis_iter(Axis(0))) {
                assert_abs_diff_eq!(map.sum(), y[class] - model.bias[class], epsilon = 1e-12);
            }
            // And place by place it is Σₖ w·A.
            let mut products = maps(&x);
            for mut sample in products.axis_iter_mut(Axis(0)) {
                let weights = model.weight.index_axis(Axis(0), class);
                let weights = weights.to_shape(sample.raw_dim()).unwrap();
                Zip::from(&mut sample).and(&weights).for_each(|a, w| *a *= w);
            }
            let expected = products.sum_axis(Axis(1)).insert_axis(Axis(1));
            assert_abs_diff_eq!(why.values, expected, epsilon = 1e-12);
        }
    }
}

/// Where no place has weights like another, the relatives differ.
#[test]
fn the_rules_differ_elsewhere() {
    let x = inputs(K).swap_remove(2);
    let model = flat(x.len() / 2);
    let all: Vec<Box<dyn Analyzer<Flat>>> = vec![
        Box::new(GradCam::at("maps")),
        Box::new(GradCamPlusPlus::at("maps")),
        Box::new(HiResCam::at("maps")),
        Box::new(LayerCam::at("maps")),
        Box::new(XGradCam::at("maps")),
        Box::new(ElementWiseCam::at("maps")),
    ];
    let found: Vec<ArrayD<f64>> = all.iter().map(|a| a.analyze(&model, &x, Index(0)).unwrap().values).collect();
    for (i, a) in found.iter().enumerate() {
        for b in &found[..i] {
            assert!((a - b).iter().any(|gap| gap.abs() > 1e-3));
        }
    }
}

#[test]
fn fem_counts_what_stands_out() {
    check(&Fem::at("maps"), |sample, _| {
        let shares: Vec<f64> = sample
            .axis_iter(Axis(0))
            .map(|map| {
                let n = map.len() as f64;
                let mean = map.sum() / n;
                let deviation = (map.mapv(|v| (v - mean).powi(2)).sum() / n).sqrt();
                map.iter().filter(|&&v| v > mean + 2.0 * deviation).count() as f64 / n
            })
            .collect();
        relu(&weighted(sample, &shares))
    });
    // One place of nine stands out of the first map, nothing of the second: share 1/9, map A/9.
    let model = pooled(2);
    let mut x = ArrayD::<f64>::from_elem(IxDyn(&[1, 2, 3, 3]), 0.05);
    x[[0, 0, 1, 1]] = 4.55;
    let why = Fem::at("maps").analyze(&model, &x, Index(0)).unwrap();
    let mut expected = ArrayD::zeros(IxDyn(&[1, 1, 3, 3]));
    expected[[0, 0, 1, 1]] = 1.0;
    assert_abs_diff_eq!(why.values, expected, epsilon = 1e-12);
}

#[test]
fn random_weights_are_the_seed_s_and_the_samples_share_them() {
    let (model, x) = (pooled(K), inputs(K).swap_remove(2));
    let run = |seed| RandomCam::at("maps").seed(seed).signed().analyze(&model, &x, Index(0)).unwrap().values;
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
    assert_eq!(RandomCam::at("maps").signed().analyze(&model, &x, Index(1)).unwrap().values, run(0));
    // Of maps that are 1 in one channel and 0 elsewhere, the weights themselves.
    let mut one = ArrayD::<f64>::from_elem(IxDyn(&[K, K]), 0.05);
    (0..K).for_each(|k| one[[k, k]] = 0.55);
    let weights = RandomCam::at("maps").seed(3).signed().analyze(&model, &one, Index(0)).unwrap().values;
    assert!(weights.iter().all(|w| w.abs() < 1.0) && weights.iter().any(|&w| w < 0.0));
    for (sample, got) in maps(&x).axis_iter(Axis(0)).zip(run(3).axis_iter(Axis(0))) {
        let expected = weighted(&sample.to_owned(), &weights.iter().copied().collect::<Vec<_>>());
        assert_abs_diff_eq!(got.to_owned(), expected, epsilon = 1e-12);
    }
}

/// Constant maps, maps of zeros, maps that are negative everywhere: numbers, and those that they must be.
#[test]
fn constant_and_negative_maps() {
    let model = pooled(2);
    for value in [0.05, -0.7, 0.4_f64] {
        let x = ArrayD::<f64>::from_elem(IxDyn(&[1, 2, 3, 3]), value);
        let a = 2.0 * value - 0.1;
        let map = |analyzer: &dyn Analyzer<Pooled>| Analyzer::analyze(&analyzer, &model, &x, Index(0)).unwrap().values;
        let w = [model.weight[[0, 0]], model.weight[[0, 1]]];
        let sum = ((w[0] + w[1]) * a / 9.0).max(0.0);
        for analyzer in [&GradCam::at("maps") as &dyn Analyzer<Pooled>, &HiResCam::at("maps")] {
            assert_abs_diff_eq!(map(analyzer), ArrayD::from_elem(IxDyn(&[1, 1, 3, 3]), sum), epsilon = 1e-12);
        }
        assert_abs_diff_eq!(map(&XGradCam::at("maps")), map(&GradCam::at("maps")), epsilon = 1e-12);
        assert!(map(&GradCamPlusPlus::at("maps")).iter().all(|v| v.is_finite()));
        assert_eq!(map(&Fem::at("maps")), ArrayD::<f64>::zeros(IxDyn(&[1, 1, 3, 3])));
    }
}

/// A channel's sum near -1e-7 does not blow the weight up, and one of 0 gives nothing.
#[test]
fn the_stabiliser_of_x_grad_cam_has_a_sign() {
    let model = pooled(1);
    let at = |a: [f64; 2]| ArrayD::from_shape_vec(vec![1, 1, 2], a.map(|a| (a + 0.1) / 2.0).to_vec()).unwrap();
    let largest = |a| {
        let map = XGradCam::at("maps").signed().analyze(&model, &at(a), Index(0)).unwrap().values;
        map.iter().fold(0.0, |most: f64, v| most.max(v.abs()))
    };
    let plain = model.weight[[0, 0]].abs() / 2.0;
    let found = largest([1.0, -1.0 - 1e-7]);
    assert!(found < 1.001 * plain, "{found} {plain}");
    assert!(largest([1.0, -1.0]) < 1e-6);
    // Σ G·A / S is G wherever |S| is 1e-7 or more, and below it S / 1e-7 of G, of either sign.
    for (sum, share) in [(-1e-3, 1.0), (-2e-7, 1.0), (2e-7, 1.0), (-5e-8, 0.5), (5e-8, 0.5), (-1e-8, 0.1)] {
        let a = [1.0, -1.0 + sum];
        let map = XGradCam::at("maps").signed().analyze(&model, &at(a), Index(0)).unwrap().values;
        for (got, a) in map.iter().zip(a) {
            let expected = model.weight[[0, 0]] / 2.0 * share * a;
            assert!((got - expected).abs() < 1e-6 * plain, "{sum}: {got} {expected}");
        }
    }
}
