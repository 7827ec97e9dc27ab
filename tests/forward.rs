//! What takes forward passes alone gives what Captum, shap and the formulas gave, on every backend. `compare.sh` made
//! the files, and compares a large network too.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

#[cfg(feature = "tch")]
use xai::tch::tch::{Device, Kind};
use xai::{Backend, NdArray, files};
use xai_zoo::captum::Difference;
use xai_zoo::forward::{ForwardCase, counterpart};
use xai_zoo::networks;

/// The peers computed in 64 bits; their answers are stored in 32.
const TRUTH: &str = "f64";

/// Compares what all peers say of a network and returns the greatest relative difference.
fn worst<B: Backend>(name: &str, methods: usize, placement: impl Into<B::Placement>) -> f64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/forward");
    let case = ForwardCase::of(files::read_arrays(folder.join(format!("{name}.safetensors"))).unwrap()).unwrap();
    let weights = files::read_weights::<B>(folder.join(format!("{name}.weights.safetensors")), placement);
    let network: xai::BoxModel<'static, B> = Box::new(networks::build(name, &weights.unwrap()).unwrap());
    let mut worst = 0_f64;
    assert_eq!(case.peers(TRUTH).count(), methods);
    for (method, expected) in case.peers(TRUTH) {
        let got = counterpart(method, &case, &network);
        let got = got.unwrap_or_else(|e| panic!("{name}, {method}: {e}"));
        let difference = Difference::between(&got, expected);
        println!("{name}, {method}, {}: {difference:?}", B::NAME);
        worst = worst.max(difference.relative);
    }
    worst
}

/// A test for each network: within what the numbers' precision allows.
macro_rules! agrees_with_peers {
    ($($backend:ident: $type:ty, $placement:expr, $bound:expr);* $(;)?) => {$(
        mod $backend {
            use super::*;

            #[test]
            fn table() {
                assert!(worst::<$type>("mini_table", 18, $placement) < $bound);
            }

            #[test]
            fn images() {
                assert!(worst::<$type>("mini_resnet", 20, $placement) < $bound);
            }
        }
    )*};
}

agrees_with_peers!(
    ndarray_f32: NdArray<f32>, (), 1e-4;
    ndarray_f64: NdArray<f64>, (), 1e-6;
);

#[cfg(feature = "candle")]
agrees_with_peers!(
    candle_f32: xai::candle::Candle<f32>, candle_core::DType::F32, 1e-4;
    candle_f64: xai::candle::Candle<f64>, candle_core::DType::F64, 1e-6;
);

#[cfg(feature = "tch")]
agrees_with_peers!(
    libtorch_f32: xai::tch::LibTorch<f32>, Device::Cpu, 1e-4;
    libtorch_f64: xai::tch::LibTorch<f64>, (Device::Cpu, Kind::Double), 1e-6;
);
