//! The frameworks against plain arrays.

use std::sync::LazyLock;

use ndarray::ArrayD;
use xai::{
    Analyzer, AtLayer, Backend, BoxModel, GradCam, Gradient, InputTimesGradient, IntegratedGradients, Quadrature,
};

use crate::cases::{ALL, Found, Truth, build, distance, explain, explained, inputs, place};

type Boxed<B> = Box<dyn Analyzer<BoxModel<'static, B>>>;

/// The gradient, paths by two rules, Grad-CAM, and what is explained at its place.
fn analyzers<B: Backend>(name: &str, x: &ArrayD<f64>) -> Vec<Boxed<B>> {
    // Not from zeros: on an even area every maximum is met twice, and rounding decides where the gradient goes.
    let path = |rule| IntegratedGradients::new().n(3).quadrature(rule).reference(&(x * -0.5));
    let cam = GradCam::at(place(name));
    vec![
        Box::new(Gradient),
        Box::new(path(Quadrature::EndpointMean)),
        Box::new(path(Quadrature::Secant)),
        match name {
            "vit" => Box::new(cam.tokens(1, 2, 3)),
            "bert" => Box::new(cam.tokens(0, 1, 5)),
            _ => Box::new(cam),
        },
        Box::new(AtLayer::new(InputTimesGradient, place(name))),
    ]
}

/// Each analyzer's name, and what it finds for a batch of two.
fn found<B: Backend>(name: &str, placement: impl Fn() -> B::Placement) -> Vec<(String, Found)> {
    let (model, inputs) = (build::<B>(name, placement), inputs(name, 2));
    let run = |analyzer: Boxed<B>| (analyzer.name(), explain(name, &model, &analyzer, &inputs));
    analyzers(name, &inputs[explained(&inputs)]).into_iter().map(run).collect()
}

/// On plain arrays, for each network.
static TRUTH: LazyLock<[Vec<(String, Found)>; ALL.len()]> =
    LazyLock::new(|| ALL.map(|name| found::<Truth>(name, || ())));

/// In 64 bits no kink of a relu is met: what is left is rounding.
fn agrees<B: Backend<Elem = f64>>(placement: impl Fn() -> B::Placement) {
    for (name, expected) in ALL.iter().zip(&*TRUTH) {
        for ((analyzer, got), (_, expected)) in found::<B>(name, &placement).iter().zip(expected) {
            let outputs = distance(&got.output, &expected.output);
            let values = distance(&got.values, &expected.values);
            println!("{name}, {}, {analyzer}: outputs {outputs:.1e}, values {values:.1e}", B::NAME);
            assert!(outputs < 1e-12 && values < 1e-12, "{name}, {analyzer}: outputs {outputs:e}, values {values:e}");
        }
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

    use crate::cases::{build, distance, inputs};

    fn is_the_chain(network: &impl Differentiable<Backend: Backend<Elem = f32>>) {
        let x = inputs("resnet18", 2)[0].mapv(|v| v as f32);
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
