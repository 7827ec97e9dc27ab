//! What an input is that is no photo, and what stands for nothing.

use std::path::PathBuf;

use clap::Args;
use xai::Reference;
use xai_cli::options;

/// Tables, signals, bytes and tokens.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Tables, signals, tokens")]
pub(crate) struct DataArgs {
    /// The row of a table (.csv, .tsv) that is explained, from 0 behind the line of names [default: 0]
    #[arg(long, value_name = "N", value_parser = row, allow_negative_numbers = true)]
    pub(crate) row: Option<usize>,

    /// The columns of a table that the network takes, by their names with commas between, in its order [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Which whole number fills bytes or tokens up to the length that the network takes
    #[arg(long, value_name = "ID", value_parser = pad, allow_negative_numbers = true)]
    pub(crate) pad: Option<u32>,
}

impl DataArgs {
    /// The first of these options that was given and is not one of `taken`, which are those that this input has a use
    /// for.
    pub(crate) fn idle(&self, taken: &[&str]) -> Option<&'static str> {
        let given =
            [("--row", self.row.is_some()), ("--columns", !self.columns.is_empty()), ("--pad", self.pad.is_some())];
        given.into_iter().find(|(option, given)| *given && !taken.contains(option)).map(|(option, _)| option)
    }
}

fn row(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "it is a whole number: 0 is the row behind the line of names, 1 the next one".into())
}

fn pad(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("it is a whole number from 0 to {}", u32::MAX))
}

/// What stands for nothing.
#[derive(Debug, Clone)]
pub(crate) enum Baseline {
    Mean,
    File(PathBuf),
    Everywhere(Reference),
}

pub(super) fn reference(text: &str) -> Result<Baseline, String> {
    match text {
        "mean" => Ok(Baseline::Mean),
        text if text.ends_with(".npy") => Ok(Baseline::File(text.into())),
        text => options::reference(text)
            .map(Baseline::Everywhere)
            .map_err(|_| "it is zeros, mean, lowest, highest, a number, or the name of a file .npy".into()),
    }
}
