//! Networks that PyTorch exported to ONNX, by both of its exporters, give the attributions that Captum gave for the
//! originals, on every backend. `./compare.sh files` made the files, and compares large networks too.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Dimension};
#[cfg(feature = "tch")]
use xai::tch::tch::{Device, Kind};
use xai::{Analyzer, Backend, BoxModel, Element, Index, IntegratedGradients, NdArray, Quadrature, files, onnx};
use xai_zoo::captum::Difference;
use xai_zoo::exported::{EXPORTERS, Exported, Method, counterpart};

/// Captum computed in 64 bits; its answers are stored in 32.
const TRUTH: &str = "f64";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/files").join(name)
}

fn case(name: &str) -> Exported {
    let places = std::fs::read_to_string(fixture(&format!("{name}.places"))).unwrap();
    Exported::of(files::read_arrays(fixture(&format!("{name}.safetensors"))).unwrap(), &places).unwrap()
}

/// Runs every analysis of both files of a network, so many of them, each within a relative difference.
fn agrees<B: Backend>(name: &str, placement: impl Into<B::Placement>, analyses: usize, bound: f64) {
    let (case, placement) = (case(name), placement.into());
    for exporter in EXPORTERS {
        let file = fixture(&format!("{name}.{exporter}.onnx"));
        let network = onnx::Reader::<B>::new().at(placement.clone()).read(file).unwrap();
        let network: BoxModel<'static, B> = Box::new(match case.fixed() {
            Some((name, value)) => network.fix(name, value.mapv(B::Elem::of).view()).unwrap(),
            None => network,
        });
        let mut compared = 0;
        for (method, expected) in case.captum(TRUTH) {
            // Two different rules: `compare.sh` shows that they come together.
            if method.starts_with("layer_conductance") {
                continue;
            }
            let got = counterpart(method, &case, exporter, &network);
            let got = got.unwrap_or_else(|e| panic!("{name}, {exporter}, {method}: {e}"));
            let difference = Difference::between(&got, expected);
            assert!(difference.relative < bound, "{name}, {exporter}, {method}, {}: {difference:?}", B::NAME);
            assert!(Method::of(method).is_some());
            compared += 1;
        }
        assert_eq!(compared, analyses, "{name}, {exporter}");
        let stored = case.array(&format!("onnxruntime.{exporter}")).unwrap();
        let difference = Difference::between(&case.output(&network).unwrap(), stored);
        assert!(difference.relative < 1e-4, "{name}, {exporter}, {}: {difference:?}", B::NAME);
    }
}

/// PyTorch's attention puts samples behind the steps for a while: rows are followed all the same.
#[test]
fn secants_go_through_a_vision_transformer() {
    for exporter in EXPORTERS {
        let network = onnx::read::<NdArray<f64>>(fixture(&format!("mini_vit.{exporter}.onnx"))).unwrap();
        let photos = ArrayD::from_shape_fn(vec![2, 3, 16, 16], |at| {
            let places = at.slice().iter().enumerate().map(|(i, n)| ((i * 3 + 1) * n) as f64);
            places.sum::<f64>().sin()
        });
        let path = IntegratedGradients::new().n(40).quadrature(Quadrature::Secant);
        let gaps = path.analyze(&network, &photos, Index(1)).unwrap().extras.completeness_gap.unwrap();
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-4), "{exporter}: {gaps:?}");
    }
}

/// A test for each network: within what the numbers' precision allows.
macro_rules! agrees_with_captum {
    ($($backend:ident: $type:ty, $placement:expr, $bound:expr);* $(;)?) => {$(
        mod $backend {
            use super::*;

            #[test]
            fn resnet() {
                agrees::<$type>("mini_resnet", $placement, 27, $bound);
            }

            #[test]
            fn vision_transformer() {
                agrees::<$type>("mini_vit", $placement, 16, $bound);
            }

            #[test]
            fn encoder_of_embeddings() {
                agrees::<$type>("mini_words", $placement, 15, $bound);
            }

            #[test]
            fn encoder_of_tokens_at_its_embedding() {
                agrees::<$type>("mini_tokens", $placement, 3, $bound);
            }
        }
    )*};
}

// The files' weights, into which norms are merged, are rounded to 32 bits.
agrees_with_captum!(
    ndarray_f32: NdArray<f32>, (), 1e-4;
    ndarray_f64: NdArray<f64>, (), 1e-5;
);

#[cfg(feature = "candle")]
agrees_with_captum!(
    candle_f32: xai::candle::Candle<f32>, candle_core::DType::F32, 1e-4;
    candle_f64: xai::candle::Candle<f64>, candle_core::DType::F64, 1e-5;
);

#[cfg(feature = "tch")]
agrees_with_captum!(
    libtorch_f32: xai::tch::LibTorch<f32>, Device::Cpu, 1e-4;
    libtorch_f64: xai::tch::LibTorch<f64>, (Device::Cpu, Kind::Double), 1e-5;
);
