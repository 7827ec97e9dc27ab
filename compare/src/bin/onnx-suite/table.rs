//! The table for the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::outcome::{Found, NO_NUMBER, Outcome};

/// So many reasons stand in a row.
const NOTES: usize = 4;

/// What one backend makes of the tests of a row.
#[derive(Clone, Default)]
struct Counts {
    tried: usize,
    right: usize,
    gradients: usize,
    wrong: Vec<String>,
    /// Whose gradient is no number.
    no_number: Vec<String>,
    not: BTreeMap<String, usize>,
}

impl Counts {
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
            Found::Not(why) if why == NO_NUMBER => self.no_number.push(outcome.name.clone()),
            _ => {}
        }
    }

    fn notes(&self) -> String {
        let mut notes: Vec<String> = Vec::new();
        if !self.wrong.is_empty() {
            notes.push(format!("wrong: {}", self.wrong.join(", ")));
        }
        if !self.no_number.is_empty() {
            notes.push(format!("NaN back: {}", self.no_number.join(", ")));
        }
        let mut not: Vec<(&String, &usize)> = self.not.iter().collect();
        not.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        notes.extend(not.iter().take(NOTES).map(|(why, count)| format!("{count} × {why}")));
        let rest: usize = not.iter().skip(NOTES).map(|&(_, count)| count).sum();
        if rest > 0 {
            notes.push(format!("{rest} others"));
        }
        notes.join("; ").replace('|', "\\|")
    }
}

/// Those of each backend.
type Row = Vec<Counts>;

/// One number where all backends have it, else that of each.
fn number(row: &Row, of: impl Fn(&Counts) -> usize) -> String {
    let mut numbers: Vec<String> = row.iter().map(|counts| of(counts).to_string()).collect();
    if numbers.windows(2).all(|two| two[0] == two[1]) {
        numbers.truncate(1);
    }
    numbers.join(" / ")
}

fn line(name: &str, row: &Row, backends: &[&str]) -> String {
    let first = row.first().map(Counts::notes).unwrap_or_default();
    let others = row.iter().zip(backends).skip(1).map(|(counts, backend)| (backend, counts.notes()));
    let others = others.filter(|(_, notes)| *notes != first);
    let others = others.map(|(backend, notes)| match notes.is_empty() {
        true => format!("{backend}: all right"),
        false => format!("{backend}: {notes}"),
    });
    let notes: Vec<String> = Some(first.clone()).filter(|first| !first.is_empty()).into_iter().chain(others).collect();
    let (right, gradients) = (number(row, |counts| counts.right), number(row, |counts| counts.gradients));
    format!("| {name} | {} | {right} | {gradients} | {} |", number(row, |counts| counts.tried), notes.join("; "))
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

/// All outcomes of each backend: by operator where a test is of one, else by the folder's kind.
pub(crate) fn of(backends: &[&str], outcomes: &[Vec<Outcome>]) -> String {
    let (mut rows, mut nets) = (BTreeMap::<String, Row>::new(), BTreeMap::<String, Row>::new());
    let none = || vec![Counts::default(); backends.len()];
    for (backend, outcomes) in outcomes.iter().enumerate() {
        for outcome in outcomes {
            let own: Vec<&String> = outcome.operators.iter().filter(|operator| *operator != "Constant").collect();
            let row = match own[..] {
                _ if outcome.name.contains("_expanded") => {
                    nets.entry("functions written out in simpler operators".into())
                }
                [operator] => rows.entry(operator.clone()),
                [] if outcome.operators.len() == 1 => rows.entry("Constant".into()),
                _ if outcome.name.starts_with("light_") => nets.entry(outcome.name.clone()),
                _ => nets.entry("several operators".into()),
            };
            row.or_insert_with(none)[backend].add(outcome);
        }
    }
    let mut text = String::from(
        "# Operators of ONNX\n\nWritten by `scripts/onnx-suite.sh`: the tests that the ONNX project ships and \
         generates, run in `f64` on plain arrays,\non candle and on libtorch. Forward passes are compared with the \
         stored outputs, gradients with central differences along\na random direction. What has no gradient (whole \
         numbers, comparisons, numbers at a pole) is right without one. Where the\nbackends differ, a cell has the \
         number of each, in this order. A gradient is NaN where forward a\nchoice hides one, as of rows \
         that attention masks altogether: an analysis ends in an error there.\n\n",
    );
    for (backend, outcomes) in backends.iter().zip(outcomes) {
        let count = |of: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count();
        let right = count(&|outcome| outcome.forward == Found::Right);
        let gradients = count(&|outcome| outcome.gradient == Found::Right);
        let (tests, wrong) = (outcomes.len(), count(&Outcome::is_wrong));
        let nan = count(&|outcome| outcome.gradient == Found::Not(NO_NUMBER.into()));
        let _ = writeln!(
            text,
            "- {backend}: of {tests} tests {right} right forward, {gradients} gradients right, {wrong} wrong; {nan} \
             gradients NaN."
        );
    }
    let head = "| | tests | right | gradients right | notes |\n|---|---|---|---|---|\n";
    let add = |text: &mut String, rows: &[(&String, &Row)]| {
        text.push_str(head);
        rows.iter().for_each(|(name, row)| text.push_str(&(line(name, row, backends) + "\n")));
    };
    text.push_str("\n## Networks and compositions\n\n");
    add(&mut text, &nets.iter().collect::<Vec<_>>());
    let is_supported = |row: &Row| row.iter().any(|counts| counts.right + counts.wrong.len() > 0);
    let (supported, not): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| is_supported(row));
    text.push_str("\n## Supported\n\n");
    add(&mut text, &supported);
    text.push_str("\n## Not supported\n\n| | tests | why |\n|---|---|---|\n");
    for (name, row) in not {
        let why: BTreeSet<&str> = row.iter().flat_map(|counts| counts.not.keys().map(String::as_str)).collect();
        let why = why.into_iter().collect::<Vec<_>>().join("; ").replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} | {why} |", number(row, |counts| counts.tried));
    }
    text.push('\n');
    text.push_str(include_str!("forms.md"));
    text
}
