//! Methods that look inside say about small networks what zennit, Captum, pytorch-grad-cam, torchcam and lxt said, on
//! every backend; where a peer is at fault, the exact answer. `compare.sh` made the files, and compares large networks
//! too.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

#[cfg(feature = "tch")]
use xai::tch::tch::{Device, Kind};
use xai::{Backend, NdArray, files};
use xai_zoo::captum::Difference;
use xai_zoo::inside::{Case, Line, Stands, check_draws, counterpart, line_of, network, next_of};

/// The peers computed in 64 bits; their answers are stored in 32.
const SAID: &str = "f64";

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inside").join(format!("{name}.safetensors"))
}

/// Holds every line of a network to its bound, and returns how many there are.
fn held<B: Backend>(name: &str, placement: impl Into<B::Placement>, double: bool) -> usize {
    let case = Case::of(files::read_arrays(file(name)).unwrap()).unwrap();
    let weights = files::read_weights::<B>(file(&format!("{name}.weights")), placement).unwrap();
    let network = network(name, &weights).unwrap();
    for (said, there) in case.said(SAID) {
        let line = line_of(said).unwrap();
        let got = counterpart(said, &case, &network, str::to_owned).unwrap_or_else(|e| panic!("{name}, {said}: {e}"));
        let bound = line.bound(double, if double { 1e-6 } else { 1e-4 });
        let difference = Difference::between(&got, there).relative;
        println!("{name}, {said}, {}: {difference:.1e}", B::NAME);
        match line.stands {
            Stands::ToPeer => assert!(difference <= bound, "{name}, {said}, {}: {difference:.1e}", B::NAME),
            Stands::ToExact => {
                let exact = case.exact(said).unwrap_or_else(|| panic!("{name}, {said}: no exact answer"));
                let (here, at_fault) = (Line::to_exact(exact, &got), Line::to_exact(exact, there));
                assert!(here <= bound, "{name}, {said}, {}: {here:.1e} to the exact answer", B::NAME);
                // 32 bits may not show it.
                assert!(!double || at_fault > bound, "{name}, {said}: {} is no longer at fault", line.peer);
            }
            // The line after it is held.
            Stands::ToNext => {
                assert!(difference.is_finite(), "{name}, {said}, {}: {difference}", B::NAME);
                let next = next_of(said).unwrap();
                assert!(case.said_as(SAID, &next).is_some(), "{name}, {said}: nothing is held, there is no {next}");
            }
        }
    }
    case.said(SAID).count()
}

/// A test for each network: all its lines, of which there are so many.
macro_rules! agrees_with_peers {
    ($($backend:ident: $type:ty, $placement:expr, $double:expr);* $(;)?) => {$(
        mod $backend {
            use super::*;

            #[test]
            fn one_unit() {
                assert_eq!(held::<$type>("mini_unit", $placement, $double), 1);
            }

            #[test]
            fn norms_pools_and_dense_layers() {
                assert_eq!(held::<$type>("mini_norms", $placement, $double), 70);
            }

            #[test]
            fn smooth_activations() {
                assert_eq!(held::<$type>("mini_smooth", $placement, $double), 24);
            }

            #[test]
            fn a_linear_head() {
                assert_eq!(held::<$type>("mini_head", $placement, $double), 35);
            }

            #[test]
            fn vgg() {
                assert_eq!(held::<$type>("mini_vgg", $placement, $double), 13);
            }

            #[test]
            fn resnet() {
                assert_eq!(held::<$type>("mini_resnet", $placement, $double), 27);
            }

            #[test]
            fn vision_transformer() {
                assert_eq!(held::<$type>("mini_vit", $placement, $double), 2);
            }
        }
    )*};
}

agrees_with_peers!(
    ndarray_f32: NdArray<f32>, (), false;
    ndarray_f64: NdArray<f64>, (), true;
);

#[cfg(feature = "candle")]
agrees_with_peers!(
    candle_f32: xai::candle::Candle<f32>, candle_core::DType::F32, false;
    candle_f64: xai::candle::Candle<f64>, candle_core::DType::F64, true;
);

#[cfg(feature = "tch")]
agrees_with_peers!(
    libtorch_f32: xai::tch::LibTorch<f32>, Device::Cpu, false;
    libtorch_f64: xai::tch::LibTorch<f64>, (Device::Cpu, Kind::Double), true;
);

/// Captum's gradient SHAP was given the draws of expected gradients.
#[test]
fn both_draw_alike() {
    check_draws(files::read_arrays(file("draws")).unwrap()).unwrap();
}
