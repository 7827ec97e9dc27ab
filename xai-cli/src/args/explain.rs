//! What is explained, by which methods, and where the results go.

use std::path::{Path, PathBuf};

use clap::Args;
use xai::AnalyzerInfo;
use xai_cli::analyzers::by_name;
use xai_cli::command_line::count;
use xai_cli::options::Options;

use super::data::reference;
use super::{Baseline, DataArgs, NetworkArgs, PhotoArgs};

/// Why did the network decide so?
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// What the network looks at: a photo (.png, .jpg), cropped and resized to its input; a row of a table with a line
    /// of names (.csv, .tsv); a sound (.wav); numbers (.npy), of which a row of up to 64 is drawn as columns and a
    /// longer one as a line; for whole numbers, as bytes or tokens, any file's bytes, or their ids (.json)
    #[arg(value_name = "INPUT")]
    pub(crate) input: PathBuf,

    /// A method, any that `xai methods` lists; may be given several times [default: grad-cam at the last feature maps,
    /// or at a transformer's tokens before its last attention, and integrated-gradients, which takes 30 secants, or
    /// where the network has none 50 graded points, unless --n, --quadrature or --tolerance say otherwise]
    #[arg(long = "method", value_name = "NAME", value_parser = by_name(), hide_possible_values = true)]
    pub(crate) methods: Vec<&'static AnalyzerInfo>,

    /// Which output to explain: a number from 0, `0,3,4` where the output has more axes, or a name of --labels
    /// [default: the highest]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    pub(crate) target: Option<String>,

    /// The place of the network that methods look at, of those that `xai inspect` lists: where class activation maps
    /// are taken, and what other methods explain in place of the input [default: the last feature maps, or the tokens
    /// before the last attention]
    #[arg(long, value_name = "PLACE")]
    pub(crate) at: Option<String>,

    /// What absent numbers are, and where paths begin: zeros, mean (of a table's rows), lowest, highest (of the input),
    /// a number, or a file of numpy's with one input [default: each method's own, zeros for most]
    #[arg(long, value_name = "WHAT", value_parser = reference, allow_hyphen_values = true,
        conflicts_with = "references")]
    pub(crate) reference: Option<Baseline>,

    /// The names of the classes: a text file with one a line, a JSON list, or Hugging Face's config.json
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,

    /// How many classes are named
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = count, allow_negative_numbers = true)]
    pub(crate) top: usize,

    /// Where the results go, by the ending: .png a picture, .html a page, .json, .npz and .safetensors the numbers; may
    /// be given several times [default: explain.png]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Vec<PathBuf>,

    /// Also write the numbers, f32: the input, the output, and each method's values, not normalised, by its name; by
    /// the ending .npz, .safetensors or .json. What they are of, network, input, class, methods and places, is JSON:
    /// "about" in the header of a .safetensors, and in an .npz json.loads(bytes(file["about"]))
    #[arg(long, value_name = "FILE")]
    pub(crate) raw: Option<PathBuf>,

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

impl ExplainArgs {
    /// The files that results are written to.
    pub(crate) fn outputs(&self) -> Vec<&Path> {
        let pictures = self.out.iter().map(PathBuf::as_path);
        let usual = self.out.is_empty().then(|| Path::new("explain.png"));
        pictures.chain(usual).chain(self.raw.as_deref()).collect()
    }

    /// The files that are read.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Path> {
        let reference = match &self.reference {
            Some(Baseline::File(path)) => Some(path.as_path()),
            _ => None,
        };
        self.network.files().chain([self.input.as_path()]).chain(self.labels.as_deref()).chain(reference)
    }
}
