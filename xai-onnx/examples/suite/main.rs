//! Runs the tests that the ONNX project ships: forward against their stored outputs, gradients against finite
//! differences, in `f64` on plain arrays. `scripts/onnx-suite.sh` fetches them and runs this.
//!
//! ```text
//! suite FOLDER.. [--table FILE] [--list]
//! ```

mod case;
mod forward;
mod gradient;
mod outcome;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};

use case::Case;
use outcome::Outcome;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut folders, mut table, mut list) = (Vec::new(), None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--table" => table = arguments.next().map(PathBuf::from),
            "--list" => list = true,
            folder => folders.push(PathBuf::from(folder)),
        }
    }
    let mut cases = Vec::new();
    for folder in &folders {
        find(folder, &mut cases)?;
    }
    cases.sort();
    let mut outcomes = Vec::new();
    for path in cases {
        let outcome = Case::read(&path).map_or_else(Outcome::unreadable, |case| case.run());
        if list {
            println!("{}", outcome.line());
        }
        outcomes.push(outcome);
    }
    let text = table::of(&outcomes);
    match table {
        Some(path) => std::fs::write(path, text)?,
        None => print!("{text}"),
    }
    let wrong = outcomes.iter().filter(|outcome| outcome.is_wrong()).count();
    if wrong > 0 {
        return Err(format!("{wrong} cases are wrong").into());
    }
    Ok(())
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
