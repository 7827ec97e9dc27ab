use ndarray::ArrayD;
use xai_core::Error;
use xai_core::nn::{BatchNorm2d, Conv2d, ConvTranspose2d, GroupNorm, LayerNorm, Linear, RmsNorm, Weights};

use crate::nn_ops::jacobian::forward;
use crate::nn_ops::numbers::{F64, array, assert_close, noise};

fn checkpoint() -> Vec<(&'static str, ArrayD<f64>)> {
    vec![
        ("stem.weight", noise(1, &[4, 3, 3, 3])),
        ("stem.bias", noise(2, &[4])),
        ("layer1.0.weight", noise(3, &[4])),
        ("layer1.0.bias", noise(4, &[4])),
        ("layer1.0.running_mean", noise(5, &[4])),
        ("layer1.0.running_var", noise(6, &[4]).mapv(f64::abs)),
        ("layer1.0.num_batches_tracked", array(&[], &[7.0])),
        ("layer10.weight", noise(7, &[2, 4])),
    ]
}

fn weights() -> Weights<F64> {
    Weights::new(checkpoint(), ()).unwrap()
}

#[test]
fn loads_by_name_and_tells_what_is_left() {
    let w = weights();
    let conv = Conv2d::load(&w.at("stem")).unwrap();
    assert_eq!(conv.weight.tensor().download().unwrap(), noise(1, &[4, 3, 3, 3]));
    assert!(conv.bias.is_some());
    assert!(w.unused().contains(&"layer1.0.running_mean"));
    // Parts of parts, and a prefix that another name begins with.
    let layer1 = w.at("layer1");
    assert_eq!(layer1.names().count(), 5);
    assert_eq!(layer1.at(0).prefix(), "layer1.0");
    BatchNorm2d::load(&layer1.at(0), 1e-5).unwrap();
    assert_eq!(w.unused(), ["layer10.weight"]);
    let linear = Linear::load(&w.at("layer10")).unwrap();
    assert!(linear.bias.is_none());
    assert_eq!(w.unused(), Vec::<&str>::new());
}

#[test]
fn batch_norm_is_loaded_as_its_formula() {
    let norm = BatchNorm2d::load(&weights().at("layer1.0"), 1e-3).unwrap();
    let x = noise(9, &[2, 4]);
    let scale = noise(3, &[4]) / (noise(6, &[4]).mapv(f64::abs) + 1e-3).mapv(f64::sqrt);
    assert_close(&forward(&norm, &x), &((&x - &noise(5, &[4])) * scale + noise(4, &[4])), 1e-14);
}

#[test]
fn the_other_norms_are_loaded() {
    let w = weights();
    let one = w.at("layer1.0");
    assert_eq!(LayerNorm::load(&one, 1e-6).unwrap().axes, 1);
    assert_eq!(GroupNorm::load(&one, 2, 1e-6).unwrap().groups, 2);
    assert!(RmsNorm::load(&one, 1e-6).unwrap().weight.is_some());
    let error = GroupNorm::load(&one, 3, 1e-6).unwrap_err().to_string();
    assert!(error.starts_with("in layer `layer1.0`: groups = 3"), "{error}");
}

#[test]
fn transposed_convolutions_are_loaded() {
    let named = [("up.weight", noise(1, &[4, 2, 3, 3])), ("up.bias", noise(2, &[4]))];
    let w = Weights::<F64>::new(named, ()).unwrap();
    let up = ConvTranspose2d::load(&w.at("up")).unwrap().groups(2);
    assert_eq!(up.output_shape(&[1, 4, 2, 2]).unwrap(), [1, 4, 4, 4]);
    assert_eq!(w.unused(), Vec::<&str>::new());
    let odd = Weights::<F64>::new([("up.weight", noise(1, &[4, 2]))], ()).unwrap();
    let error = ConvTranspose2d::load(&odd.at("up")).unwrap_err().to_string();
    assert!(error.starts_with("in layer `up`: weight of ConvTranspose2d of shape [4, 2]"), "{error}");
}

#[test]
fn a_missing_weight_is_named_with_its_neighbours() {
    let error = Conv2d::load(&weights().at("steam")).unwrap_err();
    assert!(matches!(&error, Error::MissingWeight { name, .. } if name == "steam.weight"));
    assert_eq!(error.to_string(), "no weight is named `steam.weight`: did you mean `stem.weight`?");
    let far = weights().get("x").unwrap_err().to_string();
    assert_eq!(far, "no weight is named `x`");
}

#[test]
fn a_shape_is_checked_against_the_named_weight() {
    let w = weights();
    assert_eq!(w.get_shaped("stem.bias", &[4]).unwrap().shape(), [4]);
    let error = w.at("stem").get_shaped("weight", &[4, 3, 1, 1]).unwrap_err().to_string();
    assert_eq!(error, "weight `stem.weight`: expected shape [4, 3, 1, 1], got [4, 3, 3, 3]");
    let error = Linear::load(&w.at("stem")).unwrap_err().to_string();
    assert!(error.starts_with("in layer `stem`: weight of Linear of shape [4, 3, 3, 3]"), "{error}");
}

#[test]
fn finds_what_may_be_missing() {
    let w = weights();
    assert!(w.has("stem.bias") && !w.has("stem"));
    assert!(w.find("layer10.bias").unwrap().is_none());
    assert_eq!(w.array("layer10.weight").unwrap(), noise(7, &[2, 4]));
    // A copy shares what was used.
    w.clone().get("stem.weight").unwrap();
    assert!(!w.unused().contains(&"stem.weight"));
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let twice = [("a.weight", noise(1, &[1])), ("a.weight", noise(2, &[1]))];
    let error = Weights::<F64>::new(twice, ()).unwrap_err().to_string();
    assert!(error.starts_with("weight = a.weight"), "{error}");
}
