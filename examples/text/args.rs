//! The command line.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Explains which words make two sentences alike
///
/// Prints the cosine of the two, and for each sentence what its words add to it, largest first; in a terminal the
/// sentences are coloured, red where a word makes them alike, blue where it makes them differ. The weights come from
/// `scripts/minilm.sh`. Mistakes end with one line on stderr and exit code 2.
#[derive(Debug, Parser)]
#[command(name = "text", version)]
pub(crate) struct Args {
    /// A sentence
    #[arg(default_value = "A man is playing a guitar on the stage.")]
    pub(crate) first: String,

    /// Another one
    #[arg(default_value = "Someone performs music with an instrument.")]
    pub(crate) second: String,

    /// The folder of `config.json`, `tokenizer.json` and `model.safetensors`
    #[arg(long, value_name = "FOLDER", default_value = "target/minilm")]
    pub(crate) model: PathBuf,

    /// The token that stands where a word is taken away
    #[arg(long, value_name = "TOKEN", default_value = "[MASK]")]
    pub(crate) reference: String,

    /// Points on the path
    #[arg(long, default_value_t = 50)]
    pub(crate) n: usize,

    /// Whether to colour
    #[arg(long, value_enum, default_value_t = When::Auto)]
    pub(crate) color: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// In a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Args {
    pub(crate) fn colored(&self) -> bool {
        match self.color {
            When::Auto => stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            When::Always => true,
            When::Never => false,
        }
    }
}
