//! Small networks give the attributions that Captum gave, on every backend. `compare.sh` made the files, and compares
//! large networks too.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

#[cfg(feature = "tch")]
use xai::tch::tch::{Device, Kind};
use xai::{Backend, Gradient, NdArray, files};
use xai_zoo::captum::{Case, Difference, counterpart};
use xai_zoo::networks;

/// Captum computed in 64 bits; its answers are stored in 32.
const TRUTH: &str = "f64";

/// All methods, on a network with two layers for Grad-CAM.
const METHODS: usize = 13;

/// Runs every analysis of a network and returns the greatest relative difference.
fn worst<B: Backend>(name: &str, placement: impl Into<B::Placement>) -> f64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captum");
    let case = Case::of(name, files::read_arrays(folder.join(format!("{name}.safetensors"))).unwrap()).unwrap();
    let weights = files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement);
    let network: xai::BoxModel<'static, B> = Box::new(networks::build(name, &weights.unwrap()).unwrap());
    let mut worst = 0_f64;
    assert_eq!(case.captum(TRUTH).count(), METHODS);
    for (method, expected) in case.captum(TRUTH) {
        let got = counterpart(method, &case, &network, Gradient, str::to_owned);
        let got = got.unwrap_or_else(|e| panic!("{name}, {method}: {e}"));
        let difference = Difference::between(&got, expected);
        println!("{name}, {method}, {}: {difference:?}", B::NAME);
        worst = worst.max(difference.relative);
    }
    worst
}

/// A test for each network: within what the numbers' precision allows.
macro_rules! agrees_with_captum {
    ($($backend:ident: $type:ty, $placement:expr, $bound:expr);* $(;)?) => {$(
        mod $backend {
            use super::*;

            #[test]
            fn resnet() {
                assert!(worst::<$type>("mini_resnet", $placement) < $bound);
            }

            #[test]
            fn vgg() {
                assert!(worst::<$type>("mini_vgg", $placement) < $bound);
            }

            #[test]
            fn a_layer_of_every_kind() {
                assert!(worst::<$type>("mini_kinds", $placement) < $bound);
            }
        }
    )*};
}

agrees_with_captum!(
    ndarray_f32: NdArray<f32>, (), 1e-4;
    ndarray_f64: NdArray<f64>, (), 1e-6;
);

#[cfg(feature = "candle")]
agrees_with_captum!(
    candle_f32: xai::candle::Candle<f32>, candle_core::DType::F32, 1e-4;
    candle_f64: xai::candle::Candle<f64>, candle_core::DType::F64, 1e-6;
);

#[cfg(feature = "tch")]
agrees_with_captum!(
    libtorch_f32: xai::tch::LibTorch<f32>, Device::Cpu, 1e-4;
    libtorch_f64: xai::tch::LibTorch<f64>, (Device::Cpu, Kind::Double), 1e-6;
);
