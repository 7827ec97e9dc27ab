//! The bundled network gives the numbers that PyTorch gave, and looks where it should.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use ndarray::{Array4, ArrayD, Axis, s};
use xai::{Analyzer, DefaultBackend, Explanation, GradCam, Index, files};
use xai_zoo::efficientnet::{CLASSES, EfficientNetLite0, SIDE};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets");

fn network() -> EfficientNetLite0<DefaultBackend> {
    let path = format!("{FOLDER}/efficientnet-lite0/efficientnet-lite0-f16.safetensors");
    let weights =
        files::read_weights::<DefaultBackend>(path, <DefaultBackend as xai::Arithmetic>::Placement::default());
    let weights = weights.unwrap();
    let network = EfficientNetLite0::load(&weights).unwrap();
    assert!(weights.unused().is_empty(), "{:?}", weights.unused());
    network
}

fn expected() -> BTreeMap<String, ArrayD<f32>> {
    files::read_arrays(format!("{FOLDER}/efficientnet-lite0/expected.safetensors")).unwrap()
}

fn input(photo: &str) -> Array4<f32> {
    let photo = image::open(format!("{FOLDER}/photos/{photo}.png")).unwrap().into_rgb8();
    Array4::from_shape_fn((1, 3, SIDE, SIDE), |(_, c, i, j)| {
        (f32::from(photo.get_pixel(j as u32, i as u32).0[c]) - 127.0) / 128.0
    })
}

fn cam(network: &EfficientNetLite0<DefaultBackend>, photo: &str, class: usize) -> Explanation<f32, ndarray::Ix4> {
    GradCam.analyze(network, &input(photo), Index(class)).unwrap()
}

fn distance(a: &ArrayD<f32>, b: &ArrayD<f32>) -> f64 {
    let norm = |v: &ArrayD<f32>| v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    norm(&(a - b)) / norm(b)
}

#[test]
fn logits_are_pytorchs_but_for_the_rounding_of_the_weights() {
    let (network, expected) = (network(), expected());
    for photo in ["camera", "catcup", "chelsea", "coffee"] {
        let logits = cam(&network, photo, 0).output;
        assert_eq!(logits.shape(), [1, CLASSES]);
        let worst = (&logits - &expected[&format!("logits.{photo}")]).iter().fold(0f32, |w, d| w.max(d.abs()));
        println!("{photo}: logits differ by at most {worst}");
        assert!(worst < 0.05, "{photo}: {worst}");
    }
}

#[test]
fn grad_cam_maps_are_pytorchs() {
    let (network, expected) = (network(), expected());
    for (photo, class) in [("catcup", 285), ("catcup", 967), ("chelsea", 285), ("coffee", 967)] {
        let map = cam(&network, photo, class).values.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0).into_dyn();
        let difference = distance(&map, &expected[&format!("gradcam.{photo}.{class}")]);
        println!("{photo} {class}: maps differ by {difference}");
        assert!(difference < 0.01, "{photo} {class}: {difference}");
    }
}

#[test]
fn the_cat_is_seen_on_the_left_and_the_cup_on_the_right() {
    let network = network();
    let left_share = |class| {
        let map = cam(&network, "catcup", class).values;
        let left = map.slice(s![.., .., .., ..3]).sum();
        left / (left + map.slice(s![.., .., .., 4..]).sum())
    };
    let (cat, cup) = (left_share(285), left_share(967));
    assert!(cat > 0.8 && cup < 0.4, "cat {cat}, cup {cup}");
}

/// relu6 puts kinks everywhere in the reach of single precision's steps: the check must not take them for a fault.
#[test]
fn the_check_trusts_the_network() {
    for photo in ["catcup", "coffee"] {
        let report = xai::check_gradient(&network(), &input(photo)).unwrap();
        println!("{photo}: {report}");
        for d in &report.directions {
            println!("{d:?}");
        }
        assert!(report.is_trusted(), "{photo}: {report}");
    }
}
