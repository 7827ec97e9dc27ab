//! Times this library beside Captum, pytorch-grad-cam and the bare frameworks.
//!
//! `bench.sh` runs it. Each contestant is a process of its own, which answers on its standard output: this program
//! again, as `bench worker`, or `bench/python/worker.py`. The driver lets them run one at a time, in turn, and writes
//! the table.

mod args;
mod bare;
mod driver;
mod worker;

use std::process::ExitCode;

use clap::Parser;
use xai_zoo::command_line::Outcome;

use crate::args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome: Outcome<()> = match &args.command {
        Some(Command::Worker(job)) => worker::serve(job),
        None => driver::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
