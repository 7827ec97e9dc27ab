//! A picture, a line of a table and, with `--raw`, the numbers for every photo of a folder.
//!
//! ```sh
//! cargo run --release --example folder -- photos --out explained
//! cargo run --release --example folder -- photos --out explained --analyzer smooth-grad --n 20 --again
//! cargo run --release --example folder --features tch -- photos --backend tch
//! cargo run --release --example folder -- --help
//! ```
//!
//! Every PNG and JPEG of the folder, sorted by name, is explained for its most probable class by EfficientNet-Lite0.
//! The class and its probability stand in the picture and in `results.csv`. Threads read the photos, one explains them,
//! a few at a time, and others write the pictures; `--one-by-one` does each in turn, for comparison. A run may be
//! stopped at any time: the next one does what is left. A photo that cannot be read is named on stderr with the reason,
//! the others go on, and the exit code is 1.
//!
//! All of it is the runner of the command `xai`, `xai_cli::runner`, which takes any model.

mod args;
mod run;

use std::process::ExitCode;

use xai_zoo::{backend, command_line};

use self::args::Args;

fn main() -> ExitCode {
    command_line::run(|args: &Args| backend::run(args.framework(), args.device, args))
}
