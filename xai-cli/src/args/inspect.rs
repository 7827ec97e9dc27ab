//! What is asked of a file, and of a gradient.

use std::path::PathBuf;

use clap::Args;
use xai_cli::command_line::{count, seed};

use super::{DataArgs, NetworkArgs, PhotoArgs};

/// What is in a file.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// The shape of the input, where the file leaves it open, as 1x3x480x640 [default: 1 sample, 3 channels and 224
    /// rows and columns for photos]
    #[arg(long, value_name = "LENGTHS", value_parser = shape)]
    pub(crate) shape: Option<Lengths>,

    /// Print one JSON object on stdout instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whether a gradient is right.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// The input around which it is looked: a photo, or what else `xai explain` takes
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,

    /// The place of the network behind which it is looked [default: all of it, or from the embedding on for bytes and
    /// tokens, as `xai explain` does]
    #[arg(long, value_name = "PLACE")]
    pub(crate) at: Option<String>,

    /// Of which output, as `xai explain` takes it [default: of all at once]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,

    /// The names of the classes, for --target
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) labels: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) photo: PhotoArgs,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Along how many random directions
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = count, allow_negative_numbers = true)]
    pub(crate) directions: usize,

    /// The seed of the directions
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: u64,

    /// Print one JSON object on stdout instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// The lengths of the axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lengths(pub(crate) Vec<usize>);

/// No axis of an input is longer.
const LONGEST: usize = 1 << 24;

fn shape(text: &str) -> Result<Lengths, String> {
    let length = |text: &str| text.parse().ok().filter(|length| (1..=LONGEST).contains(length));
    let lengths: Option<Vec<usize>> = text.split('x').map(length).collect();
    lengths.map(Lengths).ok_or_else(|| format!("it is the length of each axis, as 1x3x224x224, up to {LONGEST}"))
}
