//! The differences as a Markdown table, and which are too large or missing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use xai_zoo::captum::{Case, Difference, Greatest, METHODS, Method};

use super::frameworks::Differences;
use super::run::{DOUBLE_BOUND, Run};

/// What rounding alone makes of an analysis in 32 bits, at most.
const ROUNDING: f64 = 1e-5;

/// The differences of one network.
#[derive(Debug)]
pub(super) struct Table {
    /// How far Captum in f32 is from Captum in f64.
    rounding: BTreeMap<String, Difference>,
    runs: BTreeMap<Run, BTreeMap<String, Difference>>,
}

impl Table {
    pub(super) fn new(case: &Case) -> Self {
        let exact: BTreeMap<_, _> = case.captum("f64").collect();
        let rounding = case.captum("f32").filter_map(|(method, values)| {
            let difference = Difference::between(values, exact.get(method)?);
            Some((method.to_owned(), difference))
        });
        Table { rounding: rounding.collect(), runs: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, run: Run, differences: Differences) {
        self.runs.insert(run, differences.into_iter().collect());
    }

    /// The table's first two lines.
    pub(super) fn head() -> String {
        let titles: Vec<&str> = Run::ALL.iter().map(|run| run.title()).collect();
        let titles = titles.join(" | ");
        let rule = "---|".repeat(Run::ALL.len() + 5);
        format!(
            "| network | in Python | in Rust | {titles} | Python's f32 to f64 | 99 % of candle f32's squared \
             difference in |\n|{rule}"
        )
    }

    /// A line for each method.
    pub(super) fn rows(&self, network: &str) -> String {
        let mut lines = String::new();
        let methods = METHODS.iter().flat_map(|method| {
            let names = self.names(Run::LibTorchSingle, method);
            names.map(move |name| (name, method.title()))
        });
        for (method, xai) in methods {
            let cell = |difference: Option<&Difference>| {
                difference.map_or_else(|| "-".to_owned(), |difference| format!("{:.1e}", difference.relative))
            };
            let of = |run: Run| self.runs.get(&run)?.get(method);
            let cells: Vec<String> = Run::ALL.into_iter().map(|run| cell(of(run))).collect();
            let held =
                of(Run::CandleSingle).map_or_else(|| "-".to_owned(), |d| format!("{} of {}", d.holders, d.elements));
            let rounding = cell(self.rounding.get(method));
            let cells = cells.join(" | ");
            // Writing to a string does not fail.
            let _ = writeln!(lines, "| {network} | {method} | {xai} | {cells} | {rounding} | {held} |");
        }
        lines
    }

    /// What a method's arrays are called.
    fn names<'a>(&'a self, run: Run, method: &'a Method) -> impl Iterator<Item = &'a str> {
        let run = self.runs.get(&run);
        run.into_iter().flat_map(BTreeMap::keys).map(String::as_str).filter(move |name| method.gave(name))
    }

    /// What is above its bound or was not compared, in words.
    pub(super) fn failures(&self, network: &str) -> Vec<String> {
        let above = self.all().filter(|(run, method, difference)| difference.relative > run.bound(method));
        let above = above.map(|(run, method, difference)| {
            let bound = run.bound(method);
            format!("{network}, {method}, {}: {:.1e}, allowed is {bound:.0e}", run.title(), difference.relative)
        });
        let missing = METHODS.iter().flat_map(|method| {
            let absent = Run::ALL.into_iter().filter(|run| self.names(*run, method).next().is_none());
            absent.map(move |run| format!("{network}, {}, {}: not compared", method.called(), run.title()))
        });
        above.chain(missing).collect()
    }

    /// What single precision's kinks explain, in words: the differences that are more than rounding in 32 bits, while
    /// the same analyses agree in 64.
    pub(super) fn kinks(&self, network: &str) -> Vec<String> {
        let large = self.all().filter(|(_, _, difference)| difference.relative > ROUNDING);
        let kinks = large.filter_map(|(run, method, difference)| {
            let double = self.runs.get(&run.in_double()?)?.get(method)?;
            let Greatest { at, got, expected } = difference.greatest.as_ref()?;
            let captum = self.rounding.get(method)?.relative;
            (double.relative <= DOUBLE_BOUND).then(|| {
                format!(
                    "{network}, {method}, {}: {:.1e}, 99 % of it (squared) in {} of {} elements, most at {at:?} with \
                     {got:.3e} for {expected:.3e}. In 64 bits it is {:.1e}; Python's own 32 bits are {captum:.1e} from \
                     its 64.",
                    run.title(),
                    difference.relative,
                    difference.holders,
                    difference.elements,
                    double.relative,
                )
            })
        });
        kinks.collect()
    }

    fn all(&self) -> impl Iterator<Item = (Run, &str, &Difference)> {
        self.runs.iter().flat_map(|(run, methods)| methods.iter().map(|(name, d)| (*run, name.as_str(), d)))
    }
}
