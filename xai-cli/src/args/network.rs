//! Which network, and where it computes.

use std::path::{Path, PathBuf};

use clap::Args;
use xai_cli::backend::{Device, Framework};
use xai_cli::command_line::{bounded, count};

/// A network in a file.
#[derive(Debug, Clone, Args)]
pub(crate) struct NetworkArgs {
    /// The network's file: net.onnx; the weights of a known one, net.safetensors (ResNet, VGG, EfficientNet-Lite0); or
    /// net.pt (TorchScript) in a build with libtorch
    #[arg(value_name = "NETWORK")]
    pub(crate) file: PathBuf,

    /// The output to explain, of those that `xai inspect` lists, or any value that a node of the file computes
    /// [default: the file's first that is not of whole numbers, as a label is]
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    pub(crate) output: Option<String>,

    /// Explain the output as it is, where it ends in a softmax or a sigmoid [default: the score before it, since a
    /// probability that is near 1 hardly changes]
    #[arg(long, help_heading = "Network")]
    pub(crate) after_softmax: bool,

    /// What another input of the network always is: a number in all of its places, or a file of numbers; may be given
    /// several times
    #[arg(long = "input", value_name = "NAME=NUMBER|NAME=FILE.npy", value_parser = other, help_heading = "Network")]
    pub(crate) others: Vec<Other>,

    /// The input has no batch axis: its first axis is of one sample, as frames in time that look at each other. It runs
    /// as one sample, and --target says the frame
    #[arg(long, help_heading = "Network")]
    pub(crate) no_batch: bool,

    /// The output has no batch axis in front, as (time, samples, labels), or none: the network runs one sample at a
    /// time, and --target says a number for each axis of the output
    #[arg(long, conflicts_with = "no_batch", help_heading = "Network")]
    pub(crate) one_sample: bool,

    /// The framework that computes [default: candle if this build has it, else tch if it has that, else ndarray]
    #[arg(long, value_name = "NAME", value_enum, help_heading = "Network")]
    pub(crate) backend: Option<Framework>,

    /// Where it computes: cpu, or cuda:N for the graphics card number N, from 0
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu, help_heading = "Network")]
    pub(crate) device: Device,

    /// How many threads compute [default: as many as the machine has cores]
    #[arg(long, value_name = "N", value_parser = bounded, allow_negative_numbers = true, help_heading = "Network")]
    pub(crate) threads: Option<usize>,

    /// How many numbers one value of an ONNX file's network may have, since a few bytes of a file can ask for any
    /// number of them [default: 268435456]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Network")]
    pub(crate) limit: Option<usize>,

    /// How many numbers all values of one forward pass of an ONNX file's network may have together, inputs among them
    /// and weights not; one value may then have as many [default: as many as --limit, and 16384 more for each number of
    /// the inputs and each byte of the file]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Network")]
    pub(crate) pass_limit: Option<usize>,
}

/// What an input is that is not explained.
#[derive(Debug, Clone)]
pub(crate) enum Other {
    /// The same number in all of its places.
    Number(String, f32),
    /// The numbers of a file.
    File(String, PathBuf),
}

impl NetworkArgs {
    /// The framework to run on.
    pub(crate) fn framework(&self) -> Framework {
        self.backend.unwrap_or_default()
    }

    /// The files that are read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let others = self.others.iter().filter_map(|other| match other {
            Other::File(_, path) => Some(path.as_path()),
            Other::Number(..) => None,
        });
        std::iter::once(self.file.as_path()).chain(others)
    }
}

fn other(text: &str) -> Result<Other, String> {
    let (name, value) = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or(
        "it is the name of an input, then = and a number, or the name of a .npy file: `sr=16000`, `mask=mask.npy`",
    )?;
    match value.parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(Other::Number(name.to_owned(), number)),
        Ok(number) => Err(format!("{number} is no number that a network can be given")),
        Err(_) => Ok(Other::File(name.to_owned(), value.into())),
    }
}
