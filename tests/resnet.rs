//! The two networks of the example `resnet`: at every stage they are split rightly, and they agree.
#![cfg(all(feature = "files", any(feature = "candle", feature = "tch")))]
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use ndarray::{Array4, ArrayD, ArrayViewD, Ix4, s};
use xai::nn::Weights;
use xai::{
    Analyzer, AtLayer, Backend, Differentiable, Explanation, GradCam, Gradient, GradientCheck, IntegratedGradients,
    LayerSplit, MaxActivation, NdArray, Quadrature, Tensor, Var, files,
};
#[cfg(feature = "candle")]
use xai_zoo::resnet18::candle as candle_resnet;
#[cfg(feature = "tch")]
use xai_zoo::resnet18::tch as tch_resnet;
use xai_zoo::resnet18::{Stage, check, seeded};

/// Stages, and the shapes of their maps for images of 64 × 64.
const MAPS: [(Stage, [usize; 4]); 4] = [
    (Stage::Layer1, [2, 64, 16, 16]),
    (Stage::Layer2, [2, 128, 8, 8]),
    (Stage::Layer3, [2, 256, 4, 4]),
    (Stage::Layer4, [2, 512, 2, 2]),
];

/// Two images without even areas, so that no maximum is met twice.
fn images() -> Array4<f32> {
    Array4::from_shape_fn((2, 3, 64, 64), |(n, c, i, j)| {
        let (n, c, i, j) = (n as f32, c as f32, i as f32, j as f32);
        (0.37 * i + 1.3 * c + n).sin() + (0.23 * j * (1.0 + 0.2 * n) - 0.7 * c).cos() + (1.7 * i * j + c).sin()
    })
}

fn image() -> Array4<f32> {
    images().slice_move(s![..1, .., .., ..])
}

/// A network whose stage can be set.
trait AnyResNet: LayerSplit<Backend: Backend<Elem = f32>> {
    fn load(weights: &Weights<Self::Backend>) -> Self;
    fn set(&mut self, stage: Stage);

    fn seeded() -> Self
    where
        Self: Sized,
    {
        Self::load(&seeded(10, 0).unwrap())
    }
}

/// What is behind the place that a network marks, for inputs of these shapes.
struct Rest<'a, M>(&'a M, [Vec<usize>; 1]);

impl<M: LayerSplit> Differentiable for Rest<'_, M> {
    type Backend = M::Backend;
    fn trace<'m>(&'m self, maps: &[Var<'m, M::Backend>]) -> xai::Result<Var<'m, M::Backend>> {
        let graph = self.0.graph(&self.1)?;
        maps[0].graph(&graph.split(graph.place(self.0.split_at())?)?.1, &[])
    }
}

/// The names are torchvision's, so that a place is what its users call it.
fn every_layer_is_a_place(network: impl AnyResNet) {
    let places = network.places(&[vec![1, 3, 64, 64]]).unwrap();
    let shape = |name: &str| places.iter().find(|place| place.name == name).unwrap().shape.clone().unwrap();
    assert_eq!(shape("layer1.0.conv2"), [1, 64, 16, 16]);
    assert_eq!(shape("layer3.0.downsample.1"), [1, 256, 4, 4]);
    assert_eq!(shape("layer4.1"), [1, 512, 2, 2]);
    assert_eq!(shape("fc"), [1, 10]);
    let map = GradCam::at("layer4.0").analyze(&network, &image(), MaxActivation).unwrap();
    assert_eq!(map.values.dim(), (1, 1, 2, 2));
    let bypassed = GradCam::at("layer4.1.conv1").analyze(&network, &image(), MaxActivation).unwrap_err().to_string();
    assert!(bypassed.contains("layer4.1.conv1") && bypassed.contains("`layer4.0`"), "{bypassed}");
}

/// Forward code gets what a chain of layers gets: with relus and max pools alone, secants are complete from two points
/// on.
fn secants_are_complete(network: impl AnyResNet) {
    let secants = IntegratedGradients::new().n(3).quadrature(Quadrature::Secant);
    let why = secants.analyze(&network, &image(), MaxActivation).unwrap();
    let gap = why.extras.completeness_gap.unwrap()[0];
    let total: f64 = why.values.iter().map(|&v| f64::from(v)).sum();
    println!("gap {gap:.1e} of {total:.1}");
    assert!(gap.abs() < 1e-4 * total.abs(), "gap {gap} of {total}");
}

fn the_parts_compose_to_the_whole(mut network: impl AnyResNet) {
    let shapes = [images().shape().to_vec()];
    let x = Tensor::upload(images().view().into_dyn(), &network.placement_for(&shapes).unwrap()).unwrap();
    let whole = network.forward(&x).unwrap().download().unwrap();
    assert_eq!(whole.shape(), [2, 10]);
    for (stage, shape) in MAPS {
        network.set(stage);
        let graph = network.graph(&shapes).unwrap();
        let (features, adaptation) = graph.split(graph.place(network.split_at()).unwrap()).unwrap();
        let maps = features.forward(std::slice::from_ref(&x)).unwrap();
        assert_eq!(maps.shape(), shape, "{stage:?}");
        let parts = adaptation.forward(&[maps]).unwrap().download().unwrap();
        assert_eq!(parts, whole, "{stage:?}");
    }
}

fn grad_cam_has_the_size_of_the_maps(mut network: impl AnyResNet) {
    for (stage, [batch, _, rows, columns]) in MAPS {
        network.set(stage);
        let why = GradCam.analyze(&network, &images(), MaxActivation).unwrap();
        assert_eq!(why.values.dim(), (batch, 1, rows, columns), "{stage:?}");
    }
}

fn the_gradient_can_be_trusted(mut network: impl AnyResNet) {
    let check = GradientCheck::new().directions(3);
    let report = check.run(&network, &image()).unwrap();
    assert!(report.is_trusted(), "{report}");
    network.set(Stage::Layer2);
    let shapes = [image().shape().to_vec()];
    let x = Tensor::upload(image().view().into_dyn(), &network.placement_for(&shapes).unwrap()).unwrap();
    let graph = network.graph(&shapes).unwrap();
    let (features, _) = graph.split(graph.place("layer2").unwrap()).unwrap();
    let maps = features.forward(&[x]).unwrap().download().unwrap();
    let report = check.run(&Rest(&network, shapes), &maps).unwrap();
    assert!(report.is_trusted(), "from layer2 on: {report}");
}

/// What each element of the maps at the network's place contributed, in the way from zero maps.
fn at_the_stage<M>(network: &M) -> Explanation<f32, Ix4>
where
    M: LayerSplit<Backend: Backend<Elem = f32>>,
{
    let path = AtLayer::new(IntegratedGradients::new().quadrature(Quadrature::Trapezoid), network.split_at());
    path.analyze(network, &image(), MaxActivation).unwrap()
}

fn layer_attributions_are_complete(mut network: impl AnyResNet) {
    for (stage, [_, channels, rows, columns]) in MAPS {
        network.set(stage);
        let layer = at_the_stage(&network);
        assert_eq!(layer.values.dim(), (1, channels, rows, columns));
        let gap = layer.extras.completeness_gap.unwrap()[0];
        let total: f64 = layer.values.iter().map(|&v| f64::from(v)).sum();
        println!("{stage:?}: gap {gap:.1e} of {total:.1}");
        assert!(gap.abs() < 0.01 * total.abs(), "{stage:?}: gap {gap} of {total}");
    }
}

macro_rules! tests_of {
    ($framework:ident: $module:ident) => {
        impl AnyResNet for $module::ResNet18 {
            fn load(weights: &Weights<Self::Backend>) -> Self {
                Self::load(weights, Stage::Layer4).unwrap()
            }
            fn set(&mut self, stage: Stage) {
                self.stage = stage;
            }
        }

        mod $framework {
            use super::AnyResNet;
            use super::$module::ResNet18;

            fn network() -> ResNet18 {
                ResNet18::seeded()
            }

            #[test]
            fn the_parts_compose_to_the_whole() {
                super::the_parts_compose_to_the_whole(network());
            }

            #[test]
            fn every_layer_is_a_place() {
                super::every_layer_is_a_place(network());
            }

            #[test]
            fn secants_are_complete() {
                super::secants_are_complete(network());
            }

            #[test]
            fn grad_cam_has_the_size_of_the_maps() {
                super::grad_cam_has_the_size_of_the_maps(network());
            }

            #[test]
            fn the_gradient_can_be_trusted() {
                super::the_gradient_can_be_trusted(network());
            }

            #[test]
            fn layer_attributions_are_complete() {
                super::layer_attributions_are_complete(network());
            }
        }
    };
}

#[cfg(feature = "candle")]
tests_of!(candle: candle_resnet);
#[cfg(feature = "tch")]
tests_of!(tch: tch_resnet);

/// ‖a - b‖ / ‖b‖
fn distance(a: ArrayViewD<'_, f32>, b: ArrayViewD<'_, f32>) -> f64 {
    let norm = |a: &ArrayD<f32>| a.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    let length = norm(&b.to_owned());
    assert!(length > 0.0, "nothing to compare");
    norm(&(&a - &b)) / length
}

#[cfg(all(feature = "candle", feature = "tch"))]
#[test]
fn both_frameworks_agree() {
    let mut candle = candle_resnet::ResNet18::seeded();
    let mut tch = tch_resnet::ResNet18::seeded();
    let on_candle = Gradient.analyze(&candle, &images(), MaxActivation).unwrap();
    let on_tch = Gradient.analyze(&tch, &images(), MaxActivation).unwrap();
    assert_eq!(on_candle.selection, on_tch.selection);
    let outputs = distance(on_candle.output.view(), on_tch.output.view());
    let gradients = distance(on_candle.values.view().into_dyn(), on_tch.values.view().into_dyn());
    println!("outputs {outputs:.1e}, gradients {gradients:.1e}");
    assert!(outputs < 1e-4, "outputs: {outputs:e}");
    assert!(gradients < 1e-2, "gradients: {gradients:e}");
    for (stage, _) in MAPS {
        (candle.stage, tch.stage) = (stage, stage);
        let on_candle = GradCam.analyze(&candle, &images(), MaxActivation).unwrap();
        let on_tch = GradCam.analyze(&tch, &images(), MaxActivation).unwrap();
        let cams = distance(on_candle.values.view().into_dyn(), on_tch.values.view().into_dyn());
        println!("Grad-CAM at {stage:?}: {cams:.1e}");
        assert!(cams < 1e-4, "Grad-CAM at {stage:?}: {cams:e}");
    }
    (candle.stage, tch.stage) = (Stage::Layer3, Stage::Layer3);
    let on_candle = at_the_stage(&candle);
    let on_tch = at_the_stage(&tch);
    let layers = distance(on_candle.values.view().into_dyn(), on_tch.values.view().into_dyn());
    println!("layer attribution {layers:.1e}");
    assert!(layers < 1e-2, "layer attribution: {layers:e}");
}

/// What torchvision saves, with one tensor changed.
fn saved(change: impl FnOnce(&mut BTreeMap<String, ArrayD<f32>>)) -> Weights<NdArray> {
    let weights = seeded::<NdArray>(10, 1).unwrap();
    let names = weights.names().map(|name| (name.to_owned(), weights.array(name).unwrap().to_owned()));
    let mut arrays: BTreeMap<_, _> = names.collect();
    arrays.insert("layer4.1.bn2.num_batches_tracked".into(), ArrayD::zeros(vec![]));
    change(&mut arrays);
    files::decode_weights(&files::encode_arrays(&arrays).unwrap(), ()).unwrap()
}

#[test]
fn a_file_gives_its_own_weights_and_any_number_of_classes() {
    let (read, drawn) = (saved(|_| ()), seeded::<NdArray>(10, 1).unwrap());
    check(&read).unwrap();
    for name in ["conv1.weight", "bn1.running_mean", "layer2.0.downsample.0.weight", "fc.bias"] {
        assert_eq!(read.array(name).unwrap(), drawn.array(name).unwrap(), "{name}");
    }
}

#[test]
fn a_file_of_another_network_is_refused_by_the_tensor_that_does_not_fit() {
    let refusal = |weights: Weights<NdArray>| check(&weights).unwrap_err().to_string();
    let missing = refusal(saved(|arrays| drop(arrays.remove("layer2.0.downsample.0.weight"))));
    assert!(missing.contains("no weight is named `layer2.0.downsample.0.weight`"), "{missing}");
    let shape = refusal(saved(|arrays| drop(arrays.insert("bn1.running_mean".into(), ArrayD::zeros(vec![63])))));
    assert!(shape.contains("weight `bn1.running_mean`: expected shape [64], got [63]"), "{shape}");
    let deeper = refusal(saved(|arrays| drop(arrays.insert("layer1.2.conv1.weight".into(), ArrayD::zeros(vec![1])))));
    assert!(deeper.contains("layer1.2.conv1.weight"), "{deeper}");
}
