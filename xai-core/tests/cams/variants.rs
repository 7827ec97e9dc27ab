//! Maps by variants: channels taken away, inputs masked, gradients moved.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, ArrayD, Axis, IxDyn};
use xai_core::nn::{Linear, MaxPool2d};
use xai_core::{
    AblationCam, Analyzer, CamScores, Contrast, Differentiable, Error, Given, GradCam, Index, LogProbability, Result,
    ScoreCam, ShapleyCam, Var, Weighted,
};

use crate::cams::heads::{curved, flat, inputs, maps, pooled, weighted};
use crate::models::B;
use crate::models::differences::{noise, tensor};

/// y - yₖ = W[c, k] · mean Aₖ.
#[test]
fn ablation_of_pooling_and_a_linear_layer() {
    let model = pooled(4);
    for x in inputs(4) {
        for class in 0..3 {
            for chunk in [1, 3, 64] {
                let cam = AblationCam::at("maps").chunk(chunk).signed();
                let why = cam.clone().analyze(&model, &x, Index(class)).unwrap();
                let shares = cam.normalised().analyze(&model, &x, Index(class)).unwrap();
                for (i, sample) in maps(&x).axis_iter(Axis(0)).enumerate() {
                    let means = sample.axis_iter(Axis(0)).map(|map| map.mean().unwrap());
                    let weights: Vec<f64> =
                        means.zip(model.weight.index_axis(Axis(0), class)).map(|(a, w)| a * w).collect();
                    let expected = weighted(&sample.to_owned(), &weights);
                    assert_abs_diff_eq!(why.values.index_axis(Axis(0), i).to_owned(), expected, epsilon = 1e-12);
                    let expected = expected / why.output[[i, class]].abs();
                    assert_abs_diff_eq!(shares.values.index_axis(Axis(0), i).to_owned(), expected, epsilon = 1e-11);
                }
            }
        }
    }
}

/// For a head that is linear in the maps the weights add up to y - b, also where y is negative.
#[test]
fn ablation_weights_add_up_and_a_negative_output_turns_nothing_around() {
    // Maps of ones: their sum is that of the weights, at each place.
    let x = ArrayD::<f64>::from_elem(IxDyn(&[1, 3, 2, 2]), 0.55);
    let model = flat(12);
    let mut signs = Vec::new();
    for (class, factor) in [(0, 1.0), (0, -1.0), (2, 1.0), (2, -0.5)] {
        let selected = || Weighted(vec![(class, factor)]);
        let why = AblationCam::at("maps").signed().analyze(&model, &x, selected()).unwrap();
        let (y, b) = (factor * why.output[[0, class]], factor * model.bias[class]);
        why.values.iter().for_each(|&sum| assert_abs_diff_eq!(sum, y - b, epsilon = 1e-12));
        signs.push(y > 0.0);
        let shares = AblationCam::at("maps").normalised().signed().analyze(&model, &x, selected()).unwrap();
        assert_abs_diff_eq!(shares.values, why.values / y.abs(), epsilon = 1e-12);
    }
    assert!(signs.contains(&true) && signs.contains(&false), "{signs:?}");
    let nothing = Weighted(vec![(0, 0.0)]);
    let error = AblationCam::at("maps").normalised().analyze(&model, &x, nothing).unwrap_err();
    assert!(error.to_string().contains("is 0 for sample 0"), "{error}");
}

/// y = W·x for inputs (B, C, L): an image whose scores are written out. The maps are 2·x - 0.1, half as long.
struct Masked {
    classes: Linear<B>,
    weight: ArrayD<f64>,
}

fn masked() -> Masked {
    let weight = noise(120, &[3, 8]);
    Masked { classes: Linear::new(tensor(&weight), None).unwrap(), weight }
}

impl Differentiable for Masked {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let y = x[0].flatten(1, -1).layer("classes", &self.classes)?;
        // Beside the output, so that nothing but masks goes by the maps.
        let maps = x[0].within("maps", || Ok(x[0].affine(2.0, -0.1)))?;
        Ok(y + maps.sum(&[1, 2]).reshape(&[x[0].shape()?[0], 1]) * 0.0)
    }
}

#[test]
fn score_cam_of_a_linear_model() {
    let (model, x) = (masked(), noise(121, &[2, 2, 4]));
    for class in 0..3 {
        let w = model.weight.index_axis(Axis(0), class).to_owned().into_shape_with_order((2, 4)).unwrap();
        let run = |scores, chunk| {
            let cam = ScoreCam::at("maps").allow_bypass().scores(scores).chunk(chunk).signed();
            cam.analyze(&model, &x, Index(class)).unwrap().values
        };
        for (i, sample) in maps(&x).axis_iter(Axis(0)).enumerate() {
            let inputs = x.index_axis(Axis(0), i);
            let score = |map: ndarray::ArrayViewD<'_, f64>| {
                let (low, high) = map.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
                let mask: Array1<f64> = map.iter().map(|v| (v - low) / (high - low)).collect();
                (&inputs * &mask).iter().zip(&w).map(|(x, w)| x * w).sum::<f64>()
            };
            let raw: Vec<f64> = sample.axis_iter(Axis(0)).map(score).collect();
            let powers: Vec<f64> = raw.iter().map(|s| s.exp()).collect();
            let soft: Vec<f64> = powers.iter().map(|p| p / powers.iter().sum::<f64>()).collect();
            let relu: Vec<f64> = raw.iter().map(|s| s.max(0.0)).collect();
            for (scores, weights) in [(CamScores::Raw, raw), (CamScores::Softmax, soft), (CamScores::Relu, relu)] {
                let expected = weighted(&sample.to_owned(), &weights);
                for chunk in [1, 2, 64] {
                    let got = run(scores, chunk).index_axis(Axis(0), i).to_owned();
                    assert_abs_diff_eq!(got, expected, epsilon = 1e-12);
                }
            }
        }
    }
}

/// A constant map has the mask 0 and the score of nothing; maps all of whose masks are 0 weigh the same.
#[test]
fn score_cam_of_constant_maps() {
    let model = pooled(2);
    let x = ArrayD::<f64>::from_elem(IxDyn(&[1, 2, 3, 3]), 0.55);
    let got = ScoreCam::at("maps").analyze(&model, &x, Index(0)).unwrap().values;
    assert_abs_diff_eq!(got, ArrayD::<f64>::ones(IxDyn(&[1, 1, 3, 3])), epsilon = 1e-12);
    let got = ScoreCam::at("maps").scores(CamScores::Raw).signed().analyze(&model, &x, Index(0)).unwrap().values;
    assert_abs_diff_eq!(got, ArrayD::<f64>::zeros(IxDyn(&[1, 1, 3, 3])), epsilon = 1e-12);
}

/// Resized, a constant map differs by roundings from place to place, which are no mask.
#[test]
fn score_cam_of_a_constant_map_that_is_resized() {
    struct Constant(f64);
    impl Differentiable for Constant {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let maps = x[0].within("maps", || Ok(x[0].op(MaxPool2d::new([3, 2])) * 0.0 + self.0))?;
            Ok(x[0].mean(&[2, 3]).flatten(1, -1) + maps.mean(&[2, 3]).flatten(1, -1))
        }
    }
    let x = noise(126, &[2, 1, 6, 5]);
    // Of most numbers there are none.
    for value in noise(127, &[300]) {
        let cam = ScoreCam::at("maps").allow_bypass().scores(CamScores::Raw).signed();
        let got = cam.analyze(&Constant(value), &x, Index(0)).unwrap().values;
        assert_abs_diff_eq!(got, ArrayD::<f64>::zeros(IxDyn(&[2, 1, 2, 2])), epsilon = 1e-12);
    }
}

/// Maps of another size than the input are resized; other inputs are each sample's own.
#[test]
fn score_cam_resizes_and_keeps_what_belongs_to_a_sample() {
    let (model, x) = (curved(), noise(122, &[3, 2, 8, 6]));
    let together = ScoreCam::at("b").chunk(4).analyze(&model, &x, Index(1)).unwrap().values;
    assert_eq!(together.shape(), [3, 1, 4, 3]);
    for i in 0..3 {
        let alone = ScoreCam::at("b").analyze(&model, &x.select(Axis(0), &[i]), Index(1)).unwrap().values;
        assert_abs_diff_eq!(together.select(Axis(0), &[i]), alone, epsilon = 1e-10);
    }
    struct Scaled;
    impl Differentiable for Scaled {
        type Backend = B;
        fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
            let maps = x[0].within("maps", || Ok(x[0].affine(2.0, -0.1)))?;
            Ok(maps.sum(&[2]).flatten(1, -1) * &x[1])
        }
    }
    let (x, factor) = (noise(123, &[2, 2, 4]), noise(124, &[2, 1]));
    let cam = ScoreCam::at("maps").allow_bypass().scores(CamScores::Raw).signed();
    let both = cam.analyze(&Scaled, (&x, Given(&factor)), Index(1)).unwrap().values.0;
    for i in [0, 1] {
        let (x, factor) = (x.select(Axis(0), &[i]), factor.select(Axis(0), &[i]));
        let alone = cam.analyze(&Scaled, (&x, Given(&factor)), Index(1)).unwrap().values.0;
        assert_abs_diff_eq!(both.select(Axis(0), &[i]), alone, epsilon = 1e-12);
        assert!(alone.iter().any(|v| v.abs() > 1e-3));
    }
}

#[test]
fn score_cam_needs_an_input_with_the_axes_of_its_maps() {
    let (model, x) = (curved(), noise(125, &[1, 2, 8, 6]));
    let error = ScoreCam::at("classes").analyze(&model, &x, Index(0)).unwrap_err();
    assert!(matches!(&error, Error::InvalidShape { reason, .. } if reason.contains("as many spatial axes")), "{error}");
    for error in [
        ScoreCam::at("b").chunk(0).analyze(&model, &x, Index(0)).unwrap_err(),
        AblationCam::at("b").chunk(0).analyze(&model, &x, Index(0)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("chunk = 0"), "{error}");
    }
    let error = AblationCam::at("c").allow_bypass().analyze(&model, &x, Index(0)).unwrap_err();
    assert!(matches!(error, Error::BypassedPlace { .. }), "{error}");
}

/// Without curvature it is Grad-CAM; with it, H·A is that of softmax, written out.
#[test]
fn shapley_cam_takes_the_curvature_off() {
    let x = noise(126, &[2, 4, 3, 2]);
    let model = pooled(4);
    let plain = GradCam::at("maps").signed().analyze(&model, &x, Contrast(0, 2)).unwrap().values;
    let cam = ShapleyCam::at("maps").signed().step(6e-6);
    assert_abs_diff_eq!(cam.analyze(&model, &x, Contrast(0, 2)).unwrap().values, plain, epsilon = 1e-9);
    for class in 0..3 {
        let why = cam.analyze(&model, &x, LogProbability(Index(class))).unwrap();
        for (i, sample) in maps(&x).axis_iter(Axis(0)).enumerate() {
            // y = z_c - log Σ exp z: G = W_cₖ/n - Σ p_j W_jₖ/n, H·A = -Σ p_j (z⁰_j - z̄⁰) W_jₖ/n, z⁰ = W·mean A.
            let means: Vec<f64> = sample.axis_iter(Axis(0)).map(|map| map.mean().unwrap()).collect();
            let p: Vec<f64> = why.output.index_axis(Axis(0), i).iter().map(|log| log.exp()).collect();
            let w = |j: usize, k: usize| model.weight[[j, k]] / 6.0;
            let z: Vec<f64> = (0..3).map(|j| (0..4).map(|k| model.weight[[j, k]] * means[k]).sum()).collect();
            let mean: f64 = (0..3).map(|j| p[j] * z[j]).sum();
            let weights = (0..4).map(|k| {
                let g = w(class, k) - (0..3).map(|j| p[j] * w(j, k)).sum::<f64>();
                let curvature = -(0..3).map(|j| p[j] * (z[j] - mean) * w(j, k)).sum::<f64>();
                g - 0.5 * curvature
            });
            let expected = weighted(&sample.to_owned(), &weights.collect::<Vec<_>>());
            assert_abs_diff_eq!(why.values.index_axis(Axis(0), i).to_owned(), expected, epsilon = 1e-8);
        }
    }
    let error = ShapleyCam::at("maps").step(0.0).analyze(&model, &x, Index(0)).unwrap_err();
    assert!(error.to_string().contains("step = 0"), "{error}");
}
