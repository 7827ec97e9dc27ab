//! Which method is most faithful on EfficientNet-Lite0? The library's analyzers, ranked by five metrics.
//!
//! ```sh
//! cargo run --release --example evaluate -- --crops 4
//! cargo run --release --example evaluate -- --analyzer gradient --analyzer lrp-epsilon-plus --csv scores.csv
//! cargo run --release --example evaluate -- --crops 4 --curves curves.png
//! cargo run --release --example evaluate -- --help
//! ```
//!
//! The bundled photos and crops of them are explained one by one, for the most probable class of each, and every map is
//! scored on a grid of features: how the class's probability rises as the most important cells come (insertion), falls
//! as they go (deletion), whether the order is right when what goes is imputed (ROAD), how far sums of the values are
//! from what the logit does (infidelity, with the factor that suits the values best), and how alike the map is to that
//! of the same network with random weights. A table in Markdown on stdout has the mean of each, with an interval over
//! the photos, whose crops are alike, sorted by the mean rank, beside random maps. `docs/evaluation.md` tells more.

mod args;
mod crops;
mod run;

use std::process::ExitCode;

use xai_zoo::{backend, command_line};

use self::args::Args;

fn main() -> ExitCode {
    command_line::run(|args: &Args| backend::run(args.framework(), args.device, args))
}
