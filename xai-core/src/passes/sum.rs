//! Weighted sums over the copies of samples.

use super::copies::per_copy;
use super::progress::Running;
use crate::explain::{Attribution, Extras};
use crate::{Backend, Error, Result, Tensor};

/// The weighted sum of an analyzer's results over the steps of an augmentation, gathered chunk by chunk.
pub(crate) struct Sum<B: Backend> {
    values: Option<Vec<Tensor<B>>>,
    extras: Option<Extras>,
}

impl<B: Backend> Sum<B> {
    pub(crate) fn new() -> Self {
        Sum { values: None, extras: None }
    }

    /// Adds the results for `weights.len()` copies of each sample, which stand sample by sample.
    pub(crate) fn add(&mut self, copies: &Attribution<B>, weights: &[f64]) -> Result<()> {
        self.add_values(&copies.values, weights)?;
        let part = copies.extras.clone().averaged(weights);
        self.extras = Some(match self.extras.take() {
            Some(extras) => extras.added(part),
            None => part,
        });
        Ok(())
    }

    /// Adds values alone, `weights.len()` rows for each sample, which stand sample by sample.
    pub(crate) fn add_values(&mut self, rows: &[Tensor<B>], weights: &[f64]) -> Result<()> {
        let parts = rows.iter().map(|rows| weighted_sum(&rows.widen()?, weights)).collect::<Result<Vec<_>>>()?;
        self.values = Some(match self.values.take() {
            Some(sums) => sums.iter().zip(&parts).map(|(sum, part)| sum.add(part)).collect::<Result<_>>()?,
            None => parts,
        });
        Ok(())
    }

    /// The sums of values and what they came with; nothing if nothing was added.
    pub(crate) fn finish(self) -> Option<(Vec<Tensor<B>>, Extras)> {
        self.values.map(|values| (values, self.extras.unwrap_or_default()))
    }
}

/// Σ over the copies of each sample, with a weight for each copy: (samples · copies, ...) to (samples, ...).
pub(crate) fn weighted_sum<B: Backend>(values: &Tensor<B>, weights: &[f64]) -> Result<Tensor<B>> {
    let shape = values.shape();
    let copies = weights.len();
    let rest = shape.get(1..).unwrap_or_default();
    let samples = shape.first().copied().unwrap_or(0) / copies.max(1);
    let grouped = values.reshape(&[&[samples, copies], rest].concat())?;
    let first = weights.first().copied().unwrap_or(1.0);
    let sum = if weights.iter().all(|&w| w == first) {
        grouped.sum(&[1])?.scale(first)?
    } else {
        grouped.mul(&per_copy(weights, rest.len(), values)?)?.sum(&[1])?
    };
    sum.reshape(&[&[samples], rest].concat())
}

/// Adds up what an analyzer found for `weights.len()` copies of each sample, `rows` in all.
pub(crate) fn run_copies<B: Backend>(
    name: impl FnOnce() -> String,
    found: &Attribution<B>,
    rows: usize,
    weights: &[f64],
    sum: &mut Sum<B>,
    progress: &mut Running<'_>,
) -> Result<()> {
    check_copies(name, found, rows)?;
    sum.add(found, weights)?;
    progress.advance(rows)
}

/// Refuses values that have not a row for each of so many copies.
pub(crate) fn check_copies<B: Backend>(
    name: impl FnOnce() -> String,
    found: &Attribution<B>,
    rows: usize,
) -> Result<()> {
    match found.values.iter().find(|values| values.shape().first() != Some(&rows)) {
        None => Ok(()),
        Some(values) => Err(Error::InvalidShape {
            what: format!("values of {}", name()),
            got: values.shape(),
            reason: format!("{rows} samples were explained: they need a row each, batch axis first"),
        }),
    }
}
