//! A line of the results.

use measured::names::{Analyzer, Network, Who};
use serde::{Deserialize, Serialize};

/// What one contestant took for one analyzer on one network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) network: Network,
    pub(super) analyzer: Analyzer,
    pub(super) who: Who,
    /// Of a whole analysis.
    pub(super) median_ms: f64,
    /// The most that was resident, the loading apart.
    pub(super) peak_mb: f64,
    pub(super) least_ms: f64,
    pub(super) greatest_ms: f64,
    /// How many runs the median is of.
    pub(super) runs: usize,
    /// How many gradients each run took; the times are scaled when an analysis takes more.
    pub(super) gradients: usize,
    /// The best chunk size, where the caller chooses it.
    pub(super) chunk: Option<usize>,
    /// What was resident when the network was loaded and had run forward once.
    pub(super) own_mb: f64,
    /// False where the system did not let the peak begin anew behind the loading.
    pub(super) peak_without_loading: bool,
    /// ‖map - reference's‖₂ / ‖reference's‖₂, where both compute the same.
    pub(super) difference: Option<f64>,
}

impl Row {
    /// True when the rows are of the same thing.
    pub(super) fn is_of(&self, other: &Row) -> bool {
        (self.network, self.analyzer, self.who) == (other.network, other.analyzer, other.who)
    }

    /// Takes in what the same contestant took when it was started again, after it had been `before` times: the
    /// geometric mean of the medians, and the mean of the memory.
    pub(super) fn join(&mut self, again: &Row, before: usize) {
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / (before as f64 + 1.0);
        self.median_ms = (self.median_ms.ln() * (1.0 - share) + again.median_ms.ln() * share).exp();
        self.peak_mb = self.peak_mb * (1.0 - share) + again.peak_mb * share;
        self.own_mb = self.own_mb * (1.0 - share) + again.own_mb * share;
        self.least_ms = self.least_ms.min(again.least_ms);
        self.greatest_ms = self.greatest_ms.max(again.greatest_ms);
        self.runs += again.runs;
        self.peak_without_loading &= again.peak_without_loading;
    }

    /// What is wrong with a map that is too far from the reference's.
    pub(super) fn complaint(&self) -> Option<String> {
        let Row { network, analyzer, who, difference, .. } = self;
        let difference = difference.filter(|&difference| difference.is_nan() || difference > analyzer.bound)?;
        let reference = analyzer.reference.unwrap_or("nobody");
        Some(format!("{who} differs from {reference} by {difference:.1e} in {analyzer} of {network}"))
    }
}

/// Milliseconds, run by run.
#[derive(Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Kept in order.
    pub(super) fn push(&mut self, milliseconds: f64) {
        let place = self.0.partition_point(|&other| other < milliseconds);
        self.0.insert(place, milliseconds);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    pub(super) fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(super) fn greatest(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// The middle one, or the mean of the middle two.
    pub(super) fn median(&self) -> f64 {
        let half = self.0.len() / 2;
        match (self.0.len() % 2, self.0.get(half)) {
            (_, None) => f64::NAN,
            (0, Some(upper)) => f64::midpoint(self.0.get(half - 1).copied().unwrap_or(*upper), *upper),
            (_, Some(middle)) => *middle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn the_median_is_in_the_middle() {
        let mut times = Times::default();
        assert!(times.median().is_nan());
        for (next, median) in [(5.0, 5.0), (1.0, 3.0), (9.0, 5.0), (7.0, 6.0)] {
            times.push(next);
            assert_eq!(times.median(), median);
        }
        assert_eq!((times.least(), times.greatest(), times.count(), times.total()), (1.0, 9.0, 4, 22.0));
    }
}
