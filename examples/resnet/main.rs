//! What did a ResNet-18 see, at a layer inside it? Forward code on values, in two frameworks.
//!
//! ```sh
//! cargo run --release --example resnet
//! cargo run --release --example resnet -- --stage layer3 --weights resnet18.safetensors --image cat.jpg --check
//! cargo run --release --example resnet --features tch -- --backend tch
//! cargo run --release --example resnet -- --help
//! ```
//!
//! The network is written twice, as users of the frameworks write it: `candle_resnet.rs` of candle_nn's layers,
//! `tch_resnet.rs` of tch's. Both are ordinary forward code on values, in which every named layer is a place that
//! Grad-CAM and other methods can be asked at, by torchvision's names.
//!
//! The weights are torchvision's, by its names, as
//! `safetensors.torch.save_file(torchvision.models.resnet18(weights="DEFAULT").state_dict(), "resnet18.safetensors")`
//! writes them. Without a file they are random, the same in both frameworks.
// Without a framework there is no network to explain.
#![cfg_attr(not(any(feature = "candle", feature = "tch")), allow(dead_code, unused_imports))]

mod args;
#[cfg(feature = "candle")]
mod candle_resnet;
mod checkpoint;
#[path = "../explain/command_line.rs"]
mod command_line;
mod findings;
#[path = "../explain/imagenet.rs"]
mod imagenet;
mod photo;
#[path = "../explain/photo_file.rs"]
mod photo_file;
mod picture;
mod run;
mod stage;
#[cfg(feature = "tch")]
mod tch_resnet;

use std::process::ExitCode;

use xai::Backend;
use xai::nn::Weights;

use self::args::{Args, Framework};
use self::command_line::failure;

fn main() -> ExitCode {
    command_line::run(|args: &Args| match args.framework() {
        #[cfg(feature = "candle")]
        Framework::Candle => run::run(args, &candle_resnet::ResNet18::load(&weights(args)?, args.stage)?),
        #[cfg(feature = "tch")]
        Framework::Tch => run::run(args, &tch_resnet::ResNet18::load(&weights(args)?, args.stage)?),
        #[allow(unreachable_patterns)] // with both frameworks
        missing => {
            let feature = format!("{missing:?}").to_lowercase();
            Err(failure(format!("this program was built without {feature}: build it with --features {feature}")))
        }
    })
}

fn weights<B: Backend>(args: &Args) -> xai::Result<Weights<B>> {
    match &args.weights {
        Some(path) => checkpoint::read(path),
        None => checkpoint::seeded(1000, 0),
    }
}
