//! The ranking, for programs.

use serde_json::{Map, Value, json};
use xai::metrics::{Better, Cell, Evaluation, Failure};
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
    /// The best method first, each with its scores of every input; the random map is the last.
    pub(super) fn json(&self, table: &Evaluation, inputs: usize, notes: &Notes) -> Value {
        let metric = |(name, better): &(String, Better)| json!({"name": name, "better": better.to_string()});
        let rows = table.analyzers.iter().zip(&table.cells).enumerate();
        let row = |(row, (title, cells)): (usize, (&String, &Vec<Cell>))| {
            let chosen = self.chosen.iter().find(|chosen| chosen.title() == *title);
            let columns = table.metrics.iter().zip(cells).enumerate();
            let scores = columns.map(|(column, ((name, _), cell))| {
                let mean = (table.mean(row, column), table.interval(row, column));
                (name.clone(), scores(cell, mean, table.groups.as_deref().unwrap_or_default()))
            });
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
            "inputs": inputs - self.failed,
            "failed": self.failed,
            "metrics": table.metrics.iter().map(metric).collect::<Vec<Value>>(),
            "methods": rows.map(row).collect::<Vec<Value>>(),
            "csv": self.args.csv.as_deref().map(shown),
            "curves": self.args.curves.as_deref().map(shown),
            "notes": notes.list(),
        })
    }
}

/// The mean with its interval, a score for each input that has one, what they say in words, and why others have none.
fn scores(cell: &Cell, (mean, interval): (Option<f64>, Option<f64>), inputs: &[String]) -> Value {
    let input = |sample: &usize| inputs.get(*sample);
    let failed = |failure: &Failure| json!({"input": input(&failure.sample), "reason": words::of(&*failure.error)});
    json!({
        "mean": mean,
        "interval": interval,
        "values": cell.scores.values,
        "inputs": cell.samples.iter().map(input).collect::<Vec<_>>(),
        "verdict": cell.scores.verdict().map(|verdict| words::translated(&verdict)),
        "failed": cell.failures.iter().map(failed).collect::<Vec<Value>>(),
    })
}
