//! The bundled network says the same on candle and on libtorch, by all five analyzers.
#![cfg(all(feature = "candle", feature = "tch", feature = "files"))]
#![allow(clippy::unwrap_used, missing_docs)]

use candle_core::DType;
use ndarray::{Array4, ArrayD};
use xai::Backend;
use xai::candle::Candle;
use xai::tch::LibTorch;
use xai::tch::tch::{Device, Kind};
use xai::{
    Analyzer, Element, Explanation, GradCam, Gradient, InputTimesGradient, IntegratedGradients, MaxActivation,
    SmoothGrad, files,
};
use xai_zoo::captum::Difference;
use xai_zoo::efficientnet::{EfficientNetLite0, SIDE, TRAINED};
use xai_zoo::photo_file::bundled;

/// The largest relative differences of a Grad-CAM map, and of the analyzers that have the input's gradient in them: at
/// a kink of relu6 a rounding error decides on a gradient, so that single pixels may differ by more.
struct Bounds {
    map: f64,
    gradient: f64,
}

fn input<E: Element>() -> Array4<E> {
    let photo = bundled("catcup").unwrap();
    Array4::from_shape_fn((1, 3, SIDE, SIDE), |(_, c, i, j)| {
        E::of((f64::from(photo.get_pixel(j as u32, i as u32).0[c]) - 127.0) / 128.0)
    })
}

/// What the five analyzers find, by name, with few copies and points, so that it is fast.
fn findings<B: Backend>(placement: impl Into<B::Placement>, n: usize) -> Vec<(&'static str, ArrayD<f64>)> {
    let network = EfficientNetLite0::load(&files::decode_weights::<B>(TRAINED, placement).unwrap()).unwrap();
    let input = input::<B::Elem>();
    let numbers = |found: xai::Result<Explanation<B::Elem, ndarray::Ix4>>| {
        let found = found.unwrap();
        assert_eq!(found.selection.indices(), [[285]], "not the cat");
        found.values.mapv(Element::as_f64).into_dyn()
    };
    vec![
        ("Gradient", numbers(Gradient.analyze(&network, &input, MaxActivation))),
        ("InputTimesGradient", numbers(InputTimesGradient.analyze(&network, &input, MaxActivation))),
        ("SmoothGrad", numbers(SmoothGrad::new().n(n).analyze(&network, &input, MaxActivation))),
        ("IntegratedGradients", numbers(IntegratedGradients::new().n(n).analyze(&network, &input, MaxActivation))),
        ("GradCam", numbers(GradCam.analyze(&network, &input, MaxActivation))),
    ]
}

fn agree(candle: Vec<(&str, ArrayD<f64>)>, libtorch: &[(&str, ArrayD<f64>)], bounds: Bounds) {
    assert_eq!(candle.len(), 5);
    let mut above = Vec::new();
    for ((name, got), (_, expected)) in candle.into_iter().zip(libtorch) {
        assert!(expected.iter().any(|&v| v != 0.0), "{name}: nothing to compare");
        let difference = Difference::between(&got, expected);
        let Difference { relative, holders, elements, greatest } = &difference;
        println!("{name}: {relative:.1e}, 99 % of it (squared) in {holders} of {elements} elements; {greatest:?}");
        let bound = if name == "GradCam" { bounds.map } else { bounds.gradient };
        if *relative >= bound {
            above.push(format!("{name}: {relative:e} ≥ {bound:e}"));
        }
    }
    assert!(above.is_empty(), "{above:?}");
}

#[test]
fn in_32_bits_but_for_kinks() {
    let libtorch = findings::<LibTorch<f32>>(Device::Cpu, 5);
    agree(findings::<Candle<f32>>(DType::F32, 5), &libtorch, Bounds { map: 1e-4, gradient: 1e-2 });
}

/// Where rounding is finer, no kink is met: what is left in 32 bits is not a difference of the two.
#[test]
fn in_64_bits() {
    let libtorch = findings::<LibTorch<f64>>((Device::Cpu, Kind::Double), 2);
    agree(findings::<Candle<f64>>(DType::F64, 2), &libtorch, Bounds { map: 1e-10, gradient: 1e-10 });
}
