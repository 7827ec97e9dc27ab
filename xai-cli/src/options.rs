//! The settings of methods as options of a command line: [`Options`].

use clap::Args;
use xai::rules::Unknown;
use xai::{AnalyzerInfo, Features, Quadrature, Settings};

use crate::command_line::{Outcome, count, failure, seed};

/// The settings of methods that a command offers; what is not given keeps each method's own default.
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
    #[arg(long, value_name = "T", value_parser = tolerance, allow_negative_numbers = true)]
    pub tolerance: Option<f64>,

    /// At most how many augmented copies go through the network at once: bounds the memory [default: as many as a CPU
    /// is fastest with, by the size of the network's maps]
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub chunk: Option<usize>,

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

    /// What methods by rules (LRP, DeepLIFT, guided backprop) do at a step that they have no rule for: refuse the
    /// network, or take the step's gradient, which is no longer what they promise [default: refuse] [possible values:
    /// refuse, gradient]
    #[arg(long, value_name = "HOW", value_parser = unknown)]
    pub unknown: Option<Unknown>,
}

/// Cells along each spatial axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid(pub Vec<usize>);

/// The settings that [`Options`] offers, by their names, and the option of each.
pub const OPTIONS: [(&str, &str); 14] = [
    ("n", "--n"),
    ("std", "--noise"),
    ("seed", "--seed"),
    ("antithetic", "--antithetic"),
    ("quadrature", "--quadrature"),
    ("tolerance", "--tolerance"),
    ("chunk", "--chunk"),
    ("features", "--features"),
    ("channels", "--concepts"),
    ("low", "--low"),
    ("high", "--high"),
    ("token", "--token"),
    ("discard", "--discard"),
    ("unknown", "--unknown"),
];

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
        given!(n, std, seed, quadrature, tolerance, chunk, low, high, token, discard, unknown);
        if let Some(Grid(cells)) = &self.features {
            settings = settings.features(Features::grid(cells.clone()));
        }
        if !self.concepts.is_empty() {
            settings = settings.channels(self.concepts.clone());
        }
        if self.antithetic { settings.antithetic(true) } else { settings }
    }

    /// For each of [`OPTIONS`], whether it was given.
    fn given(&self) -> [bool; OPTIONS.len()] {
        [
            self.n.is_some(),
            self.std.is_some(),
            self.seed.is_some(),
            self.antithetic,
            self.quadrature.is_some(),
            self.tolerance.is_some(),
            self.chunk.is_some(),
            self.features.is_some(),
            !self.concepts.is_empty(),
            self.low.is_some(),
            self.high.is_some(),
            self.token.is_some(),
            self.discard.is_some(),
            self.unknown.is_some(),
        ]
    }

    /// That a method has what it cannot do without.
    ///
    /// # Errors
    /// The first option that is missing.
    pub fn check_required(&self, method: &AnalyzerInfo) -> Outcome<()> {
        let mut options = OPTIONS.iter().zip(self.given());
        match options.find(|((setting, _), given)| !given && method.required.contains(setting)) {
            Some(((_, option), _)) => Err(failure(format!("{} needs {option}", method.title))),
            None => Ok(()),
        }
    }

    /// That every option that was given concerns one of the methods, and that each method has what it cannot do
    /// without. `listed` says where it stands which do.
    ///
    /// # Errors
    /// The first option that concerns none, or is missing; --n and --quadrature in no method but those that --tolerance
    /// rules.
    pub fn check(&self, methods: &[&AnalyzerInfo], listed: &str) -> Outcome<()> {
        methods.iter().try_for_each(|method| self.check_required(method))?;
        let given = self.given();
        let takes = |info: &&AnalyzerInfo, setting: &str| info.settings.contains(&setting);
        // Where a tolerance says how many points there are, and where.
        let ruled = |info: &&AnalyzerInfo, setting: &str| {
            self.tolerance.is_some() && takes(info, "tolerance") && ["n", "quadrature"].contains(&setting)
        };
        for ((setting, option), _) in OPTIONS.iter().zip(given).filter(|(_, given)| *given) {
            if !methods.iter().any(|info| takes(info, setting)) {
                let why = format!("none of the methods that were chosen takes {option}: {listed} tells which do");
                return Err(failure(why));
            }
            if methods.iter().all(|info| !takes(info, setting) || ruled(info, setting)) {
                return Err(failure(format!("--tolerance stands in place of {option}: give one of the two")));
            }
        }
        Ok(())
    }
}

fn deviation(text: &str) -> Result<f64, String> {
    let std = text.parse().ok().filter(|std: &f64| std.is_finite() && *std >= 0.0);
    std.ok_or_else(|| "it must be a number of at least 0".into())
}

fn finite(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| "it must be a number".into())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "it must be a number of at least 0, below 1".into())
}

fn tolerance(text: &str) -> Result<f64, String> {
    let tolerance = text.parse().ok().filter(|tolerance: &f64| tolerance.is_finite() && *tolerance > 0.0);
    tolerance.ok_or_else(|| "it must be a number above 0".into())
}

fn quadrature(text: &str) -> Result<Quadrature, String> {
    let names = Quadrature::ALL.map(|rule| rule.to_string()).join(", ");
    Quadrature::ALL.into_iter().find(|rule| rule.to_string() == text).ok_or_else(|| format!("it is one of {names}"))
}

fn unknown(text: &str) -> Result<Unknown, String> {
    match text {
        "refuse" => Ok(Unknown::Refuse),
        "gradient" => Ok(Unknown::Gradient),
        _ => Err("it is one of refuse, gradient".into()),
    }
}

/// More cells along an axis than anybody looks at.
const MOST_CELLS: usize = 65_536;

fn grid(text: &str) -> Result<Grid, String> {
    let cell = |text: &str| text.parse().ok().filter(|cells| (1..=MOST_CELLS).contains(cells));
    let cells: Option<Vec<usize>> = text.split('x').map(cell).collect();
    let reason = || format!("it is rows x columns, as 14x14, or a number for a signal, each of 1 to {MOST_CELLS}");
    cells.map(Grid).ok_or_else(reason)
}

#[cfg(test)]
mod tests {
    use xai::AnalyzerInfo;

    use super::{Grid, OPTIONS, Options, grid};

    #[test]
    fn every_option_is_a_setting_that_some_method_takes() {
        for (setting, _) in OPTIONS {
            assert!(AnalyzerInfo::all().iter().any(|info| info.settings.contains(&setting)), "{setting}");
        }
    }

    #[test]
    fn what_concerns_no_method_is_named() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { features: Some(Grid(vec![7, 7])), n: Some(3), ..Options::default() };
        let refused = options.check(&[of("smooth-grad"), of("grad-cam")], "--list").unwrap_err().to_string();
        assert!(refused.contains("--features: --list"), "{refused}");
        options.check(&[of("lime")], "--list").unwrap();
    }

    #[test]
    fn what_a_method_cannot_do_without_is_named() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { low: Some(-2.0), ..Options::default() };
        let refused = options.check(&[of("lrp-epsilon-gamma-box")], "--list").unwrap_err().to_string();
        assert!(refused.contains("LRP ε, γ, box needs --high"), "{refused}");
        Options { concepts: vec![0, 2], ..Options::default() }.check(&[of("crp")], "--list").unwrap();
    }

    #[test]
    fn a_tolerance_stands_in_place_of_points() {
        let of = |name: &str| AnalyzerInfo::find(name).unwrap();
        let options = Options { tolerance: Some(0.1), n: Some(3), ..Options::default() };
        let refused = options.check(&[of("integrated-gradients")], "--list").unwrap_err().to_string();
        assert!(refused.contains("in place of --n"), "{refused}");
        options.check(&[of("integrated-gradients"), of("smooth-grad")], "--list").unwrap();
    }

    #[test]
    fn cells_are_numbers() {
        assert_eq!(grid("14x7"), Ok(Grid(vec![14, 7])));
        assert_eq!(grid("10"), Ok(Grid(vec![10])));
        assert!(grid("0x7").is_err() && grid("").is_err() && grid("7x").is_err() && grid("99999999").is_err());
    }
}
