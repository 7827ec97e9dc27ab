//! A line, as it is filled column by column.

use ndarray::ArrayD;
use xai_zoo::captum::Difference;
use xai_zoo::inside::{Case, Line as Method, Stands, next_of};

use crate::peers::{Column, Line};

/// A method on a network beside its peer, with what is wrong that no single number says.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    network: &'a str,
    method: &'static Method,
    pub(super) said: &'a str,
    line: Line,
    /// How far this library is from the exact answer at most, and the peer at least.
    gaps: (f64, f64),
    failures: Vec<String>,
}

impl<'a> Judged<'a> {
    pub(super) fn new(network: &'a str, method: &'static Method, said: &'a str) -> Self {
        let at = said.split_once('@').map_or(String::new(), |(_, place)| format!(", at {place}"));
        let line = Line::new(network, &format!("{}{at}", method.here), method.peer);
        Judged { network, method, said, line, gaps: (0.0, f64::INFINITY), failures: Vec::new() }
    }

    /// What this library found in a column.
    pub(super) fn add(&mut self, column: Column, case: &Case, got: &ArrayD<f64>) {
        let double = column.precision() == "f64";
        // In 32 bits, the nearer of Python's: at a kink its two precisions take the two sides, and both are right.
        let precisions: &[&str] = if double { &["f64"] } else { &["f32", "f64"] };
        let there = precisions.iter().filter_map(|precision| case.said_as(precision, self.said));
        let differences = there.map(|there| Difference::between(got, there));
        let Some(nearest) = differences.min_by(|a, b| a.relative.total_cmp(&b.relative)) else {
            return self.fail(column, "the peer said nothing");
        };
        let bound = self.method.bound(double, column.bound());
        match (self.method.stands, self.method.bounds) {
            (Stands::ToPeer, None) => self.line.add(column, &nearest),
            (Stands::ToPeer, Some(_)) => self.line.add_bounded(column, nearest.relative, bound),
            (Stands::ToExact, _) => {
                self.line.add_bounded(column, nearest.relative, f64::INFINITY);
                self.judge(column, case, got, bound);
            }
            (Stands::ToNext, _) => {
                self.line.add_bounded(column, nearest.relative, f64::INFINITY);
                let held = next_of(self.said).is_ok_and(|next| case.said_as(column.precision(), &next).is_some());
                if !held {
                    self.fail(column, "it is held to nothing, and no line after it is in its place");
                }
            }
        }
    }

    /// The peer is at fault: this library is held to the exact answer, and the peer is not within the same bound.
    fn judge(&mut self, column: Column, case: &Case, got: &ArrayD<f64>, bound: f64) {
        let (Some(exact), Some(there)) = (case.exact(self.said), case.said_as(column.precision(), self.said)) else {
            return self.fail(column, "there is no exact answer");
        };
        let (here, there) = (Method::to_exact(exact, got), Method::to_exact(exact, there));
        self.gaps = (self.gaps.0.max(here), self.gaps.1.min(there));
        if here.is_nan() || here > bound {
            self.fail(column, &format!("{here:.1e} to the exact answer, allowed is {bound:.0e}"));
        }
        // 32 bits may not show it.
        if column.precision() == "f64" && there <= bound {
            self.fail(column, &format!("the peer is {there:.1e} from the exact answer: it is no longer at fault"));
        }
    }

    fn fail(&mut self, column: Column, words: &str) {
        let Judged { network, method, said, .. } = self;
        self.failures.push(format!("{network}, {said}, {}, {column:?}: {words}", method.peer));
    }

    /// The line with its note, and what is wrong.
    pub(super) fn finish(self) -> (Line, Vec<String>) {
        let Judged { method, line, gaps: (here, there), failures, .. } = self;
        let note = match method.stands {
            Stands::ToExact => {
                format!("at fault: {}; to that {here:.1e} here at most, {there:.1e} there at least", method.note)
            }
            Stands::ToNext => format!("not held to it: {}", method.note),
            Stands::ToPeer => method.note.to_owned(),
        };
        (line.note(&note), failures)
    }
}
