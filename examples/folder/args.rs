//! The command line.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use xai::AnalyzerInfo;
use xai_zoo::backend::{Device, Framework};
use xai_zoo::command_line::{bounded, count};

/// Explains every photo of a folder with EfficientNet-Lite0, each for its most probable class
///
/// Writes a PNG for each, the photo and why, under the class and its probability, and a line of the table results.csv.
/// Photos that cannot be read are named on stderr, the others go on, and the exit code is 1; it is 2 for mistakes,
/// before any work.
#[derive(Debug, Parser)]
#[command(name = "folder", version)]
pub(crate) struct Args {
    /// The folder: its files *.png, *.jpg and *.jpeg are explained; photos of other formats are named
    pub(crate) photos: PathBuf,

    /// Where the pictures go, named after the photos, with the table results.csv; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "explained")]
    pub(crate) out: PathBuf,

    /// Also write the numbers of each photo, NAME.safetensors beside its picture
    #[arg(long)]
    pub(crate) raw: bool,

    /// Do again what is done already [default: photos that have a line in the table, and a picture that is whole and
    /// not older, are left out]
    #[arg(long)]
    pub(crate) again: bool,

    /// The analyzer
    #[arg(long, value_name = "NAME", default_value = "grad-cam", value_parser = names())]
    pub(crate) analyzer: String,

    /// Noisy copies, points of a path: for analyzers that take a mean
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: usize,

    /// How many photos go through the network at once, up to 1024
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = bounded, allow_negative_numbers = true)]
    pub(crate) batch: usize,

    /// How many photos wait before the network, and how many explanations behind it, at most: bounds the memory;
    /// up to 1024
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = bounded, allow_negative_numbers = true)]
    pub(crate) queue: usize,

    /// Read, explain and write each photo before the next is read, for comparison
    #[arg(long, conflicts_with_all = ["batch", "queue"])]
    pub(crate) one_by_one: bool,

    /// The framework that computes [default: candle if this build has it, else tch if it has that, else ndarray]
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) backend: Option<Framework>,

    /// Where it computes: cpu, or cuda:N for the graphics card number N, from 0
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu)]
    pub(crate) device: Device,
}

impl Args {
    /// The framework to run on.
    pub(crate) fn framework(&self) -> Framework {
        self.backend.unwrap_or_default()
    }
}

fn names() -> PossibleValuesParser {
    AnalyzerInfo::all().iter().map(|info| info.name).into()
}
