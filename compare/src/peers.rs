//! The table of a family: each line is a method on a network, beside what a peer says of it.

use std::fmt::Write as _;

use xai::Result;
use xai_zoo::captum::Difference;

/// A framework in a precision: the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    LibTorchSingle,
    CandleSingle,
    LibTorchDouble,
    CandleDouble,
}

impl Column {
    /// All, in the order of the columns.
    pub(crate) const ALL: [Column; 4] =
        [Column::LibTorchSingle, Column::CandleSingle, Column::LibTorchDouble, Column::CandleDouble];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Column::LibTorchSingle => "libtorch f32",
            Column::CandleSingle => "candle f32",
            Column::LibTorchDouble => "libtorch f64",
            Column::CandleDouble => "candle f64",
        }
    }

    /// The precision, as the Python side names it.
    pub(crate) fn precision(self) -> &'static str {
        match self {
            Column::LibTorchSingle | Column::CandleSingle => "f32",
            Column::LibTorchDouble | Column::CandleDouble => "f64",
        }
    }

    /// The greatest relative difference that is allowed where nothing else is said.
    pub(crate) fn bound(self) -> f64 {
        match self {
            Column::LibTorchSingle | Column::CandleSingle => 1e-4,
            Column::LibTorchDouble | Column::CandleDouble => 1e-6,
        }
    }
}

/// A method on a network beside one peer.
#[derive(Debug)]
pub(crate) struct Line {
    network: String,
    method: String,
    peer: String,
    cells: Vec<(Column, f64, f64)>,
    /// Why a bound is another, or where the peer is wrong and how the exact answer shows it.
    note: String,
}

impl Line {
    pub(crate) fn new(network: &str, method: &str, peer: &str) -> Self {
        let (network, method, peer) = (network.to_owned(), method.to_owned(), peer.to_owned());
        Line { network, method, peer, cells: Vec::new(), note: String::new() }
    }

    /// What stands behind the numbers.
    pub(crate) fn note(mut self, words: &str) -> Self {
        words.clone_into(&mut self.note);
        self
    }

    /// A column's difference, which may be up to the column's own bound.
    pub(crate) fn add(&mut self, column: Column, difference: &Difference) {
        self.add_bounded(column, difference.relative, column.bound());
    }

    /// A column's difference, which may be up to `bound`: say why in [`note`](Self::note).
    pub(crate) fn add_bounded(&mut self, column: Column, difference: f64, bound: f64) {
        self.cells.push((column, difference, bound));
    }

    fn of(&self, column: Column) -> Option<&(Column, f64, f64)> {
        self.cells.iter().find(|cell| cell.0 == column)
    }
}

/// The lines of a family.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    lines: Vec<Line>,
}

impl Peers {
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// The table in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let titles = Column::ALL.map(Column::title).join(" | ");
        let mut text =
            format!("| network | method | peer | {titles} | note |\n|---|---|---|{}---|\n", "---:|".repeat(4));
        for line in &self.lines {
            let cells = Column::ALL.map(|c| line.of(c).map_or_else(|| "-".into(), |cell| format!("{:.1e}", cell.1)));
            let Line { network, method, peer, note, .. } = line;
            // Writing to a string does not fail.
            let _ = writeln!(text, "| {network} | {method} | {peer} | {} | {note} |", cells.join(" | "));
        }
        text
    }

    /// What is above its bound, and lines in which nothing was compared, in words.
    pub(crate) fn failures(&self) -> Vec<String> {
        let above = self.lines.iter().flat_map(|line| {
            // Not `>`: what is no number is above every bound.
            let above = line.cells.iter().filter(|(_, difference, bound)| difference.is_nan() || difference > bound);
            above.map(|(column, difference, bound)| {
                let Line { network, method, peer, .. } = line;
                let column = column.title();
                format!("{network}, {method}, {peer}, {column}: {difference:.1e}, allowed is {bound:.0e}")
            })
        });
        let empty = self.lines.iter().filter(|line| line.cells.is_empty());
        let empty = empty.map(|line| format!("{}, {}, {}: not compared", line.network, line.method, line.peer));
        above.chain(empty).collect()
    }
}

/// Prints a family's table and returns what is above its bound.
pub(crate) fn told(peers: &Peers) -> Result<Vec<String>> {
    print!("{}", peers.markdown());
    let mut failures = peers.failures();
    if peers.lines.is_empty() {
        failures.push("nothing was compared".into());
    }
    Ok(failures)
}
