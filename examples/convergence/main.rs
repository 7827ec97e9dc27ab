//! How many gradients does an explanation need? Errors of Integrated Gradients and SmoothGrad against their cost.
//!
//! ```sh
//! cargo run --release --example convergence
//! cargo run --release --example convergence -- --network efficientnet-lite0 --reference zeros --photo chelsea
//! cargo run --release --example convergence -- --smooth-grad
//! cargo run --release --example convergence --features tch -- --backend tch
//! ```
//!
//! For every network, photo and reference the map of a thousand points is taken for the truth, and each rule's relative
//! error ‖Â - A‖₂ / ‖A‖₂ is told for several numbers of points, beside the completeness gap. Captum's rules are among
//! them. EfficientNet-Lite0 has its trained weights; ResNet-18 and VGG-11 have random ones, the same in every run.
//! The tables of the day are in `docs/path-nodes.md`.
#![cfg_attr(not(any(feature = "candle", feature = "tch")), allow(dead_code, unused_imports))]

mod args;
mod case;
#[path = "../resnet/checkpoint.rs"]
#[allow(dead_code)] // it reads files as well
mod checkpoint;
#[path = "../explain/command_line.rs"]
mod command_line;
mod curve;
#[allow(dead_code)] // its side is that of every network here
#[path = "../explain/network.rs"]
mod network;
mod networks;
mod path;
mod smooth;

use std::process::ExitCode;

use xai::Backend;

use self::args::{Args, Framework};
use self::command_line::{Outcome, failure};

fn main() -> ExitCode {
    command_line::run(|args: &Args| match args.framework() {
        #[cfg(feature = "candle")]
        Framework::Candle => run::<xai::candle::Candle>(args),
        #[cfg(feature = "tch")]
        Framework::Tch => run::<xai::tch::LibTorch>(args),
        #[allow(unreachable_patterns)] // with both frameworks
        missing => {
            let feature = format!("{missing:?}").to_lowercase();
            Err(failure(format!("this program was built without {feature}: build it with --features {feature}")))
        }
    })
}

fn run<B: Backend<Elem = f32>>(args: &Args) -> Outcome<()> {
    for network in args.networks() {
        let model = networks::build::<B>(network)?;
        for photo in args.photos() {
            let x = case::input(photo, network)?;
            if args.smooth_grad {
                smooth::report(args, network, photo, &*model, &x)?;
                continue;
            }
            for reference in args.references() {
                path::report(args, &format!("{network}, {photo}, {reference}"), &*model, &x, reference.of(&x)?)?;
            }
        }
    }
    Ok(())
}
