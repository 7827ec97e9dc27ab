//! The networks, and what they are explained with.

use ndarray::{ArrayD, array};
use xai::nn::Weights;
use xai::{Analyzer, Backend, BoxModel, Element, Given, Ids, Index, NdArray, Tensor, files};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::networks::{self, Bert, UNet, Vit, seeded_bert, seeded_unet, seeded_vgg, seeded_vit};
use xai_zoo::resnet18;

/// Plain arrays in double precision: the truth.
pub(crate) type Truth = NdArray<f64>;

/// EfficientNet-Lite0 and ResNet-18 as they are, VGG-16 with all its layers and an eighth of its channels, and three
/// small networks that are written as forward code.
pub(crate) const ALL: [&str; 6] = ["efficientnet-lite0", "resnet18", "vgg16", "vit", "bert", "unet"];

/// A network, with the same weights on every backend.
pub(crate) fn build<B: Backend>(name: &str, placement: impl Fn() -> B::Placement) -> BoxModel<'static, B> {
    let to = |weights: Weights<B>| moved(&weights, placement());
    match name {
        "efficientnet-lite0" => {
            Box::new(EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, placement()).unwrap()).unwrap())
        }
        "resnet18" => Box::new(networks::build(name, &to(resnet18::seeded(10, 0).unwrap())).unwrap()),
        "vgg16" => {
            let widths = [8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64];
            Box::new(networks::build(name, &to(seeded_vgg(&widths, 64, 10, 0).unwrap())).unwrap())
        }
        "vit" => Box::new(Vit::of_convolved_patches(&to(seeded_vit(0).unwrap())).unwrap()),
        "bert" => Box::new(Bert::load(&to(seeded_bert(0).unwrap())).unwrap()),
        "unet" => Box::new(UNet::load(&to(seeded_unet(0).unwrap())).unwrap()),
        other => panic!("no network {other}"),
    }
}

/// The same weights at another place.
fn moved<B: Backend>(weights: &Weights<B>, placement: B::Placement) -> Weights<B> {
    let arrays = weights.names().map(|name| (name.to_owned(), weights.array(name).unwrap().to_owned()));
    Weights::new(arrays.collect::<Vec<_>>(), placement).unwrap()
}

/// The inputs of up to three samples: an image, or ids, what is added to their words, and a mask.
pub(crate) fn inputs(name: &str, samples: usize) -> Vec<ArrayD<f64>> {
    match name {
        "vit" => vec![images(&[samples, 2, 4, 6])],
        "unet" => vec![images(&[samples, 2, 8, 12])],
        "bert" => {
            let ids = array![[1.0, 8.0, 0.0, 3.0, 3.0], [2.0, 2.0, 7.0, 0.0, 0.0], [5.0, 4.0, 0.0, 0.0, 0.0]];
            let mask = array![[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0]];
            let shift = images(&[3, 1, 5, 4]).into_shape_with_order(vec![3, 5, 4]).unwrap() * 0.1;
            rows(&[ids.into_dyn(), shift, mask.into_dyn()], &(0..samples).collect::<Vec<_>>())
        }
        _ => vec![images(&[samples, 3, 32, 32])],
    }
}

/// These samples of a batch.
pub(crate) fn rows(inputs: &[ArrayD<f64>], which: &[usize]) -> Vec<ArrayD<f64>> {
    inputs.iter().map(|input| input.select(ndarray::Axis(0), which)).collect()
}

/// Images without even areas, so that no maximum is met twice.
fn images(shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_fn(shape, |at| {
        let [n, c, i, j] = [0, 1, 2, 3].map(|axis| at[axis] as f64);
        (0.37 * i + 1.3 * c + n).sin() + (0.23 * j * (1.0 + 0.2 * n) - 0.7 * c).cos() + (1.7 * i * j + c).sin()
    })
}

/// Which of the inputs is explained.
pub(crate) fn explained(inputs: &[ArrayD<f64>]) -> usize {
    usize::from(inputs.len() > 1)
}

/// The output that is explained: of a U-Net, a class of one pixel.
pub(crate) fn class(name: &str) -> Vec<usize> {
    match name {
        "vit" | "bert" => vec![1],
        "unet" => vec![1, 4, 6],
        _ => vec![7],
    }
}

/// A place where class activation maps have several pixels, or tokens.
pub(crate) fn place(name: &str) -> &'static str {
    match name {
        "efficientnet-lite0" => "blocks.10",
        "resnet18" => "layer3",
        "vgg16" => "features.29",
        "vit" => "block0",
        "bert" => "encoder.layer1",
        "unet" => "up1",
        other => panic!("no network {other}"),
    }
}

/// What an analysis gives, in double precision.
pub(crate) struct Found {
    pub(crate) output: ArrayD<f64>,
    pub(crate) values: ArrayD<f64>,
    pub(crate) gaps: Option<Vec<f64>>,
}

pub(crate) fn explain<B: Backend>(
    name: &str,
    model: &BoxModel<'static, B>,
    analyzer: &dyn Analyzer<BoxModel<'static, B>>,
    inputs: &[ArrayD<f64>],
) -> Found {
    let typed: Vec<ArrayD<B::Elem>> = inputs.iter().map(|x| x.mapv(B::Elem::of)).collect();
    let class = Index(class(name));
    let (output, values, extras) = match &typed[..] {
        [ids, shift, mask] => {
            let ids = ids.mapv(|id| id.as_f64() as i64);
            let why = (&analyzer).analyze(model, (Ids(&ids), shift, Given(mask)), class).unwrap();
            let ((), values, ()) = why.values;
            (why.output, values, why.extras)
        }
        [x] => {
            let why = (&analyzer).analyze(model, x, class).unwrap();
            (why.output, why.values, why.extras)
        }
        other => panic!("{name} has no {} inputs", other.len()),
    };
    Found {
        output: output.mapv(Element::as_f64),
        values: values.mapv(Element::as_f64),
        gaps: extras.completeness_gap.map(|gaps| gaps.into_iter().map(Element::as_f64).collect()),
    }
}

/// The model's output on plain arrays.
pub(crate) fn output(model: &BoxModel<'static, Truth>, inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape().to_vec()).collect();
    model.graph(&shapes).unwrap().forward(&tensors(inputs)).unwrap().download().unwrap()
}

pub(crate) fn tensors(inputs: &[ArrayD<f64>]) -> Vec<Tensor<Truth>> {
    inputs.iter().map(|input| Tensor::new(input.clone().into_shared())).collect()
}

/// The explained outputs of all samples, one by one.
pub(crate) fn of_class(name: &str, output: &ArrayD<f64>) -> Vec<f64> {
    let class = class(name);
    output.outer_iter().map(|row| row[&class[..]]).collect()
}

/// ‖got - expected‖₂ / ‖expected‖₂
pub(crate) fn distance(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> f64 {
    let norm = |a: &ArrayD<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert_eq!(got.shape(), expected.shape());
    assert!(norm(expected) > 0.0, "nothing to compare");
    norm(&(got - expected)) / norm(expected)
}
