//! The frameworks against plain arrays.

use ndarray::ArrayD;
use xai::{Analyzer, Backend, Element, Gradient, Index, NdArray};

use crate::{ALL, build, images};

/// ‖got - expected‖₂ / ‖expected‖₂
fn distance(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> f64 {
    let norm = |a: &ArrayD<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert!(norm(expected) > 0.0, "nothing to compare");
    norm(&(got - expected)) / norm(expected)
}

/// Outputs and the gradient of a logit, for a batch of two.
fn found<B: Backend>(name: &str, placement: impl Fn() -> B::Placement) -> [ArrayD<f64>; 2] {
    let why = Gradient.analyze(&build::<B>(name, placement), &images::<B::Elem>(), Index(7)).unwrap();
    [why.output.mapv(Element::as_f64), why.values.mapv(Element::as_f64).into_dyn()]
}

/// In 64 bits no kink of a relu is met: what is left is rounding.
fn agrees<B: Backend<Elem = f64>>(placement: impl Fn() -> B::Placement) {
    for name in ALL {
        let (got, expected) = (found::<B>(name, &placement), found::<NdArray<f64>>(name, || ()));
        let [outputs, gradients] = [0, 1].map(|i| distance(&got[i], &expected[i]));
        println!("{name}, {}: outputs {outputs:.1e}, gradients {gradients:.1e}", B::NAME);
        assert!(outputs < 1e-10 && gradients < 1e-10, "{name}: outputs {outputs:e}, gradients {gradients:e}");
    }
}

#[cfg(feature = "candle")]
#[test]
fn candle_agrees_with_plain_arrays() {
    agrees::<xai::candle::Candle<f64>>(|| candle_core::DType::F64.into());
}

#[cfg(feature = "tch")]
#[test]
fn libtorch_agrees_with_plain_arrays() {
    use xai::tch::tch::{Device, Kind};
    agrees::<xai::tch::LibTorch<f64>>(|| (Device::Cpu, Kind::Double).into());
}

/// Forward code of the frameworks' own layers is the network that the chain of the library's layers is.
#[cfg(any(feature = "candle", feature = "tch"))]
mod forward_code {
    use xai::{Backend, Differentiable};
    use xai_zoo::resnet18::{Stage, seeded};

    use super::{build, distance, images};

    fn is_the_chain(network: &impl Differentiable<Backend: Backend<Elem = f32>>) {
        let x = images::<f32>().into_dyn();
        let got = network.predict(x.view()).unwrap().mapv(f64::from);
        let expected = build::<xai::NdArray<f32>>("resnet18", || ()).predict(x.view()).unwrap().mapv(f64::from);
        let distance = distance(&got, &expected);
        assert!(distance < 1e-5, "{distance:e}");
    }

    #[cfg(feature = "candle")]
    #[test]
    fn of_candle_nns_layers() {
        is_the_chain(&xai_zoo::resnet18::candle::ResNet18::load(&seeded(10, 0).unwrap(), Stage::Layer4).unwrap());
    }

    #[cfg(feature = "tch")]
    #[test]
    fn of_tchs_layers() {
        is_the_chain(&xai_zoo::resnet18::tch::ResNet18::load(&seeded(10, 0).unwrap(), Stage::Layer4).unwrap());
    }
}
