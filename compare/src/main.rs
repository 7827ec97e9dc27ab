//! Compares xai's attributions on candle and on libtorch with those that Captum gave.
//!
//! `compare.sh` runs it with the folder that the Python side wrote. It prints a Markdown table and fails when a
//! difference is above its bound.

mod copy_by_copy;
mod frameworks;
mod run;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::run::Run;
use crate::table::Table;

/// The cases that the Python side makes.
const CASES: [&str; 6] = ["mini_resnet", "mini_vgg", "mini_kinds", "resnet18", "vgg11", frameworks::EFFICIENTNET];

/// Stands before the list of what kinks explain.
const KINKS: &str = "Kinks: a relu has one slope below its corner and another above. Where 32 bits round a value to \
                     the other side than PyTorch's do, the gradient of every pixel that reaches this value changes. In \
                     64 bits the same analyses agree:";

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: compare FOLDER, with the cases that compare/python/make.py wrote");
        return ExitCode::from(2);
    };
    match compare(&folder) {
        Ok(failures) if failures.is_empty() => {
            println!("\nEvery difference is within its bound.");
            ExitCode::SUCCESS
        }
        Ok(failures) => {
            println!();
            failures.iter().for_each(|failure| println!("FAILED: {failure}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the table of all cases, with what explains its larger differences, and returns what is above its bound.
fn compare(folder: &Path) -> xai::Result<Vec<String>> {
    println!("{}", Table::head());
    let (mut failures, mut kinks) = (Vec::new(), Vec::new());
    for name in CASES {
        let case = frameworks::case(folder, name)?;
        let mut table = Table::new(&case);
        for run in Run::ALL {
            eprintln!("  {name}: {}", run.title());
            table.add(run, frameworks::differences(folder, name, &case, run)?);
        }
        print!("{}", table.rows(name));
        failures.extend(table.failures(name));
        kinks.extend(table.kinks(name));
    }
    if !kinks.is_empty() {
        println!("\n{KINKS}\n");
        kinks.iter().for_each(|kink| println!("- {kink}"));
    }
    Ok(failures)
}
