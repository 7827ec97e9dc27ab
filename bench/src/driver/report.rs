//! The results as a whole: a part for each family of analyzers, which is a table of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use measured::names::Family;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xai_zoo::command_line::Outcome;

use super::machine::{self, Machine};
use super::row::Row;
use super::wrapped::wrapped;
use super::{notes, table};
use crate::args::Args;

/// `target/bench.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Report(BTreeMap<Family, Part>);

/// What was measured of a family.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Part {
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
        let of_path = |error| format!("{}: {error}", path.display());
        let mut found: Value = serde_json::from_slice(&fs::read(path)?).map_err(of_path)?;
        if found.get("rows").is_some() {
            // As it was written when there was one family.
            found = serde_json::json!({ "gradients": found });
        }
        serde_json::from_value(found).map_err(|error| of_path(error).into())
    }

    pub(super) fn write(&self, path: &Path) -> Outcome<()> {
        Ok(fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// The part of a family.
    pub(super) fn part(&mut self, family: Family) -> &mut Part {
        self.0.entry(family).or_default()
    }

    /// The tables of all families.
    pub(super) fn tables(&self) -> String {
        self.0.values().map(Part::table).collect::<Vec<_>>().join("\n")
    }

    /// The tables with all that belongs to them, and between which marks each stands.
    pub(super) fn markdown(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(family, part)| (part.mark(*family), part.markdown())).collect()
    }
}

impl Part {
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

    /// Between which marks its table stands.
    fn mark(&self, family: Family) -> String {
        let on = if self.machine.card.is_some() { " cuda" } else { "" };
        format!("{}{on}", family.mark())
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
        self.rows.sort_by_key(|row| (row.network.place(), row.analyzer.place(), row.who.place()));
    }

    /// The table, and what is to be said about it.
    fn table(&self) -> String {
        let lines = |text: &String| text.lines().map(|line| wrapped(line) + "\n").collect::<String>();
        let notes = notes::of(&self.rows).iter().map(lines).collect::<Vec<_>>();
        format!("{}\n{}", table::of(&self.rows), notes.join("\n"))
    }

    /// The table with all that belongs to it.
    fn markdown(&self) -> String {
        let Machine { processor, cores, memory_gb, system, card } = &self.machine;
        let card = card.as_ref().map_or(String::new(), |card| format!("{card}, "));
        let versions: Vec<String> = self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let measured = format!(
            "Measured on {} by `{}`: {card}{processor}, {cores} cores, {memory_gb:.0} GB, {system}; {} threads; {}.",
            self.date,
            self.command,
            self.threads,
            versions.join(", ")
        );
        format!("{}\n\n{}", wrapped(&measured), self.table())
    }
}
