//! Runs tests of ONNX files on every backend: forward against their stored outputs, gradients against finite
//! differences, in `f64`. `scripts/onnx-suite.sh` fetches those that the ONNX project ships and runs this.
//!
//! ```text
//! onnx-suite FOLDER.. [--table FILE] [--list] [--all]
//! ```
//!
//! `--list` prints a line for each, and no table of operators. It fails where a result is wrong, by `--all` where a
//! network is refused too.

mod case;
mod forward;
mod gradient;
mod outcome;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};

use candle_core::DType;
use xai::candle::Candle;
use xai::{Backend, NdArray};
use xai_tch::LibTorch;
use xai_tch::tch::{Device, Kind};

use case::Case;
use outcome::Outcome;

/// Where all tests run, one after the other.
const BACKENDS: [(&str, fn(&Path) -> Outcome); 3] = [
    ("plain arrays", |path| on::<NdArray<f64>>(path, ())),
    ("candle", |path| on::<Candle<f64>>(path, DType::F64)),
    ("libtorch", |path| on::<LibTorch<f64>>(path, (Device::Cpu, Kind::Double))),
];

fn main() -> Result<(), Box<dyn Error>> {
    let (mut folders, mut table, mut list, mut all) = (Vec::new(), None, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--table" => table = arguments.next().map(PathBuf::from),
            "--list" => list = true,
            "--all" => all = true,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut cases = Vec::new();
    for folder in &folders {
        find(folder, &mut cases)?;
    }
    if cases.is_empty() {
        return Err("usage: onnx-suite FOLDER.. [--table FILE] [--list] [--all], and there are no tests".into());
    }
    cases.sort();
    if list {
        println!("| file | backend | forward | gradient |\n|---|---|---|---|");
    }
    let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
    for (backend, run) in BACKENDS {
        let found = cases.iter().map(|path| {
            let outcome = run(path);
            if list {
                println!("{}", outcome.line(backend));
            }
            outcome
        });
        outcomes.push(found.collect());
    }
    let text = table::of(&BACKENDS.map(|(backend, _)| backend), &outcomes);
    match table {
        Some(path) => std::fs::write(path, text)?,
        None if list => {}
        None => print!("{text}"),
    }
    let bad = |outcome: &&Outcome| outcome.is_wrong() || (all && !outcome.is_right());
    let bad: Vec<&str> = outcomes.iter().flatten().filter(bad).map(|outcome| outcome.name.as_str()).collect();
    if !bad.is_empty() {
        if list {
            println!("\nFAILED: {}", bad.join(", "));
        }
        return Err(format!("{} are not right: {}", bad.len(), bad.join(", ")).into());
    }
    Ok(())
}

fn on<B: Backend<Elem = f64>>(path: &Path, at: impl Into<B::Placement>) -> Outcome {
    Case::<B>::read(path, at.into()).map_or_else(Outcome::unreadable, |case| case.run())
}

/// Every `model.onnx` with its data, and every `NAME.onnx` beside a `NAME_output_0.pb`.
fn find(folder: &Path, cases: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, cases)?;
        } else if path.extension().is_some_and(|ending| ending == "onnx") {
            cases.push(path);
        }
    }
    Ok(())
}
