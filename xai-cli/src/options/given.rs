//! What was typed, and the settings that come of it.

use clap::Args;
use xai::rules::Unknown;
use xai::{CamScores, Features, Quadrature, Reference, ReferenceSet, Settings};

use super::values::{
    Grid, Tokens, above_zero, deviation, finite, grid, quadrature, reference, scores, share, tokens, unknown,
};
use crate::command_line::{count, seed};

/// The settings of methods that a command offers; what is not given keeps each method's own default.
///
/// ```
/// use xai::{AnalyzerInfo, Settings};
/// use xai_cli::options::Options;
///
/// let options = Options { n: Some(20), signed: true, ..Options::default() };
/// let (smooth_grad, grad_cam) = (AnalyzerInfo::find("smooth-grad")?, AnalyzerInfo::find("grad-cam")?);
/// // Each of the two concerns one of these.
/// options.check(&[smooth_grad, grad_cam], "--list")?;
/// assert!(options.check(&[smooth_grad], "--list").is_err());
/// // Seeds that were set before stay.
/// let set = format!("{:?}", options.over(Settings::new().seed(7)));
/// assert!(set.contains("n: Some(20)") && set.contains("seed: Some(7)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings of methods")]
pub struct Options {
    /// How many copies, points or samples a method takes [default: each one's own: 50 noisy copies of SmoothGrad, 50
    /// points of Integrated Gradients]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub n: Option<usize>,

    /// Standard deviation of noise, in units of the preprocessed input [default: each method's own: 0.1 for
    /// SmoothGrad]
    #[arg(id = "noise", long, value_name = "S", value_parser = deviation, allow_negative_numbers = true)]
    pub std: Option<f64>,

    /// Seed of all that is drawn, as SmoothGrad's noise [default: 0]
    #[arg(long, value_name = "S", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,

    /// SmoothGrad's copies in pairs of opposite noise: a smaller error for the same cost
    #[arg(long)]
    pub antithetic: bool,

    /// How Integrated Gradients and its kin follow their path [default: each method's own] [possible values:
    /// endpoint-mean, trapezoid, midpoint, gauss-legendre, graded, secant]; secant is the most exact for its cost
    #[arg(long, value_name = "NAME", value_parser = quadrature)]
    pub quadrature: Option<Quadrature>,

    /// Integrated Gradients with as many points as this relative error takes, as 0.05; in place of --n and
    /// --quadrature. Methods that sample take as many draws as it takes
    #[arg(long, value_name = "T", value_parser = above_zero, allow_negative_numbers = true)]
    pub tolerance: Option<f64>,

    /// At most how many augmented copies go through the network at once: bounds the memory [default: as many as a CPU
    /// is fastest with, by the size of the network's maps]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub chunk: Option<usize>,

    /// The references of methods that take a set, as expected-gradients and deep-lift-shap, with commas between: zeros,
    /// lowest, highest (of the input), numbers, as lowest,highest [default: each method's own: zeros, or lowest and
    /// highest]
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = reference, allow_hyphen_values = true)]
    pub references: Vec<Reference>,

    /// The standard deviation of the widest blur of blur-ig, in pixels [default: 50]
    #[arg(long, value_name = "PIXELS", value_parser = above_zero, allow_negative_numbers = true)]
    pub sigma: Option<f64>,

    /// What is added to the denominators of relevance, with their sign: for outputs that are small everywhere a smaller
    /// one [default: 1e-6]
    #[arg(long, value_name = "E", value_parser = above_zero, allow_negative_numbers = true)]
    pub stabilizer: Option<f64>,

    /// How fast the derivative of a rectifier rises from 0 to 1, for beta-smooth [default: 10]
    #[arg(long, value_name = "B", value_parser = above_zero, allow_negative_numbers = true)]
    pub beta: Option<f64>,

    /// Methods that mask see the input as a grid of so many cells, as 14x14 for an image, 10 for a signal [default:
    /// each method's own, 8x8 for most]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = grid)]
    pub features: Option<Grid>,

    /// The channels of the place through which relevance goes, as 3 or 0,4, for crp
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',')]
    pub concepts: Vec<usize>,

    /// The least number that an input can have once it is preprocessed, for lrp-epsilon-gamma-box
    #[arg(long, value_name = "NUMBER", value_parser = finite, allow_negative_numbers = true)]
    pub low: Option<f64>,

    /// The greatest number that an input can have once it is preprocessed, for lrp-epsilon-gamma-box
    #[arg(long, value_name = "NUMBER", value_parser = finite, allow_negative_numbers = true)]
    pub high: Option<f64>,

    /// The token, from 0, whose row of attention is taken, as 0 for a class token [default: all rows]
    #[arg(long, value_name = "N")]
    pub token: Option<usize>,

    /// The share of each layer's attention that attention-rollout leaves out, the lowest, as 0.9 [default: 0]
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    pub discard: Option<f64>,

    /// What is at the place of a class activation map are tokens: so many in front that are no part of the image, and
    /// rows and columns of patches, as 1,14,14 for 197 tokens of a vision transformer
    #[arg(long, value_name = "SKIP,ROWS,COLUMNS", value_parser = tokens, conflicts_with = "channels_last")]
    pub tokens: Option<Tokens>,

    /// What is at the place of a class activation map, or of crp, has its channels last, as in a Swin transformer
    /// [default: as far as the network tells]
    #[arg(long, conflicts_with = "channels_first")]
    pub channels_last: bool,

    /// What is at the place of a class activation map, or of crp, has its channels first, and is none of tokens, as a
    /// sequence that a network makes of an image
    #[arg(long, conflicts_with = "tokens")]
    pub channels_first: bool,

    /// Class activation maps by the first principal component of the channels: less noise, other units
    #[arg(long)]
    pub eigen_smooth: bool,

    /// Class activation maps with what speaks against the output
    #[arg(long)]
    pub signed: bool,

    /// Class activation maps at places that something bypasses too, as a shortcut does: of the ways through the place
    #[arg(long)]
    pub allow_bypass: bool,

    /// How score-cam makes weights of its scores [default: softmax] [possible values: softmax, raw, relu]
    #[arg(long, value_name = "HOW", value_parser = scores)]
    pub scores: Option<CamScores>,

    /// What methods by rules (LRP, DeepLIFT, guided backprop) do at a step that they have no rule for: refuse the
    /// network, or take the step's gradient, which is no longer what they promise [default: refuse] [possible values:
    /// refuse, gradient]
    #[arg(long, value_name = "HOW", value_parser = unknown)]
    pub unknown: Option<Unknown>,
}

impl Options {
    /// These settings, on top of others.
    #[must_use]
    pub fn over(&self, mut settings: Settings) -> Settings {
        macro_rules! given {
            ($($name:ident),*) => {
                $(if let Some(value) = self.$name {
                    settings = settings.$name(value);
                })*
            };
        }
        given!(n, std, seed, quadrature, tolerance, chunk, sigma, stabilizer, beta);
        given!(low, high, token, discard, scores, unknown);
        if let Some(Grid(cells)) = &self.features {
            settings = settings.features(Features::grid(cells.clone()));
        }
        if !self.concepts.is_empty() {
            settings = settings.channels(self.concepts.clone());
        }
        if !self.references.is_empty() {
            settings = settings.references(ReferenceSet::new(self.references.clone()));
        }
        if let Some(Tokens([skip, rows, columns])) = self.tokens {
            settings = settings.tokens(skip, rows, columns);
        }
        macro_rules! flags {
            ($($name:ident),*) => {
                $(if self.$name {
                    settings = settings.$name();
                })*
            };
        }
        flags!(channels_last, channels_first, eigen_smooth, signed, allow_bypass);
        if self.antithetic { settings.antithetic(true) } else { settings }
    }
}

#[cfg(test)]
mod tests {
    use xai::Settings;

    use super::super::typed;

    #[test]
    fn tokens_and_references_are_set() {
        let options = typed("--tokens 1,14,7 --references zeros,lowest,-1.5 --scores relu --signed").unwrap();
        let set = format!("{:?}", options.over(Settings::new()));
        assert!(set.contains("Tokens { skip: 1, rows: 14, columns: 7 }"), "{set}");
        assert!(set.contains("scores: Some(Relu)") && set.contains("signed: true"), "{set}");
        let references = options.references.iter().map(|reference| format!("{reference:?}")).collect::<Vec<_>>();
        assert_eq!(references, ["Zeros", "Lowest", "Constant(-1.5)"]);
    }

    #[test]
    fn what_lies_in_two_ways_is_refused() {
        for words in
            ["--tokens 1,2,2 --channels-last", "--channels-last --channels-first", "--tokens 0,2,2 --channels-first"]
        {
            let refused = typed(words).err().unwrap();
            assert!(refused.contains("cannot be used with"), "{refused}");
        }
        for words in [
            "--tokens 1,14",
            "--tokens 14x14",
            "--tokens 1,0,4",
            "--references nothing",
            "--sigma 0",
            "--stabilizer -1",
        ] {
            assert!(typed(words).is_err(), "{words}");
        }
    }
}
