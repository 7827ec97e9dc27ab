//! Whole networks: gradients against central finite differences in double precision on plain arrays, and the frameworks
//! against plain arrays.
#![allow(clippy::unwrap_used, missing_docs)]

mod differences;
#[cfg(any(feature = "candle", feature = "tch"))]
mod frameworks;

use ndarray::Array4;
use xai::{Backend, BoxModel, Element, files};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::{networks, resnet18};

/// EfficientNet-Lite0 and ResNet-18 as they are, VGG-16 with all its layers and an eighth of its channels.
const ALL: [&str; 3] = ["efficientnet-lite0", "resnet18", "vgg16"];

/// A network, with the same weights on every backend.
fn build<B: Backend>(name: &str, placement: impl Fn() -> B::Placement) -> BoxModel<'static, B> {
    let to = |weights: xai::nn::Weights<B>| {
        let arrays = weights.names().map(|name| (name.to_owned(), weights.array(name).unwrap().to_owned()));
        xai::nn::Weights::new(arrays.collect::<Vec<_>>(), placement()).unwrap()
    };
    match name {
        "efficientnet-lite0" => {
            Box::new(EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, placement()).unwrap()).unwrap())
        }
        "resnet18" => Box::new(networks::build(name, &to(resnet18::seeded(10, 0).unwrap())).unwrap()),
        "vgg16" => {
            let widths = [8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64];
            Box::new(networks::build(name, &to(networks::seeded_vgg(&widths, 64, 10, 0).unwrap())).unwrap())
        }
        other => panic!("no network {other}"),
    }
}

/// Two images of 32 × 32 without even areas, so that no maximum is met twice.
fn images<E: Element>() -> Array4<E> {
    Array4::from_shape_fn((2, 3, 32, 32), |(n, c, i, j)| {
        let (n, c, i, j) = (n as f64, c as f64, i as f64, j as f64);
        E::of((0.37 * i + 1.3 * c + n).sin() + (0.23 * j * (1.0 + 0.2 * n) - 0.7 * c).cos() + (1.7 * i * j + c).sin())
    })
}
