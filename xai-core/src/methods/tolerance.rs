//! How exact a path integral shall be, and what it took.

use crate::passes::{MOST_COPIES, within};
use crate::{Error, Result};

/// The bounds that a user sets on the errors of a path integral.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tolerance {
    /// On the estimated relative error of the values, ‖Â - A‖₂ / ‖A‖₂.
    pub(crate) error: Option<f64>,
    /// On the completeness gap, relative to the larger of |f(x) - f(x₀)| and ‖A‖₂.
    pub(crate) gap: Option<f64>,
    /// At most so many evaluations for each sample.
    pub(crate) max_n: Option<usize>,
}

/// The limit unless there is another.
const DEFAULT_MAX_N: usize = 1000;

/// The first estimate takes so many evaluations.
pub(super) const FEWEST: usize = 9;

/// What a path integral with a tolerance took, for one sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convergence {
    pub(super) evaluations: usize,
    pub(super) error: f64,
    pub(super) within: bool,
}

impl Tolerance {
    /// True when there is a bound on anything.
    pub(super) fn is_set(&self) -> bool {
        self.error.is_some() || self.gap.is_some()
    }

    pub(super) fn max_n(&self) -> usize {
        self.max_n.unwrap_or(DEFAULT_MAX_N)
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, bound) in [("tolerance", self.error), ("gap_tolerance", self.gap)] {
            if let Some(bound) = bound.filter(|&bound| !(bound > 0.0 && bound.is_finite())) {
                return Err(Error::InvalidParameter {
                    name,
                    value: bound.to_string(),
                    reason: "it must be a finite number above 0, as 0.01 for 1 %".into(),
                });
            }
        }
        match self.max_n {
            Some(max_n) if max_n < FEWEST => Err(Error::InvalidParameter {
                name: "max_n",
                value: max_n.to_string(),
                reason: format!(
                    "it must be at least {FEWEST}: so many evaluations the first estimate of the error takes"
                ),
            }),
            Some(max_n) => within("max_n", max_n, FEWEST, MOST_COPIES),
            None => Ok(()),
        }
    }

    /// Whether a relative error of the values and of the gap are within the bounds.
    pub(super) fn allows(&self, error: f64, gap: f64) -> bool {
        self.error.is_none_or(|bound| error <= bound) && self.gap.is_none_or(|bound| gap.abs() <= bound)
    }
}
