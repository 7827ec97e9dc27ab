//! Compares xai's attributions on candle and on libtorch with those of other libraries.
//!
//! `compare.sh` runs it with the folder that the Python side wrote, and the families to compare. It prints a Markdown
//! table for each and fails when a difference is above its bound. Before, with `--drawn FILE`, it writes what is drawn
//! at random here, so that Python can use the same. `--errors FOLDER` is for `scripts/shapley-errors.sh`.

mod errors;
mod files;
mod forward;
mod gradients;
mod inside;
mod peers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints a table of what the Python side wrote to a folder, and returns what is above its bound.
type Compare = fn(&Path) -> xai::Result<Vec<String>>;

/// What is compared, by its name: `compare.sh` has the same.
const FAMILIES: [(&str, Compare); 4] = [
    ("gradients", gradients::compare),
    ("inside", inside::compare),
    ("forward", forward::compare),
    ("files", files::compare),
];

/// What is written for Python, to the path behind the option.
const WRITERS: [(&str, fn(&Path) -> xai::Result<()>); 2] = [("--drawn", forward::draw), ("--errors", errors::write)];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if let [option, path] = arguments.as_slice()
        && let Some((_, write)) = WRITERS.iter().find(|writer| *option == *writer.0)
    {
        return match write(Path::new(path)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("compare: {error}");
                ExitCode::from(2)
            }
        };
    }
    let chosen = |name: &&std::ffi::OsString| FAMILIES.iter().find(|family| **name == *family.0);
    let families: Option<Vec<_>> = arguments.iter().skip(1).map(|name| chosen(&name)).collect();
    let (Some(folder), Some(families)) = (arguments.first().map(PathBuf::from), families) else {
        let names = FAMILIES.map(|(name, _)| name).join("|");
        eprintln!("usage: compare FOLDER [{names} ..], where the folder holds one for each, written by compare/python");
        return ExitCode::from(2);
    };
    let families = if families.is_empty() { FAMILIES.iter().collect() } else { families };
    let mut failures = Vec::new();
    for (name, compare) in families {
        println!("\n## {name}\n");
        match compare(&folder.join(name)) {
            Ok(found) => failures.extend(found.into_iter().map(|words| format!("{name}: {words}"))),
            // The others are compared all the same.
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    println!();
    if failures.is_empty() {
        println!("Every difference is within its bound.");
        return ExitCode::SUCCESS;
    }
    failures.iter().for_each(|failure| println!("FAILED: {failure}"));
    ExitCode::FAILURE
}
