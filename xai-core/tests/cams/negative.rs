//! Maps that are negative everywhere: no rule makes numbers that are none of them, and each has its closed form.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, ArrayD, Axis, IxDyn};
use xai_core::nn::Linear;
use xai_core::{
    AblationCam, Analyzer, CamScores, Differentiable, EigenCam, EigenGradCam, ElementWiseCam, Fusion, GradCam,
    HiResCam, Index, LayerCam, Result, ScoreCam, SegXResCam, ShapleyCam, Var, XGradCam,
};

use crate::cams::heads::{CLASSES, Pooled, maps, pooled, weighted};
use crate::models::B;
use crate::models::differences::{noise, tensor};

const K: usize = 4;
const PLACES: f64 = 6.0;

/// Inputs whose maps 2·x - 0.1 lie between -2.1 and -0.1, but for rounding.
fn below() -> ArrayD<f64> {
    noise(30, &[2, K, 3, 2]).mapv(|x| (x - 1.0) / 2.0)
}

fn positive(weights: &[f64]) -> Vec<f64> {
    weights.iter().map(|w| w.max(0.0)).collect()
}

/// Holds signed and rectified maps against Σₖ wₖ Aₖ before the rectifier; says whether any of it is left.
#[track_caller]
fn check(
    [signed, map]: [&dyn Analyzer<Pooled>; 2],
    within: f64,
    expected: impl Fn(&ArrayD<f64>, &[f64], &ArrayD<f64>) -> ArrayD<f64>,
) -> bool {
    let (model, x) = (pooled(K), below());
    assert!(maps(&x).iter().all(|&a| a < 0.0));
    let mut any = false;
    for class in 0..CLASSES {
        let weights: Vec<f64> = model.weight.index_axis(Axis(0), class).iter().copied().collect();
        let of =
            |analyzer: &dyn Analyzer<Pooled>| Analyzer::analyze(&analyzer, &model, &x, Index(class)).unwrap().values;
        let (signed, map) = (of(signed), of(map));
        for sample in 0..2 {
            let one = |a: &ArrayD<f64>| a.index_axis(Axis(0), sample).to_owned();
            let expected = expected(&one(&maps(&x)), &weights, &one(&x));
            assert_abs_diff_eq!(one(&signed), expected, epsilon = within);
            assert_abs_diff_eq!(one(&map), expected.mapv(|v| v.max(0.0)), epsilon = within);
            any |= one(&map).iter().any(|&v| v > 0.0);
        }
    }
    any
}

/// Weights that are not negative leave nothing of them.
#[test]
fn layer_cam_and_the_softmax_of_score_cam_are_zero() {
    let any = check([&LayerCam::at("maps").signed(), &LayerCam::at("maps")], 1e-12, |a, w, _| {
        weighted(a, &positive(w)) / PLACES
    });
    assert!(!any);
    // Of masks M from 0 to 1, y(x·M) - y(0) = Σⱼ Wⱼ · mean(2 xⱼ M).
    let scores = |a: &ArrayD<f64>, w: &[f64], x: &ArrayD<f64>| -> Vec<f64> {
        let score = |a: ndarray::ArrayViewD<'_, f64>| {
            let (low, high) = a.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
            let masked = |x: ndarray::ArrayViewD<'_, f64>| {
                x.iter().zip(&a).map(|(x, a)| 2.0 * x * (a - low) / (high - low)).sum::<f64>() / PLACES
            };
            x.axis_iter(Axis(0)).zip(w).map(|(x, w)| w * masked(x)).sum::<f64>()
        };
        a.axis_iter(Axis(0)).map(score).collect()
    };
    let any = check([&ScoreCam::at("maps").signed(), &ScoreCam::at("maps")], 1e-12, |a, w, x| {
        let powers: Vec<f64> = scores(a, w, x).iter().map(|score| score.exp()).collect();
        weighted(a, &powers.iter().map(|p| p / powers.iter().sum::<f64>()).collect::<Vec<_>>())
    });
    assert!(!any);
    // Scores as they are may be negative too, and then speak for the output.
    let raw = || ScoreCam::at("maps").scores(CamScores::Raw);
    assert!(check([&raw().signed(), &raw()], 1e-12, |a, w, x| weighted(a, &scores(a, w, x))));
    let relu = || ScoreCam::at("maps").scores(CamScores::Relu);
    assert!(!check([&relu().signed(), &relu()], 1e-12, |a, w, x| weighted(a, &positive(&scores(a, w, x)))));
}

/// What is negative times what is negative speaks for the output.
#[test]
fn weights_of_both_signs_leave_some() {
    let linear = |a: &ArrayD<f64>, w: &[f64], _: &ArrayD<f64>| weighted(a, w) / PLACES;
    assert!(check([&GradCam::at("maps").signed(), &GradCam::at("maps")], 1e-12, linear));
    assert!(check([&HiResCam::at("maps").signed(), &HiResCam::at("maps")], 1e-12, linear));
    assert!(check([&XGradCam::at("maps").signed(), &XGradCam::at("maps")], 1e-12, linear));
    assert!(check([&SegXResCam::at("maps").signed(), &SegXResCam::at("maps")], 1e-12, linear));
    // Its curvature is a difference of gradients, which here are the same.
    assert!(check([&ShapleyCam::at("maps").signed(), &ShapleyCam::at("maps")], 1e-9, linear));
    let of_products = |a: &ArrayD<f64>, w: &[f64], _: &ArrayD<f64>| {
        let products = a.axis_iter(Axis(0)).zip(w).map(|(map, w)| map.mapv(|v| (v * w).max(0.0)) / PLACES);
        products.reduce(|all, part| all + part).unwrap().insert_axis(Axis(0))
    };
    assert!(check([&ElementWiseCam::at("maps").signed(), &ElementWiseCam::at("maps")], 1e-12, of_products));
    // y - yₖ = Wₖ · mean Aₖ.
    assert!(check([&AblationCam::at("maps").signed(), &AblationCam::at("maps")], 1e-12, |a, w, _| {
        let means = a.axis_iter(Axis(0)).map(|map| map.mean().unwrap());
        weighted(a, &means.zip(w).map(|(mean, w)| mean * w).collect::<Vec<_>>())
    }));
}

/// Maps -v uᵀ: (ū - u) · |v| by the maps' own component, whose sum over the channels it follows; and with each channel
/// times W / n by that of the products.
#[test]
fn principal_components_are_those_of_the_negative_maps() {
    let (channels, places) = ([1.0, 2.0, 0.5], [0.3, 1.0, 0.4, 0.2, 0.9, 0.5]);
    let x = ArrayD::from_shape_fn(IxDyn(&[1, 3, 3, 2]), |i| (0.1 - channels[i[1]] * places[i[2] * 2 + i[3]]) / 2.0);
    let model = pooled(3);
    let mean = places.iter().sum::<f64>() / PLACES;
    let map = |factor: f64| {
        let centred = places.map(|u| (mean - u) * factor);
        ArrayD::from_shape_vec(vec![1, 1, 3, 2], centred.to_vec()).unwrap()
    };
    let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    for class in 0..CLASSES {
        let got = EigenCam::at("maps").signed().analyze(&model, &x, Index(class)).unwrap().values;
        assert_abs_diff_eq!(got, map(norm(&channels)), epsilon = 1e-10);
        let scaled: Vec<f64> = (0..3).map(|k| channels[k] * model.weight[[class, k]] / PLACES).collect();
        let expected = map(norm(&scaled) * scaled.iter().sum::<f64>().signum());
        let got = EigenGradCam::at("maps").signed().analyze(&model, &x, Index(class)).unwrap().values;
        assert_abs_diff_eq!(got, expected, epsilon = 1e-10);
        let got = EigenGradCam::at("maps").analyze(&model, &x, Index(class)).unwrap().values;
        assert_abs_diff_eq!(got, expected.mapv(|v| v.max(0.0)), epsilon = 1e-10);
    }
}

/// Maps `below`, which are -x², and `above`, which are their negatives, at the same size or at half of it;
/// y = W · mean of those, with weights that are not negative.
struct Turned {
    half: bool,
    classes: Linear<B>,
    weight: Array2<f64>,
}

fn turned(half: bool) -> Turned {
    let weight = noise(31, &[2, K]).mapv(f64::abs);
    let classes = Linear::new(tensor(&weight), None).unwrap();
    Turned { half, classes, weight: weight.into_dimensionality().unwrap() }
}

impl Differentiable for Turned {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let below = x[0].within("below", || Ok((&x[0] * &x[0]).affine(-1.0, 0.0)))?;
        let above = x[0].within("above", || {
            let rows = if self.half { below.narrow(2, 0, 2) } else { below.clone() };
            Ok(rows.affine(-1.0, 0.0))
        })?;
        above.mean(&[2, 3]).reshape(&[x[0].shape()?[0], K]).layer("classes", &self.classes)
    }
}

/// A map of zeros stays one beside another: the mean is half of the other, which reaches to 1, the maximum all of it.
#[test]
fn a_map_of_zeros_is_fused_without_a_quotient_of_nothing() {
    let x = noise(32, &[2, K, 4, 3]);
    for (half, class) in [(false, 0), (false, 1), (true, 1)] {
        let model = turned(half);
        let one = |place: &str| LayerCam::at(place).analyze(&model, &x, Index(class)).unwrap().values;
        assert!(one("below").iter().all(|&v| v == 0.0));
        let rows = if half { 2 } else { 4 };
        let squares = x.slice_axis(Axis(2), (0..rows).into()).mapv(|x| x * x);
        let fused = |fusion| {
            let cam = LayerCam::at_all(["below", "above"]).fusion(fusion);
            cam.analyze(&model, &x, Index(class)).unwrap().values
        };
        let (mean, max) = (fused(Fusion::Mean), fused(Fusion::Max));
        assert_abs_diff_eq!(mean, &max / 2.0, epsilon = 1e-14);
        for sample in 0..2 {
            let map = weighted(&squares.index_axis(Axis(0), sample).to_owned(), &model.weight.row(class).to_vec());
            let expected = &map / map.iter().copied().fold(0.0, f64::max);
            let got = max.index_axis(Axis(0), sample).to_owned();
            if half {
                // From 2 rows to 4: the first and the last are those of the border, and between them ¾ and ¼.
                let row = |i: usize| expected.index_axis(Axis(1), i).to_owned();
                let four = [row(0), row(0) * 0.75 + row(1) * 0.25, row(0) * 0.25 + row(1) * 0.75, row(1)];
                for (i, expected) in four.into_iter().enumerate() {
                    assert_abs_diff_eq!(got.index_axis(Axis(1), i).to_owned(), expected, epsilon = 1e-12);
                }
            } else {
                assert_abs_diff_eq!(got, expected, epsilon = 1e-12);
            }
        }
    }
    // Nothing beside nothing.
    let model = pooled(K);
    let none = |fusion| {
        let cam = LayerCam::at_all(["maps", "maps"]).fusion(fusion);
        cam.analyze(&model, &below(), Index(0)).unwrap().values
    };
    for fusion in [Fusion::Mean, Fusion::Max] {
        assert_eq!(none(fusion), ArrayD::<f64>::zeros(IxDyn(&[2, 1, 3, 2])));
    }
}
