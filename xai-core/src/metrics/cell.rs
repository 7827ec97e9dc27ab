//! One analyzer's scores by one metric: [`Cell`].

use std::sync::Arc;

use super::scores::Scores;
use crate::Error;

/// One analyzer's scores by one metric: of the samples that have one, and why the others have none.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::metrics::{Cell, Evaluate, Gini};
/// use xai::nn::Activation;
/// use xai::{Gradient, NdArray, Net};
///
/// // The second sample's gradient is zero, and has no shares.
/// let net = Net::<NdArray<f64>, _>::new(Activation::Relu);
/// let table = Evaluate::new(&[&Gradient], &[&Gini]).run(&net, &array![[0.5, 2.0], [-1.0, 2.0]], 0)?;
/// let cell: &Cell = &table.cells[0][0];
/// assert_eq!((&cell.samples[..], &cell.scores.values[..]), (&[0][..], &[0.5][..]));
/// assert_eq!(cell.failures[0].sample, 1);
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Cell {
    /// The scores of the samples that have one.
    pub scores: Scores,
    /// Which samples these are, one for each score.
    pub samples: Vec<usize>,
    /// The samples that have none, and why.
    pub failures: Vec<Failure>,
}

/// Why a sample has no score.
///
/// ```
/// # use xai_core as xai;
/// use xai::metrics::{Cell, Failure};
///
/// fn told(cell: &Cell) -> Vec<String> {
///     cell.failures.iter().map(|Failure { sample, error, .. }| format!("{sample}: {error}")).collect()
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failure {
    /// The sample.
    pub sample: usize,
    /// Why: the error may be that of several samples.
    pub error: Arc<Error>,
}

impl Cell {
    /// The scores of these samples.
    pub(super) fn scored(scores: Scores, samples: &[usize]) -> Self {
        Cell { scores, samples: samples.to_vec(), failures: Vec::new() }
    }

    /// These samples have none, for one reason.
    pub(super) fn failed(error: &Arc<Error>, samples: &[usize]) -> Self {
        let failure = |&sample: &usize| Failure { sample, error: Arc::clone(error) };
        Cell { failures: samples.iter().map(failure).collect(), ..Cell::default() }
    }

    /// Puts another's samples behind these, counted from `first` on.
    pub(super) fn extend(&mut self, more: Cell, first: usize) {
        self.scores.extend(more.scores);
        self.samples.extend(more.samples.into_iter().map(|sample| first + sample));
        let moved = |failure: Failure| Failure { sample: first + failure.sample, ..failure };
        self.failures.extend(more.failures.into_iter().map(moved));
    }

    /// The reasons why samples have no score, each with these samples.
    pub(super) fn reasons(&self) -> Vec<(String, Vec<usize>)> {
        let mut reasons: Vec<(String, Vec<usize>)> = Vec::new();
        for failure in &self.failures {
            let why = failure.error.to_string();
            match reasons.iter_mut().find(|(seen, _)| *seen == why) {
                Some((_, samples)) => samples.push(failure.sample),
                None => reasons.push((why, vec![failure.sample])),
            }
        }
        reasons
    }
}

/// One number that is of no sample more than of another, as a rank.
impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Cell::scored(vec![number].into(), &[0])
    }
}
