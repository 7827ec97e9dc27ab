//! From the arguments to the settings that analyzers are built with.

use xai::{AnalyzerInfo, Features, LayerSplit, Settings};
use xai_zoo::command_line::{Outcome, failure};

use crate::args::Args;

/// The settings that this command offers, each by the name of its option.
pub(crate) const OPTIONS: [&str; 9] =
    ["n", "std", "seed", "antithetic", "quadrature", "tolerance", "chunk", "features", "place"];

/// What the arguments set; what they do not set keeps each analyzer's own default.
pub(crate) fn settings(args: &Args, network: &impl LayerSplit) -> Settings {
    let mut settings = match &args.place {
        Some(place) => Settings::new().place(place.as_str()),
        None => Settings::marked(network),
    };
    macro_rules! given {
        ($($name:ident),*) => {
            $(if let Some(value) = args.$name {
                settings = settings.$name(value);
            })*
        };
    }
    given!(n, std, seed, quadrature, tolerance, chunk);
    if let Some(cells) = args.features {
        settings = settings.features(Features::grid(cells));
    }
    if args.antithetic { settings.antithetic(true) } else { settings }
}

/// That what was asked for by --features or --place concerns one of the analyzers.
pub(crate) fn check(args: &Args, analyzers: &[&AnalyzerInfo]) -> Outcome<()> {
    let given = [("features", args.features.is_some()), ("place", args.place.is_some())];
    let idle = given.into_iter().find(|(name, on)| *on && !analyzers.iter().any(|a| a.settings.contains(name)));
    match idle {
        Some((name, _)) => Err(failure(format!("no analyzer of those chosen takes --{name}: --list tells which do"))),
        None => Ok(()),
    }
}
