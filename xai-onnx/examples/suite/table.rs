//! The table for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::outcome::{Found, Outcome};

/// So many reasons stand in a row.
const NOTES: usize = 4;

#[derive(Default)]
struct Row {
    tried: usize,
    right: usize,
    gradients: usize,
    wrong: Vec<String>,
    not: BTreeMap<String, usize>,
}

impl Row {
    fn add(&mut self, outcome: &Outcome) {
        self.tried += 1;
        match &outcome.forward {
            Found::Right => self.right += 1,
            Found::Wrong(_) => self.wrong.push(outcome.name.clone()),
            Found::Not(why) => *self.not.entry(short(why)).or_insert(0) += 1,
        }
        match &outcome.gradient {
            Found::Right => self.gradients += 1,
            Found::Wrong(_) if outcome.forward == Found::Right => self.wrong.push(format!("{} (back)", outcome.name)),
            _ => {}
        }
    }

    fn line(&self, name: &str) -> String {
        let mut notes: Vec<String> = Vec::new();
        if !self.wrong.is_empty() {
            notes.push(format!("wrong: {}", self.wrong.join(", ")));
        }
        let mut not: Vec<(&String, &usize)> = self.not.iter().collect();
        not.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        notes.extend(not.iter().take(NOTES).map(|(why, count)| format!("{count} × {why}")));
        let rest: usize = not.iter().skip(NOTES).map(|&(_, count)| count).sum();
        if rest > 0 {
            notes.push(format!("{rest} others"));
        }
        let notes = notes.join("; ").replace('|', "\\|");
        format!("| {name} | {} | {} | {} | {notes} |", self.tried, self.right, self.gradients)
    }
}

/// The first sentence, not longer than one reads in a table.
fn short(why: &str) -> String {
    let first = why.split(['\n', ';']).next().unwrap_or_default();
    let first = first.split(": choose an output").next().unwrap_or_default();
    let first = first.split(": export the network with").next().unwrap_or_default();
    let first = first.split(", type ").next().unwrap_or_default();
    match first.char_indices().nth(140) {
        Some((end, _)) => format!("{} ..", &first[..end]),
        None => first.to_owned(),
    }
}

/// All outcomes: by operator where a test is of one, else by the folder's kind.
pub(crate) fn of(outcomes: &[Outcome]) -> String {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut nets: BTreeMap<String, Row> = BTreeMap::new();
    for outcome in outcomes {
        let own: Vec<&String> = outcome.operators.iter().filter(|operator| *operator != "Constant").collect();
        match own[..] {
            _ if outcome.name.contains("_expanded") => {
                nets.entry("functions written out in simpler operators".into()).or_default().add(outcome);
            }
            [operator] => rows.entry(operator.clone()).or_default().add(outcome),
            [] if outcome.operators.len() == 1 => rows.entry("Constant".into()).or_default().add(outcome),
            _ if outcome.name.starts_with("light_") => nets.entry(outcome.name.clone()).or_default().add(outcome),
            _ => nets.entry("several operators".into()).or_default().add(outcome),
        }
    }
    let mut text = String::from(
        "# Operators of ONNX\n\nWritten by `scripts/onnx-suite.sh`: the tests that the ONNX project ships and \
         generates, run in `f64` on plain arrays.\nForward passes are compared with the stored outputs, gradients with \
         central differences along a random direction.\nWhat has no gradient (whole numbers, comparisons, numbers at a \
         pole) is right without one. Once it is built, a run\ntakes half a minute of one core, nearly all of it for \
         the nine large networks, `light_..`.\n\n",
    );
    let sum = |of: &dyn Fn(&Row) -> usize| rows.values().chain(nets.values()).map(of).sum::<usize>();
    let (tried, right, gradients) = (sum(&|row| row.tried), sum(&|row| row.right), sum(&|row| row.gradients));
    let wrong = sum(&|row| row.wrong.len());
    let _ = writeln!(text, "{tried} tests: {right} right forward, {gradients} gradients right, {wrong} wrong.\n");
    let head = "| | tests | right | gradients right | notes |\n|---|---|---|---|---|\n";
    text.push_str("## Networks and compositions\n\n");
    text.push_str(head);
    nets.iter().for_each(|(name, row)| text.push_str(&(row.line(name) + "\n")));
    let (supported, not): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| row.right + row.wrong.len() > 0);
    text.push_str("\n## Supported\n\n");
    text.push_str(head);
    supported.iter().for_each(|(name, row)| text.push_str(&(row.line(name) + "\n")));
    text.push_str("\n## Not supported\n\n| | tests | why |\n|---|---|---|\n");
    for (name, row) in not {
        let why: Vec<&str> = row.not.keys().map(String::as_str).collect();
        let _ = writeln!(text, "| {name} | {} | {} |", row.tried, why.join("; ").replace('|', "\\|"));
    }
    text.push('\n');
    text.push_str(include_str!("forms.md"));
    text
}
