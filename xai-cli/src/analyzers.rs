//! The library's analyzers on a command line: by their names, with the settings that a command offers.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use xai::{AnalyzerInfo, Needs};

/// An argument that names an analyzer. A name that there is not is refused with those that are near.
pub fn by_name() -> impl TypedValueParser<Value = &'static AnalyzerInfo> {
    let names = AnalyzerInfo::all().iter().map(|info| info.name);
    PossibleValuesParser::new(names).try_map(|name| AnalyzerInfo::find(&name))
}

/// A line for each analyzer: its name on the command line, its name for people, what it needs of the model, what it
/// costs, which of these options it takes, and what its values are. The options stand behind their settings' names.
pub fn list(options: &[(&str, &str)]) -> String {
    let all = AnalyzerInfo::all();
    let width = all.iter().map(|info| info.name.len()).max().unwrap_or_default();
    let line = |info: &AnalyzerInfo| {
        let taken: Vec<&str> =
            options.iter().filter(|(setting, _)| info.settings.contains(setting)).map(|(_, option)| *option).collect();
        let taken = if taken.is_empty() { "none".to_owned() } else { taken.join(" ") };
        format!(
            "{:width$}  {} | needs {} | costs {} | options: {taken} | {}\n",
            info.name,
            info.title,
            needs(info.needs),
            info.cost,
            info.about
        )
    };
    all.iter().map(line).collect()
}

/// What a method needs of a model, in words.
pub fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Forward => "the output",
        Needs::Gradient => "the gradient",
        Needs::Attention => "attention matrices",
        _ => "the operations",
    }
}
