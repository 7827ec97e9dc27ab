//! A picture for every photo of a folder: reading, explaining and writing overlap, and queues bound the memory.
//!
//! ```sh
//! cargo run --release --example folder -- photos --out explained
//! cargo run --release --example folder -- photos --out explained --analyzer smooth-grad --n 20
//! cargo run --release --example folder --features tch -- photos --backend tch
//! cargo run --release --example folder -- --help
//! ```
//!
//! Every PNG and JPEG of the folder, sorted by name, is explained for its most probable class by EfficientNet-Lite0.
//! Threads read the photos, one explains them, a few at a time, and others write the pictures; `--one-by-one` does each
//! in turn, for comparison. A photo that cannot be read is named on stderr with the reason, the others go on, and the
//! exit code is 2.

mod args;
mod run;

use std::process::ExitCode;

use xai_zoo::{backend, command_line};

use self::args::Args;

fn main() -> ExitCode {
    command_line::run(|args: &Args| backend::run(args.framework(), args.device, args))
}
