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

mod args;
mod case;
mod curve;
mod networks;
mod path;
mod smooth;

use std::process::ExitCode;

use xai::Backend;
use xai_zoo::backend::{self, Device, Program};
use xai_zoo::command_line::{self, Outcome};

use self::args::Args;

fn main() -> ExitCode {
    command_line::run(|args: &Args| backend::run(args.framework(), Device::Cpu, args))
}

impl Program for Args {
    fn run<B: Backend<Elem = f32>>(&self, _: B::Placement) -> Outcome<()> {
        for network in self.networks() {
            let model = networks::build::<B>(network)?;
            for photo in self.photos() {
                let x = case::input(photo, network)?;
                if self.smooth_grad {
                    smooth::report(self, network, photo, &*model, &x)?;
                    continue;
                }
                for reference in self.references() {
                    path::report(self, &format!("{network}, {photo}, {reference}"), &*model, &x, reference.of(&x)?)?;
                }
            }
        }
        Ok(())
    }
}
