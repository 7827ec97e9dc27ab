//! The networks: one that is trained, and two with random weights.

use std::fmt;

use clap::ValueEnum;
use xai::{Backend, BoxModel, Result, files};
use xai_zoo::efficientnet::{EfficientNetLite0, TRAINED};
use xai_zoo::{networks, resnet18};

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
    Ok(match network {
        Network::EfficientNetLite0 => {
            Box::new(EfficientNetLite0::<B>::load(&files::decode_weights(TRAINED, B::Placement::default())?)?)
        }
        Network::ResNet18 => Box::new(networks::build("resnet18", &resnet18::seeded::<B>(1000, 0)?)?),
        Network::Vgg11 => {
            let weights = networks::seeded_vgg::<B>(&[64, 128, 256, 256, 512, 512, 512, 512], 4096, 1000, 0)?;
            Box::new(networks::build("vgg11", &weights)?)
        }
    })
}
