//! The results as a whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xai_zoo::command_line::Outcome;

use super::machine::{self, Machine};
use super::row::Row;
use super::table;
use crate::args::Args;

/// `target/bench.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Report {
    date: String,
    command: String,
    threads: usize,
    machine: Machine,
    versions: BTreeMap<String, String>,
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        if !path.exists() {
            return Ok(Report::default());
        }
        serde_json::from_slice(&fs::read(path)?).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    pub(super) fn write(&self, path: &Path) -> Outcome<()> {
        Ok(fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// When and where it is measured, and how.
    pub(super) fn describe(&mut self, args: &Args, machine: Machine) {
        let words = std::env::args().skip(1).collect::<Vec<_>>();
        // What bench.sh adds says nothing.
        let hidden = |word: &String| word.starts_with("--python=") || word.starts_with("--date=");
        let told: Vec<String> = words.into_iter().filter(|word| !hidden(word)).collect();
        self.command = ["./bench.sh".to_owned()].into_iter().chain(told).collect::<Vec<_>>().join(" ");
        self.date.clone_from(&args.date);
        self.threads = args.threads;
        self.machine = machine;
        self.versions.extend(machine::versions());
    }

    /// What a Python contestant uses.
    pub(super) fn add_versions(&mut self, versions: &Map<String, Value>) {
        let known = versions.iter().filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())));
        self.versions.extend(known);
    }

    /// New rows take the place of old ones of the same thing.
    pub(super) fn replace(&mut self, rows: Vec<Row>) {
        self.rows.retain(|old| !rows.iter().any(|new| new.is_of(old)));
        self.rows.extend(rows);
        self.rows.sort_by_key(|row| (row.network as usize, row.analyzer as usize, row.who as usize));
    }

    /// The table, and how well the maps agree.
    pub(super) fn table(&self) -> String {
        format!("{}\n{}", table::of(&self.rows), table::agreement(&self.rows))
    }

    /// The table with all that belongs to it.
    pub(super) fn markdown(&self) -> String {
        let Machine { processor, cores, memory_gb, system } = &self.machine;
        let versions: Vec<String> = self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let measured = format!(
            "Measured on {} by `{}`: {processor}, {cores} cores, {memory_gb:.0} GB, {system}; {} threads; {}.",
            self.date,
            self.command,
            self.threads,
            versions.join(", ")
        );
        format!("{}\n\n{}", wrapped(&measured), self.table())
    }
}

/// Lines that end at this column, as in all files.
const COLUMNS: usize = 120;

/// Words in lines.
fn wrapped(text: &str) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > COLUMNS {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_end_where_a_word_would_go_beyond() {
        let word = "w".repeat(59);
        assert_eq!(wrapped(&format!("{word} {word} a b")), format!("{word} {word}\na b"));
        assert_eq!(wrapped(&format!("{word} {word}a b")), format!("{word} {word}a\nb"));
    }
}
