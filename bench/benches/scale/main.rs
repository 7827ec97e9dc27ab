//! How time and memory grow with the number of copies, photos, pixels and threads: prints Markdown tables.
//!
//! ```sh
//! cargo bench -p bench --bench scale                          # everything, about 15 minutes on two cores
//! cargo bench -p bench --bench scale -- sizes --backend candle
//! cargo bench -p bench --bench scale -- folder --photos 200
//! ```
//!
//! The network is EfficientNet-Lite0 with its bundled weights, which takes photos of any size; all settings are at
//! their defaults unless a table says otherwise. It needs `LIBTORCH`.
#![allow(missing_docs)]

mod folder;
mod sizes;
mod threads;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use xai_zoo::command_line;

/// Measures how cost grows.
#[derive(Debug, Parser)]
#[command(name = "scale")]
struct Args {
    /// What to measure [default: all]
    #[arg(value_enum)]
    parts: Vec<Part>,

    /// On which framework; may be given several times [default: both]
    #[arg(long = "backend", value_enum)]
    backends: Vec<Framework>,

    /// Timings of each size, in turn with the others; the fastest counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How many photos the folder has
    #[arg(long, default_value_t = 1000)]
    photos: usize,

    /// Times the analyses once for `threads`, in a process with its own number of threads
    #[arg(long, hide = true)]
    child: bool,

    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Time against the number of copies, the batch and the pixels
    Sizes,
    /// A folder of photos, by the pipeline of the example `folder` and one at a time
    Folder,
    /// One thread against two
    Threads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Framework {
    Candle,
    Tch,
}

impl Args {
    fn parts(&self) -> &[Part] {
        if self.parts.is_empty() { Part::value_variants() } else { &self.parts }
    }

    fn backends(&self) -> &[Framework] {
        if self.backends.is_empty() { Framework::value_variants() } else { &self.backends }
    }
}

fn main() -> ExitCode {
    command_line::run(|args: &Args| {
        if args.child {
            return threads::child(args);
        }
        args.parts().iter().try_for_each(|part| match part {
            Part::Sizes => sizes::report(args),
            Part::Folder => folder::report(args),
            Part::Threads => threads::report(args),
        })
    })
}

/// Runs an expression once for each framework asked for, `$B` standing for it.
macro_rules! for_each_backend {
    ($args:expr, $B:ident => $run:expr) => {
        $args.backends().iter().try_for_each(|framework| -> xai_zoo::command_line::Outcome<()> {
            match framework {
                $crate::Framework::Candle => {
                    type $B = xai::candle::Candle;
                    $run
                }
                $crate::Framework::Tch => {
                    type $B = xai_tch::LibTorch;
                    $run
                }
            }
        })
    };
}
pub(crate) use for_each_backend;

/// A row of a Markdown table.
fn row(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().fold("|".to_owned(), |row, cell| row + " " + &cell + " |")
}

/// The head of a Markdown table, and its rule.
fn head(titles: &[String]) -> String {
    format!("{}\n|{}", row(titles.iter().cloned()), "---|".repeat(titles.len()))
}
