//! Maps with 0 to 3 spatial axes, by the rules that look at more than one number of a place.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, concatenate};
use xai_core::{
    Analyzer, CamScores, Differentiable, EigenCam, EigenGradCam, Fusion, GradCam, HiResCam, Index, LayerCam,
    LogProbability, Result, ScoreCam, SegXResCam, ShapleyCam, Var,
};

use crate::cams::eigen::by_power;
use crate::cams::heads::{CLASSES, Flat, flat, inputs, maps, pooled, weighted};
use crate::models::B;
use crate::models::differences::{linear, noise};

const K: usize = 4;

/// For every input, class and sample: the map that is expected of the maps, their gradient and the input.
#[track_caller]
fn check(
    analyzer: &dyn Analyzer<Flat>,
    within: f64,
    expected: impl Fn(&ArrayD<f64>, &ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
) {
    for x in inputs(K) {
        let model = flat(x.len() / 2);
        for class in 0..CLASSES {
            let got = Analyzer::analyze(&analyzer, &model, &x, Index(class)).unwrap().values;
            assert_eq!(got.shape(), [&[2, 1], &x.shape()[2..]].concat());
            let sample = |a: &ArrayD<f64>, i: usize| a.index_axis(Axis(0), i).to_owned();
            let gradient = model.weight.index_axis(Axis(0), class).to_owned();
            let gradient = gradient.into_shape_with_order(IxDyn(&x.shape()[1..])).unwrap();
            for i in 0..2 {
                let expected = expected(&sample(&maps(&x), i), &gradient, &sample(&x, i));
                assert_abs_diff_eq!(sample(&got, i), expected, epsilon = within);
            }
        }
    }
}

/// The component of a matrix of channels and places; of one place there is none.
fn component(maps: &ArrayD<f64>) -> ArrayD<f64> {
    let places = maps.len() / K;
    let matrix: Array2<f64> = maps.to_shape((K, places)).unwrap().to_owned();
    let map = if places == 1 { Array1::zeros(1) } else { by_power(&matrix) };
    map.into_shape_with_order(IxDyn(&[&[1], &maps.shape()[1..]].concat())).unwrap()
}

#[test]
fn principal_components() {
    check(&EigenCam::at("maps").signed(), 1e-8, |a, _, _| component(a));
    check(&EigenGradCam::at("maps").signed(), 1e-8, |a, g, _| component(&(a * g)));
    check(&HiResCam::at("maps").eigen_smooth().signed(), 1e-8, |a, g, _| component(&(a * g)));
}

/// The mean of what lies in the same window along every spatial axis.
fn in_windows(values: &ArrayD<f64>, window: usize) -> ArrayD<f64> {
    let together = |a: &IxDyn, b: &IxDyn| {
        let at = |i: &IxDyn, axis: usize| if axis == 0 { i[0] } else { i[axis] / window };
        (0..values.ndim()).all(|axis| at(a, axis) == at(b, axis))
    };
    ArrayD::from_shape_fn(values.raw_dim(), |i| {
        let inside: Vec<f64> = values.indexed_iter().filter(|(j, _)| together(&i, j)).map(|(_, v)| *v).collect();
        inside.iter().sum::<f64>() / inside.len() as f64
    })
}

#[test]
fn windows_of_gradients() {
    for window in [1, 2, 3] {
        check(&SegXResCam::at("maps").window(window).signed(), 1e-12, |a, g, _| {
            (a * in_windows(g, window)).sum_axis(Axis(0)).insert_axis(Axis(0))
        });
    }
}

/// Masks M of each map from 0 to 1, and of one place 0: y(x·M) - y(0) = Σ W · 2·x·M.
#[test]
fn masks_of_maps() {
    let scores = |a: &ArrayD<f64>, g: &ArrayD<f64>, x: &ArrayD<f64>| -> Vec<f64> {
        let score = |map: ndarray::ArrayViewD<'_, f64>| {
            let (low, high) = map.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
            let mask = map.mapv(|v| if high > low { (v - low) / (high - low) } else { 0.0 });
            (x * &mask * g).sum() * 2.0
        };
        a.axis_iter(Axis(0)).map(score).collect()
    };
    let raw = ScoreCam::at("maps").scores(CamScores::Raw).signed();
    check(&raw, 1e-12, |a, g, x| weighted(a, &scores(a, g, x)));
    check(&ScoreCam::at("maps").signed(), 1e-12, |a, g, x| {
        let powers: Vec<f64> = scores(a, g, x).iter().map(|score| score.exp()).collect();
        weighted(a, &powers.iter().map(|p| p / powers.iter().sum::<f64>()).collect::<Vec<_>>())
    });
}

/// Of a logit that is linear in the maps there is no curvature; of its logarithm H·A = -Σⱼ pⱼ (z⁰ⱼ - z̄⁰) Wⱼ / n, with
/// z⁰ = z less its bias.
#[test]
fn curvature_of_the_head() {
    let mean_of = |g: &ArrayD<f64>| -> Vec<f64> { g.axis_iter(Axis(0)).map(|g| g.mean().unwrap()).collect() };
    check(&ShapleyCam::at("maps").signed(), 1e-9, |a, g, _| weighted(a, &mean_of(g)));
    let model = pooled(K);
    let cam = ShapleyCam::at("maps").signed().step(6e-6);
    for x in inputs(K) {
        let n = (x.len() / (2 * K)) as f64;
        for class in 0..CLASSES {
            let why = cam.analyze(&model, &x, LogProbability(Index(class))).unwrap();
            for (i, sample) in maps(&x).axis_iter(Axis(0)).enumerate() {
                let p: Vec<f64> = why.output.index_axis(Axis(0), i).iter().map(|log| log.exp()).collect();
                let means = mean_of(&sample.to_owned());
                let w = |j: usize, k: usize| model.weight[[j, k]];
                let z: Vec<f64> = (0..CLASSES).map(|j| (0..K).map(|k| w(j, k) * means[k]).sum()).collect();
                let mean: f64 = p.iter().zip(&z).map(|(p, z)| p * z).sum();
                let weights: Vec<f64> = (0..K)
                    .map(|k| {
                        let g = w(class, k) - (0..CLASSES).map(|j| p[j] * w(j, k)).sum::<f64>();
                        let curved = -(0..CLASSES).map(|j| p[j] * (z[j] - mean) * w(j, k)).sum::<f64>();
                        (g - 0.5 * curved) / n
                    })
                    .collect();
                let got = why.values.index_axis(Axis(0), i).to_owned();
                assert_abs_diff_eq!(got, weighted(&sample.to_owned(), &weights), epsilon = 1e-8);
            }
        }
    }
}

/// `whole`, which is x², and `part`, which is the first half of it along every spatial axis, twice as large.
struct Halved(xai_core::nn::Linear<B>);

impl Differentiable for Halved {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let whole = x[0].within("whole", || Ok(&x[0] * &x[0]))?;
        let shape = x[0].shape()?;
        let half = |maps: Var<'m, B>, axis: usize| maps.narrow(axis, 0, shape[axis] / 2);
        let part = x[0].within("part", || Ok((2..shape.len()).fold(whole.clone(), half).affine(2.0, 0.0)))?;
        let spatial: Vec<usize> = (2..shape.len()).collect();
        let both = whole.mean(&spatial) + part.mean(&spatial);
        both.reshape(&shape[..2]).layer("classes", &self.0)
    }
}

/// Twice as long along every axis but the first: ¼ and ¾ of neighbours, the border repeated.
fn doubled(map: &ArrayD<f64>) -> ArrayD<f64> {
    (1..map.ndim()).fold(map.clone(), |map, axis| {
        let length = map.shape()[axis];
        let line = |to: usize| {
            let far = if to.is_multiple_of(2) { (to / 2).saturating_sub(1) } else { (to / 2 + 1).min(length - 1) };
            let at = |i: usize| map.index_axis(Axis(axis), i).to_owned();
            (at(to / 2) * 0.75 + at(far) * 0.25).insert_axis(Axis(axis))
        };
        let lines: Vec<ArrayD<f64>> = (0..2 * length).map(line).collect();
        concatenate(Axis(axis), &lines.iter().map(|line| line.view()).collect::<Vec<_>>()).unwrap()
    })
}

/// Each map by its greatest number, at the size of the larger one: the mean of both, or the greater.
#[test]
fn two_places_of_other_sizes() {
    let model = Halved(linear(40, CLASSES, K));
    for spatial in [&[][..], &[4], &[4, 2], &[2, 4, 2]] {
        let x = noise(41, &[&[2, K], spatial].concat());
        for class in 0..CLASSES {
            let one =
                |place: &str| LayerCam::at(place).allow_bypass().analyze(&model, &x, Index(class)).unwrap().values;
            let (whole, part) = (one("whole"), one("part"));
            let fused = |fusion| {
                let cam = LayerCam::at_all(["part", "whole"]).allow_bypass().fusion(fusion);
                cam.analyze(&model, &x, Index(class)).unwrap().values
            };
            let (mean, max) = (fused(Fusion::Mean), fused(Fusion::Max));
            for i in 0..2 {
                let to_one = |map: &ArrayD<f64>| {
                    let map = map.index_axis(Axis(0), i).to_owned();
                    let most = map.iter().copied().fold(0.0, f64::max);
                    assert!(most > 0.0);
                    map / most
                };
                let (a, b) = (to_one(&whole), doubled(&to_one(&part)));
                assert_abs_diff_eq!(mean.index_axis(Axis(0), i).to_owned(), (&a + &b) / 2.0, epsilon = 1e-12);
                let greater = ndarray::Zip::from(&a).and(&b).map_collect(|a, b| a.max(*b));
                assert_abs_diff_eq!(max.index_axis(Axis(0), i).to_owned(), greater, epsilon = 1e-12);
            }
        }
    }
    // One place alone is not divided.
    let x = inputs(K).swap_remove(1);
    let alone = GradCam::at_all(["maps"]).analyze(&pooled(K), &x, Index(0)).unwrap().values;
    assert_eq!(alone, GradCam::at("maps").analyze(&pooled(K), &x, Index(0)).unwrap().values);
}
