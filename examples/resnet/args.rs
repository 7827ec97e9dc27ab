//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use xai_zoo::resnet18::Stage;

/// Explains what a ResNet-18 saw in a photo, at a layer inside it
///
/// Prints the class and writes a picture: the photo, Grad-CAM at a stage, and Integrated Gradients of the feature maps
/// there. Mistakes end with one line on stderr and exit code 2, and leave no file.
#[derive(Debug, Parser)]
#[command(name = "resnet", version)]
pub(crate) struct Args {
    /// The photo, PNG or JPEG, of any size [default: a bundled one]
    #[arg(long, value_name = "PATH")]
    pub(crate) image: Option<PathBuf>,

    /// Weights by torchvision's names, of any float type [default: random ones]
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) weights: Option<PathBuf>,

    /// The stage that is looked at
    #[arg(long, value_enum, default_value_t = Stage::Layer4)]
    pub(crate) stage: Stage,

    /// The framework [default: candle, or tch where that is the only one built in]
    #[arg(long, value_enum)]
    pub(crate) backend: Option<Framework>,

    /// First compare the network's gradient with finite differences, and go on only if it can be trusted
    #[arg(long)]
    pub(crate) check: bool,

    /// Where the picture goes
    #[arg(long, value_name = "FILE.png", default_value = "resnet.png")]
    pub(crate) out: PathBuf,
}

/// A framework that the network is written in.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Framework {
    Candle,
    Tch,
}

impl Args {
    pub(crate) fn framework(&self) -> Framework {
        let only_tch = cfg!(all(feature = "tch", not(feature = "candle")));
        self.backend.unwrap_or(if only_tch { Framework::Tch } else { Framework::Candle })
    }
}
