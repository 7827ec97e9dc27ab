//! The command line.

use std::path::PathBuf;

use clap::Parser;
use xai::{AnalyzerInfo, Quadrature};
use xai_zoo::analyzers::by_name;
use xai_zoo::backend::{Device, Framework};
use xai_zoo::command_line::{count, seed};
use xai_zoo::efficientnet::{CLASSES, SIDE};

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

    /// How many copies, points or samples an analyzer takes [default: each one's own: 50 noisy copies of SmoothGrad, 50
    /// points of Integrated Gradients]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: Option<usize>,

    /// Standard deviation of noise, in units of the preprocessed input [default: each analyzer's own: 0.1 for
    /// SmoothGrad]
    #[arg(long, value_name = "S", value_parser = deviation, allow_negative_numbers = true)]
    pub(crate) std: Option<f64>,

    /// Seed of all that is drawn, as SmoothGrad's noise [default: 0]
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,

    /// SmoothGrad's copies in pairs of opposite noise: a smaller error for the same cost
    #[arg(long)]
    pub(crate) antithetic: bool,

    /// How Integrated Gradients and its kin follow their path [default: endpoint-mean] [possible values: endpoint-mean,
    /// trapezoid, midpoint, gauss-legendre, graded, secant]; secant is the most exact for its cost
    #[arg(long, value_name = "NAME", value_parser = quadrature)]
    pub(crate) quadrature: Option<Quadrature>,

    /// Integrated Gradients with as many points as this relative error takes, as 0.05; in place of --n and
    /// --quadrature. Methods that sample take as many draws as it takes
    #[arg(long, value_name = "T", value_parser = tolerance, allow_negative_numbers = true)]
    pub(crate) tolerance: Option<f64>,

    /// At most how many augmented copies go through the network at once: bounds the memory [default: as many as a CPU
    /// is fastest with, by the size of the network's maps]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) chunk: Option<usize>,

    /// Methods that mask see the image as a grid of so many cells, as 14x14 [default: each analyzer's own, 8x8 for
    /// most]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = grid)]
    pub(crate) features: Option<[usize; 2]>,

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
    /// within_tolerance, relevance_arrived), out, raw.
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

fn deviation(text: &str) -> Result<f64, String> {
    let std = text.parse().ok().filter(|std: &f64| std.is_finite() && *std >= 0.0);
    std.ok_or_else(|| "it must be a number of at least 0".into())
}

fn tolerance(text: &str) -> Result<f64, String> {
    let tolerance = text.parse().ok().filter(|tolerance: &f64| tolerance.is_finite() && *tolerance > 0.0);
    tolerance.ok_or_else(|| "it must be a number above 0".into())
}

fn quadrature(text: &str) -> Result<Quadrature, String> {
    let names = Quadrature::ALL.map(|rule| rule.to_string()).join(", ");
    Quadrature::ALL.into_iter().find(|rule| rule.to_string() == text).ok_or_else(|| format!("it is one of {names}"))
}

fn grid(text: &str) -> Result<[usize; 2], String> {
    let cells = text.split_once('x').and_then(|(rows, columns)| Some([rows.parse().ok()?, columns.parse().ok()?]));
    let cells = cells.filter(|cells: &[usize; 2]| cells.iter().all(|n| (1..=SIDE).contains(n)));
    cells.ok_or_else(|| format!("it is rows x columns, as 14x14, each of 1 to {SIDE}"))
}
