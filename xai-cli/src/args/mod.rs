//! The command line.

mod data;
mod explain;
mod inspect;
mod many;
mod network;
mod photo;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::patch::{PatchArgs, edits};

pub(crate) use self::data::{Baseline, DataArgs};
pub(crate) use self::explain::ExplainArgs;
pub(crate) use self::inspect::{CheckArgs, InspectArgs, Lengths};
pub(crate) use self::many::{EvaluateArgs, FolderArgs};
pub(crate) use self::network::{NetworkArgs, Other};
pub(crate) use self::photo::{Crop, Layout, PhotoArgs, Preset};

/// Explains what a network saw, out of its file: why this class, and where in the photo
///
/// `xai explain net.onnx photo.jpg` prints the most probable classes and writes a picture: the photo, and a heatmap for
/// every method. Results go to stdout, progress and notes to stderr.
#[derive(Debug, Parser)]
#[command(name = "xai", version, after_long_help = AFTER)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "Exit codes:
  0  all was done
  1  all was done, and something was found that should be looked at: a gradient that is wrong;
     values that are all 0, that do not add up (a completeness gap of more than 10 % of the
     change of the output that they share out, and 1 % of their length), or whose error is
     estimated as more than 100 % of them; a tolerance that was not met; a file of several, or
     an operator, that cannot be explained. Relevance that a rule keeps on the way is no such
     thing, but a note
  2  a mistake in the command line, a file that cannot be read, a network that cannot be explained
     in this way: one line on stderr, and no output was written

Files appear whole or not at all. What a run that is stopped, as by Ctrl-C, had begun stays as a
hidden file, .xai-draft-*, until the next run that writes to that folder clears it away";

/// A part of the command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Why did the network decide so? A picture, numbers, and words for one input
    Explain(Box<ExplainArgs>),
    /// What is in a file: inputs, outputs, operators, places with shapes, and what can be explained how
    Inspect(InspectArgs),
    /// Is the network's gradient right? Compares it with finite differences, and says so in words
    Check(Box<CheckArgs>),
    /// A picture for every photo, array or sound of a folder, and a table; what is done is not done again
    Folder(Box<FolderArgs>),
    /// Which method is most faithful on this network? Ranks them by five metrics, over photos or other inputs
    Evaluate(Box<EvaluateArgs>),
    /// All methods, one a line: name, title, what it needs, what it costs, its options, and what its values are
    Methods {
        /// Print one JSON object on stdout instead of text
        #[arg(long)]
        json: bool,
    },
    /// Gives a Rust project's candle the gradients that it lacks: copies it, and prints lines for Cargo.toml
    #[command(long_about = edits())]
    PatchCandle(PatchArgs),
    /// The script that completes the command in a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// The manual's page, for man(1): `xai man > xai.1`
    Man,
}
