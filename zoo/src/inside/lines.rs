//! A method of another library, beside its counterpart here.

use ndarray::ArrayD;

use super::case::as_in;
use crate::captum::Difference;

/// What a line is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// The peer's values.
    ToPeer,
    /// The exact answer, for the peer is at fault.
    ToExact,
    /// Nothing: the peer defines or rounds it otherwise, and says the same in the line after it, on equal terms.
    ToNext,
}

/// A method of another library, beside its counterpart here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// What its array is called, up to the place.
    pub called: &'static str,
    /// What it is called there.
    pub peer: &'static str,
    /// What it is called here.
    pub here: &'static str,
    /// What it is held to.
    pub stands: Stands,
    /// What stands behind that, and behind bounds of its own.
    pub note: &'static str,
    /// The greatest relative difference in 32 and in 64 bits, where it is not that of the others.
    pub bounds: Option<[f64; 2]>,
}

impl Line {
    /// Held to the peer's values, unless it is said otherwise.
    pub(super) const fn new(called: &'static str, peer: &'static str, here: &'static str) -> Self {
        Line { called, peer, here, stands: Stands::ToPeer, note: "", bounds: None }
    }

    pub(super) const fn noted(self, note: &'static str) -> Self {
        Line { note, ..self }
    }

    /// The peer is at fault, as the note says.
    pub(super) const fn at_fault(self, note: &'static str) -> Self {
        Line { note, stands: Stands::ToExact, ..self }
    }

    /// The next line is on equal terms.
    pub(super) const fn otherwise(self, note: &'static str) -> Self {
        Line { note, stands: Stands::ToNext, ..self }
    }

    pub(super) const fn bounded(self, bounds: [f64; 2]) -> Self {
        Line { bounds: Some(bounds), ..self }
    }

    /// Whether an array of this name is its own.
    pub fn gave(&self, name: &str) -> bool {
        self.called == name.split('@').next().unwrap_or(name)
    }

    /// How far values are from an exact answer: of all, or of what each sample's add up to.
    pub fn to_exact(exact: &ArrayD<f64>, values: &ArrayD<f64>) -> f64 {
        Difference::between(&as_in(exact, values), exact).relative
    }

    /// The greatest relative difference, in 64 bits or in 32, where `other` is that of the other lines.
    pub fn bound(&self, double: bool, other: f64) -> f64 {
        self.bounds.map_or(other, |[single, of_double]| if double { of_double } else { single })
    }
}
