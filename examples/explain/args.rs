//! The command line.

use std::path::PathBuf;

use clap::Parser;
use xai::AnalyzerInfo;
use xai_zoo::analyzers::by_name;
use xai_zoo::backend::{Device, Framework};
use xai_zoo::efficientnet::CLASSES;
use xai_zoo::options::Options;

/// The analyzers that run when none is named.
const USUAL: [&str; 5] = ["gradient", "input-times-gradient", "smooth-grad", "integrated-gradients", "grad-cam"];

/// Explains why EfficientNet-Lite0 recognises what it does in a photo
///
/// Prints the five most probable classes and writes a picture: the photo, and a heatmap for every analyzer. Mistakes
/// end with one line on stderr and exit code 2, and leave no file.
#[derive(Debug, Parser)]
#[command(name = "explain", version)]
pub(crate) struct Args {
    /// The photo, PNG or JPEG: 224x224 is used as it is, any other size is cropped and resized [default: a bundled one]
    #[arg(long, value_name = "PATH", conflicts_with = "input")]
    pub(crate) image: Option<PathBuf>,

    /// Preprocessed images: the tensor `input` of shape (B,3,224,224) in a safetensors file
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) input: Option<PathBuf>,

    /// An analyzer to run, any that --list names; may be given several times [default: gradient, input-times-gradient,
    /// smooth-grad, integrated-gradients, grad-cam]
    #[arg(long = "analyzer", value_name = "NAME", value_parser = by_name(), hide_possible_values = true)]
    analyzers: Vec<&'static AnalyzerInfo>,

    /// Print all analyzers, one a line: name, title, what it needs of the model, its cost, the options it takes, and
    /// what its values are
    #[arg(long)]
    pub(crate) list: bool,

    /// The class to explain, 0 to 999 [default: each image's most probable]
    #[arg(long, value_name = "N", value_parser = class, allow_negative_numbers = true)]
    pub(crate) class: Option<usize>,

    #[command(flatten)]
    pub(crate) options: Options,

    /// The named place of the network where class activation maps look [default: the one it marks, the last feature
    /// maps]
    #[arg(long, value_name = "NAME")]
    pub(crate) place: Option<String>,

    /// The framework that computes [default: candle if this build has it, else tch if it has that, else ndarray]
    #[arg(long, value_name = "NAME", value_enum)]
    pub(crate) backend: Option<Framework>,

    /// Where it computes: cpu, or cuda:N for the graphics card number N, from 0
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu)]
    pub(crate) device: Device,

    /// Other weights for the same network, of any float type [default: the bundled ones]
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) weights: Option<PathBuf>,

    /// Where the picture goes
    #[arg(long, value_name = "FILE.png", default_value = "explain.png")]
    pub(crate) out: PathBuf,

    /// Also write the numbers, f32: the logits as `output`, and each analyzer's values, not normalised, by its name
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) raw: Option<PathBuf>,

    /// Print one JSON object on stdout instead of text
    ///
    /// backend, device, image or input, samples (class, name, top_five of class, name, probability, logit), analyzers
    /// (by name: milliseconds, and per sample or null completeness_gap, evaluations, estimated_error,
    /// within_tolerance, relevance_arrived, relevance_kept), out, raw.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    /// The framework to run on.
    pub(crate) fn framework(&self) -> Framework {
        self.backend.unwrap_or_default()
    }

    /// The analyzers to run, each once, in the order given.
    ///
    /// # Errors
    /// None for those of the library.
    pub(crate) fn analyzers(&self) -> xai::Result<Vec<&'static AnalyzerInfo>> {
        let usual = USUAL.iter().map(|name| AnalyzerInfo::find(name));
        let given = if self.analyzers.is_empty() { usual.collect::<xai::Result<_>>()? } else { self.analyzers.clone() };
        let mut chosen: Vec<&AnalyzerInfo> = Vec::new();
        for info in given {
            if !chosen.contains(&info) {
                chosen.push(info);
            }
        }
        Ok(chosen)
    }
}

fn class(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&class| class < CLASSES).ok_or_else(|| format!("classes are 0 to {}", CLASSES - 1))
}
