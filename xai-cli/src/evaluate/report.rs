//! The ranking, for programs.

use serde_json::{Map, Value, json};
use xai::metrics::{Better, Evaluation};
use xai_cli::command_line::shown;

use crate::args::EvaluateArgs;
use crate::methods::Chosen;
use crate::notes::Notes;
use crate::words;

/// What the ranking was of.
pub(super) struct Report<'a> {
    pub(super) args: &'a EvaluateArgs,
    pub(super) chosen: &'a [Chosen],
    pub(super) target: Option<&'a [usize]>,
    pub(super) failed: usize,
}

impl Report<'_> {
    /// The best method first, each with its scores of every photo; the random map is the last.
    pub(super) fn json(&self, table: &Evaluation, photos: usize, notes: &Notes) -> Value {
        let metric = |(name, better): &(String, Better)| {
            let better = if *better == Better::Higher { "higher" } else { "lower" };
            json!({"name": name, "better": better})
        };
        let rows = table.analyzers.iter().zip(&table.cells);
        let row = |(title, cells): (&String, &Vec<xai::Result<xai::metrics::Scores>>)| {
            let chosen = self.chosen.iter().find(|chosen| chosen.title() == *title);
            let scores = table.metrics.iter().zip(cells).map(|((name, _), cell)| (name.clone(), scores(cell)));
            json!({
                "method": chosen.map(|chosen| chosen.info.name),
                "place": chosen.and_then(|chosen| chosen.at.as_ref()),
                "title": title,
                "scores": scores.collect::<Map<String, Value>>(),
            })
        };
        json!({
            "network": shown(&self.args.network.file),
            "target": self.target,
            "photos": photos - self.failed,
            "failed": self.failed,
            "metrics": table.metrics.iter().map(metric).collect::<Vec<Value>>(),
            "methods": rows.map(row).collect::<Vec<Value>>(),
            "csv": self.args.csv.as_deref().map(shown),
            "curves": self.args.curves.as_deref().map(shown),
            "notes": notes.list(),
        })
    }
}

/// A score for each photo with their mean, or why there is none.
fn scores(cell: &xai::Result<xai::metrics::Scores>) -> Value {
    match cell {
        Ok(scores) => {
            // As many photos as there are files.
            #[allow(clippy::cast_precision_loss)]
            let mean = scores.values.iter().sum::<f64>() / scores.values.len() as f64;
            json!({"mean": mean, "values": scores.values})
        }
        Err(error) => json!({"mean": null, "reason": words::of(error)}),
    }
}
