//! The command line.

use std::path::PathBuf;

use clap::Parser;
use xai::AnalyzerInfo;
use xai_zoo::analyzers::by_name;
use xai_zoo::backend::{Device, Framework};
use xai_zoo::command_line::count;

use crate::crops::MOST;

/// Ranks the library's analyzers by how faithful they are on EfficientNet-Lite0
///
/// Prints a table in Markdown: the mean of each metric over crops of the bundled photos, rows sorted by their mean
/// rank.
#[derive(Debug, Parser)]
#[command(name = "evaluate", version)]
pub(crate) struct Args {
    /// An analyzer, any that `explain --list` names; may be given several times [default: 19 of all families that cost
    /// at most some 500 passes]
    #[arg(long = "analyzer", value_name = "NAME", value_parser = by_name(), hide_possible_values = true)]
    analyzers: Vec<&'static AnalyzerInfo>,

    /// On how many crops, 1 to 44; the first four are the photos themselves
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = crops, allow_negative_numbers = true)]
    pub(crate) crops: usize,

    /// How many copies, points or samples an analyzer takes [default: each one's own, but 512 coalitions of 8 × 8
    /// patches for kernel-shap and 256 masks for rise]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) n: Option<usize>,

    /// Cells along each side of the grid whose cells come and go, for the metrics and the methods that mask, but
    /// for kernel-shap, which has 8, and exact-shapley, which has 3
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = grid, allow_negative_numbers = true)]
    pub(crate) grid: usize,

    /// Also write the score of each crop
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) csv: Option<PathBuf>,

    /// Also draw the curves: how the class's probability changes as cells come or go, for every analyzer
    #[arg(long, value_name = "FILE.png")]
    pub(crate) curves: Option<PathBuf>,

    /// The framework that computes [default: candle if this build has it, else tch if it has that, else ndarray]
    #[arg(long, value_name = "NAME", value_enum)]
    backend: Option<Framework>,

    /// Where it computes: cpu, or cuda:N for the graphics card number N, from 0
    #[arg(long, value_name = "DEVICE", default_value_t = Device::Cpu)]
    pub(crate) device: Device,
}

/// What runs unless analyzers are named.
const USUAL: [&str; 19] = [
    "gradient",
    "input-times-gradient",
    "smooth-grad",
    "integrated-gradients",
    "expected-gradients",
    "guided-ig",
    "xrai",
    "deep-lift",
    "lrp-epsilon-plus",
    "lrp-gamma",
    "excitation-backprop",
    "guided-backprop",
    "full-grad",
    "grad-cam",
    "layer-cam",
    "feature-ablation",
    "occlusion",
    "kernel-shap",
    "rise",
];

impl Args {
    /// The framework to run on.
    pub(crate) fn framework(&self) -> Framework {
        self.backend.unwrap_or_default()
    }

    /// The analyzers to rank, each once.
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

fn crops(text: &str) -> Result<usize, String> {
    let crops = count(text).ok().filter(|&crops| crops <= MOST);
    crops.ok_or_else(|| format!("there are 1 to {MOST}"))
}

fn grid(text: &str) -> Result<usize, String> {
    let cells = count(text).ok().filter(|cells| (2..=224).contains(cells));
    cells.ok_or_else(|| "it is a number of cells from 2 to 224".into())
}
