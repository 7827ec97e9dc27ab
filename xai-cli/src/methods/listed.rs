//! All methods, for people and for programs.

use serde_json::{Value, json};
use xai::AnalyzerInfo;
use xai_cli::analyzers;
use xai_cli::command_line::{Outcome, print};
use xai_cli::options::OPTIONS;

use crate::output::print_json;

/// Prints them.
pub(crate) fn list(as_json: bool) -> Outcome<()> {
    let offered: Vec<(&str, &str)> = OPTIONS.into_iter().chain([("place", "--at")]).collect();
    if !as_json {
        return print(analyzers::list(&offered));
    }
    let method = |info: &AnalyzerInfo| -> Value {
        json!({
            "name": info.name,
            "title": info.title,
            "needs": analyzers::needs(info.needs),
            "costs": info.cost.to_string(),
            "options": analyzers::options(info.settings, &offered),
            "required": info.required,
            "about": info.about,
        })
    };
    print_json(&json!({"methods": AnalyzerInfo::all().iter().map(method).collect::<Vec<_>>()}))
}
