//! What did a ResNet-18 see, at a layer inside it? Forward code on values, in two frameworks.
//!
//! ```sh
//! cargo run --release --example resnet
//! cargo run --release --example resnet -- --stage layer3 --weights resnet18.safetensors --image cat.jpg --check
//! cargo run --release --example resnet --features tch -- --backend tch
//! cargo run --release --example resnet -- --help
//! ```
//!
//! The network is written twice, as users of the frameworks write it: `zoo/src/resnet18/candle.rs` of candle_nn's
//! layers, `zoo/src/resnet18/tch.rs` of tch's. Both are ordinary forward code on values, in which every named layer is
//! a place that Grad-CAM and other methods can be asked at, by torchvision's names.
//!
//! The weights are torchvision's, by its names, as
//! `safetensors.torch.save_file(torchvision.models.resnet18(weights="DEFAULT").state_dict(), "resnet18.safetensors")`
//! writes them. Without a file they are random, the same in both frameworks.
// Without a framework there is no network to explain.
#![cfg_attr(not(any(feature = "candle", feature = "tch")), allow(dead_code, unused_imports))]

mod args;
mod findings;
mod photo;
mod picture;
mod run;

use std::process::ExitCode;

use xai::nn::Weights;
use xai::{Backend, Error, files};
use xai_zoo::command_line::{self, failure};
use xai_zoo::resnet18;

use self::args::{Args, Framework};

fn main() -> ExitCode {
    command_line::run(|args: &Args| match args.framework() {
        #[cfg(feature = "candle")]
        Framework::Candle => run::run(args, &resnet18::candle::ResNet18::load(&weights(args)?, args.stage)?),
        #[cfg(feature = "tch")]
        Framework::Tch => run::run(args, &resnet18::tch::ResNet18::load(&weights(args)?, args.stage)?),
        #[allow(unreachable_patterns)] // with both frameworks
        missing => {
            let feature = format!("{missing:?}").to_lowercase();
            Err(failure(format!("this program was built without {feature}: build it with --features {feature}")))
        }
    })
}

/// The weights of a file, every one of which must have its name and shape, or random ones.
fn weights<B: Backend>(args: &Args) -> xai::Result<Weights<B>> {
    let Some(path) = &args.weights else {
        return resnet18::seeded(1000, 0);
    };
    let weights = files::read_weights::<B>(path, B::Placement::default())?;
    let checked = resnet18::check(&weights);
    checked.map_err(|e| Error::File { action: "read", path: path.clone(), source: e.into() })?;
    Ok(weights)
}
