//! The networks: one that is trained, and two with random weights.

use std::fmt;

use clap::ValueEnum;
use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use xai::nn::Weights;
use xai::{Backend, BoxModel, Result, files};

use crate::checkpoint;
use crate::network::EfficientNetLite0;

#[path = "../../compare/src/networks/resnet.rs"]
mod resnet;
#[path = "../../compare/src/networks/vgg.rs"]
mod vgg;

const TRAINED: &[u8] = include_bytes!("../../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");

/// A network for images (B, 3, 224, 224), with a thousand classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    #[value(name = "efficientnet-lite0")]
    EfficientNetLite0,
    #[value(name = "resnet18")]
    ResNet18,
    #[value(name = "vgg11")]
    Vgg11,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Network::EfficientNetLite0 => "EfficientNet-Lite0",
            Network::ResNet18 => "ResNet-18 (random weights)",
            Network::Vgg11 => "VGG-11 (random weights)",
        })
    }
}

impl Network {
    /// Mean and standard deviation of the channels.
    pub(crate) fn normalization(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Network::EfficientNetLite0 => ([127.0 / 255.0; 3], [128.0 / 255.0; 3]),
            Network::ResNet18 | Network::Vgg11 => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        }
    }
}

/// A network on any backend.
pub(crate) fn build<B: Backend>(network: Network) -> Result<BoxModel<'static, B>> {
    let place = B::Placement::default;
    Ok(match network {
        Network::EfficientNetLite0 => {
            Box::new(EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, place())?)?)
        }
        Network::ResNet18 => Box::new(resnet::resnet(&checkpoint::seeded::<B>(1000, 0)?, &[2, 2, 2, 2])?),
        Network::Vgg11 => Box::new(vgg::vgg(&vgg_weights::<B>()?, 7)?),
    })
}

/// VGG-11's weights, drawn from a seed after He et al. (2015), arXiv:1502.01852.
fn vgg_weights<B: Backend>() -> Result<Weights<B>> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let convolutions = [(0, 3, 64), (3, 64, 128), (6, 128, 256), (8, 256, 256), (11, 256, 512), (13, 512, 512)];
    let convolutions = convolutions.into_iter().chain([(16, 512, 512), (18, 512, 512)]);
    let layers = convolutions.map(|(at, input, output)| (format!("features.{at}"), vec![output, input, 3, 3]));
    let linear = [(0, 512 * 49, 4096), (3, 4096, 4096), (6, 4096, 1000)];
    let layers = layers.chain(linear.map(|(at, input, output)| (format!("classifier.{at}"), vec![output, input])));
    let mut weights = Vec::new();
    for (name, shape) in layers {
        let (outputs, inputs) = (shape[0], shape.iter().skip(1).product::<usize>());
        let mut draw = |shape: Vec<usize>, std: f64| {
            ArrayD::from_shape_simple_fn(shape, || {
                let normal: f64 = StandardNormal.sample(&mut rng);
                xai::Element::of(std * normal)
            })
        };
        #[allow(clippy::cast_precision_loss)]
        weights.push((format!("{name}.weight"), draw(shape, (2.0 / inputs as f64).sqrt())));
        weights.push((format!("{name}.bias"), draw(vec![outputs], 0.1)));
    }
    Weights::new(weights, B::Placement::default())
}
