//! The library's analyzers on a command line: by their names, with the settings that a command offers.
//!
//! ```
//! use xai::AnalyzerInfo;
//! use xai_cli::analyzers::{needs, options};
//! use xai_cli::options::OPTIONS;
//!
//! let method = AnalyzerInfo::find("blur-ig")?;
//! assert_eq!(needs(method.needs), "the gradient");
//! assert!(options(method.settings, &OPTIONS).contains(&"--sigma"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use clap::builder::{PossibleValuesParser, TypedValueParser};
use xai::{AnalyzerInfo, Needs};

/// An argument that names an analyzer. A name that there is not is refused with those that are near.
///
/// ```
/// use clap::{Arg, Command};
/// use xai::AnalyzerInfo;
/// use xai_cli::analyzers::by_name;
///
/// let typed = |name| {
///     let command = Command::new("why").arg(Arg::new("method").value_parser(by_name()));
///     command.try_get_matches_from(["why", name])
/// };
/// let method = typed("grad-cam")?.get_one::<&AnalyzerInfo>("method").map(|info| info.title);
/// assert_eq!(method, Some("Grad-CAM"));
/// assert!(typed("grad-cm").is_err_and(|error| error.to_string().contains("grad-cam")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn by_name() -> impl TypedValueParser<Value = &'static AnalyzerInfo> {
    let names = AnalyzerInfo::all().iter().map(|info| info.name);
    PossibleValuesParser::new(names).try_map(|name| AnalyzerInfo::find(&name))
}

/// A line for each analyzer: its name on the command line, its name for people, what it needs of the model, and of
/// these options, what it costs, which of them it takes, and what its values are. The options stand behind their
/// settings' names. A place is none that is needed: a command has one of its own.
///
/// ```
/// use xai_cli::analyzers::list;
///
/// let all = list(&[("n", "--n"), ("std", "--noise"), ("sigma", "--sigma")]);
/// let line = all.lines().find(|line| line.starts_with("smooth-grad "));
/// assert!(line.is_some_and(|line| line.contains("| costs n gradients | options: --n --noise |")));
/// ```
pub fn list(options: &[(&str, &str)]) -> String {
    let all = AnalyzerInfo::all();
    let width = all.iter().map(|info| info.name.len()).max().unwrap_or_default();
    let line = |info: &AnalyzerInfo| {
        let required: Vec<&str> = info.required.iter().copied().filter(|setting| *setting != "place").collect();
        let needs = [vec![needs(info.needs)], self::options(&required, options)].concat().join(", ");
        let taken = self::options(info.settings, options);
        let taken = if taken.is_empty() { "none".to_owned() } else { taken.join(" ") };
        format!(
            "{:width$}  {} | needs {needs} | costs {} | options: {taken} | {}\n",
            info.name, info.title, info.cost, info.about
        )
    };
    all.iter().map(line).collect()
}

/// The options of these settings, among those that are offered, which stand behind their settings' names.
///
/// ```
/// use xai_cli::analyzers::options;
///
/// assert_eq!(options(&["seed", "std"], &[("n", "--n"), ("std", "--noise")]), ["--noise"]);
/// ```
pub fn options<'o>(settings: &[&str], offered: &[(&str, &'o str)]) -> Vec<&'o str> {
    offered.iter().filter(|(setting, _)| settings.contains(setting)).map(|(_, option)| *option).collect()
}

/// What a method needs of a model, in words.
///
/// ```
/// use xai::{AnalyzerInfo, Needs};
/// use xai_cli::analyzers::needs;
///
/// assert_eq!(needs(Needs::Forward), "the output");
/// assert_eq!(needs(AnalyzerInfo::find("lrp-epsilon")?.needs), "the operations");
/// # Ok::<(), xai::Error>(())
/// ```
pub fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Forward => "the output",
        Needs::Gradient => "the gradient",
        Needs::Attention => "attention matrices",
        _ => "the operations",
    }
}

#[cfg(test)]
mod tests {
    use super::list;
    use crate::options::OPTIONS;

    #[test]
    fn what_a_method_cannot_do_without_is_listed() {
        let offered: Vec<_> = OPTIONS.into_iter().chain([("place", "--at")]).collect();
        let lines = list(&offered);
        let says = |name: &str, part: &str| {
            let line = lines.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
            assert!(line.contains(part), "{line}");
        };
        says("crp", "| needs the operations, --concepts |");
        says("lrp-epsilon-gamma-box", "| needs the operations, --low, --high |");
        says("grad-cam", "| needs the gradient |");
        says("grad-cam", "--tokens --channels-last");
        says("expected-gradients", "--references");
        says("deep-lift-shap", "--references");
        says("blur-ig", "--sigma");
        says("lrp-epsilon", "--stabilizer");
    }
}
