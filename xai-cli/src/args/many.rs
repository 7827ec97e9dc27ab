//! Many inputs: a folder of pictures, and a ranking of methods.

use std::path::PathBuf;

use clap::Args;
use xai::AnalyzerInfo;
use xai_cli::analyzers::by_name;
use xai_cli::command_line::{bounded, count};
use xai_cli::options::Options;

use super::{DataArgs, NetworkArgs, PhotoArgs};

/// A picture for every file of a folder.
#[derive(Debug, Args)]
pub(crate) struct FolderArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// The folder, whose files are read as `xai explain` reads them: photos (.png, .jpg), or where there are none
    /// numbers (.npy) and sounds (.wav), or where there are none tables (.csv, .tsv), as far as the network takes them;
    /// for bytes or tokens every file. Each is one sample, of a table its row --row, and a .npy of several is refused;
    /// the first that can be read says the lengths that the network leaves open. Other formats are named
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    /// Where the pictures go, named after the files, with the table results.csv; made if it is missing. What
    /// `xai explain` cannot draw, as numbers of five axes, has a line in the table and no picture
    #[arg(long, value_name = "DIR", default_value = "explained")]
    pub(crate) out: PathBuf,

    /// The method, any that `xai methods` lists [default: grad-cam at the last feature maps, or at a transformer's
    /// tokens before its last attention, if there are any, else integrated-gradients]
    #[arg(long, value_name = "NAME", value_parser = by_name(), hide_possible_values = true)]
    pub(crate) method: Option<&'static AnalyzerInfo>,

    /// Which output to explain, as `xai explain` takes it [default: each file's highest]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,

    /// The place of the network that the method looks at [default: the last feature maps, or the tokens before the
    /// last attention]
    #[arg(long, value_name = "PLACE")]
    pub(crate) at: Option<String>,

    /// The names of the classes: a text file with one a line, a JSON list, or Hugging Face's config.json
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,

    /// Also write the numbers of each file, NAME.safetensors beside its picture
    #[arg(long)]
    pub(crate) raw: bool,

    /// Do again what is done already [default: files that have a line in the table are left out where file, picture
    /// and numbers are byte for byte what they were, by the marks that the table has of them]
    #[arg(long)]
    pub(crate) again: bool,

    /// How many files go through the network at once, up to 1024
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = bounded, allow_negative_numbers = true)]
    pub(crate) batch: usize,

    /// How many files wait before the network, and how many explanations behind it, at most: bounds the memory;
    /// up to 1024
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = bounded, allow_negative_numbers = true)]
    pub(crate) queue: usize,

    /// Print one JSON object on stdout instead of text
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) photo: PhotoArgs,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// A ranking of methods.
#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// What the network looks at, as `xai explain` reads it, each one sample: photos, or arrays, sounds, tables, bytes
    /// or tokens; of a folder the files that `xai folder` takes
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,

    /// A method, any that `xai methods` lists; may be given several times [default: those of ten of all families that
    /// the network can be explained by]
    #[arg(long = "method", value_name = "NAME", value_parser = by_name(), hide_possible_values = true)]
    pub(crate) methods: Vec<&'static AnalyzerInfo>,

    /// Which output to explain, as `xai explain` takes it [default: each input's highest]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,

    /// The names of the classes, for --target
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) labels: Option<PathBuf>,

    /// The place of the network that class activation maps look at [default: the last feature maps, or
    /// the tokens before the last attention]
    #[arg(long, value_name = "PLACE")]
    pub(crate) at: Option<String>,

    /// Cells along each side of an image, or along a signal, that come and go [default: 14, or as many as there are
    /// numbers]. Of tables it is columns, and of tokens their vectors, one by one
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) grid: Option<usize>,

    /// Also write the score of each input
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) csv: Option<PathBuf>,

    /// Also draw the curves: how the class's probability changes as cells come or go, for every method
    #[arg(long, value_name = "FILE.png")]
    pub(crate) curves: Option<PathBuf>,

    /// Print one JSON object on stdout instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) photo: PhotoArgs,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    #[command(flatten)]
    pub(crate) options: Options,
}
