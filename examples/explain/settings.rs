//! From the arguments to the settings that analyzers are built with.

use xai::{AnalyzerInfo, LayerSplit, Settings};
use xai_zoo::command_line::{Outcome, failure};

use crate::args::Args;

/// The settings that this command offers, and the option of each.
pub(crate) fn options() -> Vec<(&'static str, &'static str)> {
    xai_zoo::options::OPTIONS.into_iter().chain([("place", "--place")]).collect()
}

/// What the arguments set; what they do not set keeps each analyzer's own default.
pub(crate) fn settings(args: &Args, network: &impl LayerSplit) -> Settings {
    args.options.over(match &args.place {
        Some(place) => Settings::new().place(place.as_str()),
        None => Settings::marked(network),
    })
}

/// That what was asked for concerns one of the analyzers.
pub(crate) fn check(args: &Args, analyzers: &[&AnalyzerInfo]) -> Outcome<()> {
    args.options.check(analyzers, "--list")?;
    if args.place.is_some() && !analyzers.iter().any(|info| info.at_place()) {
        return Err(failure("none of the methods that were chosen takes --place: --list tells which do"));
    }
    Ok(())
}
