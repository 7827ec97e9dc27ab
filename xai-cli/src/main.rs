//! The command `xai`: explains what a network saw in a photo, a table or a signal, out of its file.
//!
//! ```sh
//! xai explain net.onnx photo.jpg
//! xai inspect net.onnx
//! xai check net.onnx photo.jpg
//! xai folder net.onnx photos --out explained
//! xai evaluate net.onnx photos
//! xai methods
//! xai patch-candle >> Cargo.toml
//! ```
//!
//! Every mistake ends with one line on stderr and exit code 2, before any output is written; exit code 1 means that all
//! went well and something was found that should be looked at, as a gradient that is wrong. Notes are lines on stderr,
//! behind the results.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod args;
mod check;
mod evaluate;
mod explain;
mod folder;
mod input;
mod inspect;
mod methods;
mod model;
mod near;
mod notes;
mod npy;
mod output;
mod patch;
mod shell;
mod target;
mod tiles;
mod words;

use std::process::ExitCode;

use xai_cli::command_line::{self, Outcome};

use self::args::{Args, Command};

fn main() -> ExitCode {
    command_line::run(|args: &Args| words::spoken(run(args)))
}

fn run(args: &Args) -> Outcome<()> {
    match &args.command {
        Command::Explain(args) => explain::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Check(args) => check::run(args),
        Command::Folder(args) => folder::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Methods { json } => methods::list(*json),
        Command::PatchCandle(args) => patch::run(args),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man => shell::man(),
    }
}
