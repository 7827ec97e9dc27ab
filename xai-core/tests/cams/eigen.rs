//! Maps by principal components.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, array};
use xai_core::{Analyzer, EigenCam, EigenGradCam, ElementWiseCam, GradCam, HiResCam, Index};

use crate::cams::heads::{flat, pooled};
use crate::models::differences::noise;

/// x whose maps are v uᵀ: channels by places.
fn of_rank_one(channels: &[f64], places: &[f64]) -> ArrayD<f64> {
    let shape = IxDyn(&[1, channels.len(), places.len() / 2, 2]);
    ArrayD::from_shape_fn(shape, |i| (channels[i[1]] * places[i[2] * 2 + i[3]] + 0.1) / 2.0)
}

const PLACES: [f64; 6] = [0.3, 1.0, -0.4, 0.2, 0.9, -0.5];

fn centred() -> Vec<f64> {
    let mean = PLACES.iter().sum::<f64>() / 6.0;
    PLACES.iter().map(|u| u - mean).collect()
}

fn map(values: Vec<f64>) -> ArrayD<f64> {
    ArrayD::from_shape_vec(vec![1, 1, 3, 2], values).unwrap()
}

/// M = (u - ū) vᵀ: the map is (u - ū) · |v|, with the sign of Σ v, which is that of Σₖ Aₖ.
#[test]
fn rank_one_is_exact_and_its_sign_is_that_of_the_sum() {
    let cases: [&[f64]; 4] = [&[1.0, 2.0, -0.5], &[-1.0, -2.0, 0.5], &[0.3; 8], &[-0.3; 8]];
    for channels in cases {
        let norm = channels.iter().map(|v| v * v).sum::<f64>().sqrt();
        let sign = channels.iter().sum::<f64>().signum();
        let expected = map(centred().into_iter().map(|u| sign * u * norm).collect());
        let (model, x) = (pooled(channels.len()), of_rank_one(channels, &PLACES));
        let got = EigenCam::at("maps").signed().analyze(&model, &x, Index(0)).unwrap().values;
        assert_abs_diff_eq!(got, expected, epsilon = 1e-10);
        let got = EigenCam::at("maps").analyze(&model, &x, Index(1)).unwrap().values;
        assert_abs_diff_eq!(got, expected.mapv(|v| v.max(0.0)), epsilon = 1e-10);
    }
}

/// Channels whose sum is the same everywhere: the largest magnitude is positive.
#[test]
fn where_the_sum_says_nothing_the_largest_magnitude_does() {
    let (model, x) = (pooled(2), of_rank_one(&[1.0, -1.0], &PLACES));
    let got = EigenCam::at("maps").signed().analyze(&model, &x, Index(0)).unwrap().values;
    let expected = centred();
    let largest = expected.iter().fold(0.0, |most: f64, &v| if v.abs() > most.abs() { v } else { most });
    let expected = map(expected.into_iter().map(|u| u * largest.signum() * 2.0_f64.sqrt()).collect());
    assert_abs_diff_eq!(got, expected, epsilon = 1e-10);
}

/// Of G·A: with G = W/n everywhere, channel k of rank one is scaled by w, and the sign is that of HiResCAM's map.
#[test]
fn eigen_grad_is_that_of_the_products() {
    let channels = [1.0, 2.0, -0.5];
    let (model, x) = (pooled(3), of_rank_one(&channels, &PLACES));
    for class in 0..3 {
        let scaled: Vec<f64> = channels.iter().enumerate().map(|(k, v)| v * model.weight[[class, k]] / 6.0).collect();
        let norm = scaled.iter().map(|v| v * v).sum::<f64>().sqrt();
        let sign = scaled.iter().sum::<f64>().signum();
        let expected = map(centred().into_iter().map(|u| sign * u * norm).collect());
        let got = EigenGradCam::at("maps").signed().analyze(&model, &x, Index(class)).unwrap().values;
        assert_abs_diff_eq!(got, expected, epsilon = 1e-10);
        let along = HiResCam::at("maps").signed().analyze(&model, &x, Index(class)).unwrap().values;
        assert!((&got * &(&along - along.mean().unwrap())).sum() > 0.0);
    }
}

/// The first principal component by plain power iteration, long enough.
pub(super) fn by_power(sample: &Array2<f64>) -> Array1<f64> {
    let centred = sample - &sample.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    let gram = centred.dot(&centred.t());
    let mut v = Array1::<f64>::from_elem(gram.nrows(), 1.0);
    for _ in 0..20_000 {
        v = gram.dot(&v);
        v /= v.dot(&v).sqrt();
    }
    let projection = v.dot(&centred);
    let sign = projection.dot(&centred.sum_axis(Axis(0))).signum();
    projection * sign
}

#[test]
fn any_maps_and_any_order_of_the_channels() {
    for (channels, rows) in [(4, 5), (40, 3)] {
        let x = noise(60, &[2, channels, rows, 2]);
        let model = flat(channels * rows * 2);
        let why = EigenCam::at("maps").signed().analyze(&model, &x, Index(0)).unwrap();
        for (sample, got) in x.axis_iter(Axis(0)).zip(why.values.axis_iter(Axis(0))) {
            let sample = sample.mapv(|v| 2.0 * v - 0.1).into_shape_with_order((channels, rows * 2)).unwrap();
            let got = got.to_owned().into_shape_with_order(rows * 2).unwrap();
            assert_abs_diff_eq!(got, by_power(&sample), epsilon = 1e-8);
        }
        let order: Vec<usize> = (0..channels).map(|k| (k * 3 + 1) % channels).collect();
        let permuted = x.select(Axis(1), &order);
        let again = EigenCam::at("maps").signed().analyze(&model, &permuted, Index(0)).unwrap();
        assert_abs_diff_eq!(again.values, why.values, epsilon = 1e-9);
    }
}

/// A rotation of the channels that keeps their sum changes nothing.
#[test]
fn a_rotation_of_the_channels_changes_nothing() {
    let x = noise(61, &[1, 3, 4, 2]);
    // Orthogonal, with rows and columns that add up to 1.
    let q = array![[2.0, 2.0, -1.0], [-1.0, 2.0, 2.0], [2.0, -1.0, 2.0]] / 3.0;
    let flat_x = x.to_owned().into_shape_with_order((3, 8)).unwrap();
    // The maps are 2·x - 0.1: the rotation is of the maps.
    let rotated = (q.dot(&flat_x.mapv(|v| 2.0 * v - 0.1)) + 0.1) / 2.0;
    let rotated = rotated.into_shape_with_order(IxDyn(&[1, 3, 4, 2])).unwrap();
    let model = flat(24);
    let map = |x: &ArrayD<f64>| EigenCam::at("maps").signed().analyze(&model, x, Index(0)).unwrap().values;
    assert_abs_diff_eq!(map(&rotated), map(&x), epsilon = 1e-10);
}

/// Constant maps, and one place: no component, zeros.
#[test]
fn without_a_component_there_are_zeros() {
    let constant = ArrayD::from_elem(IxDyn(&[1, 3, 2, 2]), 0.7);
    for x in [constant, noise(62, &[2, 3]), noise(62, &[2, 3, 1, 1])] {
        let got = EigenCam::at("maps").signed().analyze(&pooled(3), &x, Index(0)).unwrap().values;
        assert!(got.iter().all(|v| v.abs() < 1e-12), "{got}");
    }
}

/// Eigen smooth of a rule is the projection of its contributions: of G·A it is EigenGrad-CAM.
#[test]
fn eigen_smooth_projects_the_contributions() {
    let x = noise(63, &[2, 4, 3, 3]);
    let model = flat(36);
    let smooth = HiResCam::at("maps").eigen_smooth().analyze(&model, &x, Index(1)).unwrap().values;
    let eigen = EigenGradCam::at("maps").analyze(&model, &x, Index(1)).unwrap().values;
    assert_abs_diff_eq!(smooth, eigen, epsilon = 1e-12);
    // What is of rank one already is scaled, and centred: nothing else.
    let rank_one = of_rank_one(&[1.0, 1.0, 1.0], &PLACES);
    let plain = ElementWiseCam::at("maps").signed().analyze(&pooled(3), &rank_one, Index(1)).unwrap().values;
    let cam = GradCam::at("maps").eigen_smooth().signed().analyze(&pooled(3), &rank_one, Index(1)).unwrap().values;
    assert_eq!(plain.shape(), cam.shape());
    let expected = centred();
    let ratios: Vec<f64> = cam.iter().zip(&expected).map(|(got, u)| got / u).collect();
    ratios.iter().for_each(|ratio| assert_abs_diff_eq!(*ratio, ratios[0], epsilon = 1e-9));
}
