//! Tries the gradients of candle-transformers' models: `./zoo.sh` runs it with candle as it is, with the layers of
//! `xai::candle::nn` in copies of their files, and with candle patched.
//!
//! `candle-models [--swapped] [NAME ..]` prints a line of JSON for each model, and `candle-models --table PLAIN SWAPPED
//! PATCHED` the table of three runs. `candle-models [--swapped] --check [NAME ..]` asks `check_gradient` instead, and
//! says how long it takes.

mod audio;
mod entry;
mod explain;
mod language;
mod measure;
mod table;
mod text;
mod vision;
mod vision_language;
mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use serde_json::{Value, json};

use self::entry::{Entry, Subject};

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, files @ ..] = &args[..]
        && flag == "--table"
    {
        return match table::table(files) {
            Ok(table) => {
                print!("{table}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("candle-models: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut flag = |name: &str| {
        let before = args.len();
        args.retain(|arg| arg != name);
        args.len() < before
    };
    let (swapped, check) = (flag("--swapped"), flag("--check"));
    let all = [vision::entries(), vision_language::entries(), text::entries(), language::entries(), audio::entries()];
    for entry in all.iter().flatten().filter(|entry| args.is_empty() || args.iter().any(|name| name == entry.name)) {
        let Some(build) = (if swapped { entry.builds.swapped } else { Some(entry.builds.own) }) else { continue };
        eprintln!("{}", entry.name);
        println!("{}", line(entry, &Subject::new(entry, build), check));
    }
    ExitCode::SUCCESS
}

/// A model's panic is its own line, not the end of the others.
fn line(entry: &Entry, subject: &Subject<'_>, check: bool) -> Value {
    let failed = |why: String| json!({"kind": entry.kind, "name": entry.name, "outcome": why, "rows": false});
    let run = || {
        if check {
            explain::checked(subject).unwrap_or_else(|error| failed(error.to_string()))
        } else {
            measure::measure(subject)
        }
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| failed("panic".into()))
}
