//! The samples of a data set, together as long as nothing fails, then one by one.

use std::sync::Arc;

use super::cell::Cell;
use super::found::Found;
use super::metric::Metric;
use super::scored::Scored;
use crate::explain::{AnyAnalyzer, Attribution, Call, Target};
use crate::passes::Reporter;
use crate::{Backend, Differentiable, Error, Result, Selection, Tensor};

/// Samples that are explained together: all, or one.
pub(super) struct Samples<'a, B: Backend> {
    pub(super) model: &'a dyn Differentiable<Backend = B>,
    pub(super) inputs: Vec<Tensor<B>>,
    pub(super) explained: &'a [bool],
    pub(super) rows: &'a [usize],
    pub(super) selection: Selection,
}

impl<B: Backend> Clone for Samples<'_, B> {
    fn clone(&self) -> Self {
        Samples { inputs: self.inputs.clone(), selection: self.selection.clone(), ..*self }
    }
}

/// What an analyzer found of them, or why it found nothing.
pub(super) struct Part<'a, B: Backend> {
    samples: Samples<'a, B>,
    found: Result<Found, Arc<Error>>,
}

impl<'a, B: Backend> Samples<'a, B> {
    /// Each by itself.
    fn alone(&self) -> impl Iterator<Item = Result<Samples<'a, B>>> {
        self.rows.chunks(1).enumerate().map(|(row, rows)| {
            let inputs = self.inputs.iter().map(|input| input.narrow(0, row, 1)).collect::<Result<_>>()?;
            let (model, explained, selection) = (self.model, self.explained, self.selection.part(row, 1));
            Ok(Samples { model, inputs, explained, rows, selection })
        })
    }

    /// What an analyzer finds of them.
    pub(super) fn explain(&self, analyzer: &dyn AnyAnalyzer<B>) -> Result<Found> {
        let target = Target::Chosen(&self.selection);
        let call = Call { inputs: &self.inputs, explained: self.explained, target, samples: self.rows };
        self.checked(&analyzer.attribute(self.model, &call)?)
    }

    /// The values, a row for each of the samples, all of them finite.
    pub(super) fn checked(&self, found: &Attribution<B>) -> Result<Found> {
        let found = Found::of(found)?;
        let shape = found.values.shape();
        match shape.first() == Some(&self.rows.len()) {
            true => Ok(found),
            false => Err(Error::InvalidShape {
                what: "values".into(),
                got: shape.to_vec(),
                reason: format!("{} sample(s) are explained: they need a row each", self.rows.len()),
            }),
        }
    }
}

/// What an analyzer found of all samples, in one part; or, where that failed, in a part for each.
///
/// # Errors
/// What ends the evaluation.
pub(super) fn parts<'a, B: Backend>(
    found: Result<Found>,
    analyzer: &dyn AnyAnalyzer<B>,
    all: &Samples<'a, B>,
) -> Result<Vec<Part<'a, B>>> {
    let one = |samples: Result<Samples<'a, B>>| {
        let samples = samples?;
        Ok(Part { found: failure(samples.explain(analyzer))?, samples })
    };
    match failure(found)? {
        Err(error) if all.rows.len() > 1 && !is_of_all(&error) => all.alone().map(one).collect(),
        found => Ok(vec![Part { samples: all.clone(), found }]),
    }
}

impl<B: Backend> Part<'_, B> {
    /// What a metric says of it.
    ///
    /// # Errors
    /// What ends the evaluation.
    pub(super) fn score(
        &self,
        (analyzer, metric): (&dyn AnyAnalyzer<B>, &dyn Metric<B>),
        whole: &Reporter,
    ) -> Result<Cell> {
        let found = match &self.found {
            Ok(found) => found,
            Err(error) => return Ok(Cell::failed(error, self.samples.rows)),
        };
        let score = |samples: &Samples<'_, B>, found: Found| -> Result<Result<Cell, Arc<Error>>> {
            let Samples { model, inputs, explained, rows, selection } = samples;
            let (kind, analyzer, whole) = (analyzer.kind(), Some(analyzer), whole.clone());
            let Found { values, of_groups } = found;
            let model = *model;
            let on = Scored { model, inputs, explained, values, of_groups, rows, selection, kind, analyzer, whole };
            let scores = failure(metric.score(&on))?;
            if let Ok(scores) = &scores {
                let what = format!("scores of {}", metric.name());
                Error::check_shape(&what, &[rows.len()], &[scores.values.len()])?;
            }
            Ok(scores.map(|scores| Cell::scored(scores, rows)))
        };
        let error = match score(&self.samples, found.clone())? {
            Ok(cell) => return Ok(cell),
            Err(error) => error,
        };
        if self.samples.rows.len() == 1 || is_of_all(&error) {
            return Ok(Cell::failed(&error, self.samples.rows));
        }
        let mut cell = Cell::default();
        for (row, samples) in self.samples.alone().enumerate() {
            let samples = samples?;
            let one = score(&samples, found.sample(row))?.unwrap_or_else(|error| Cell::failed(&error, samples.rows));
            cell.extend(one, 0);
        }
        Ok(cell)
    }
}

/// An error that is one of a sample or of a method; others end the evaluation.
fn failure<T>(of: Result<T>) -> Result<Result<T, Arc<Error>>> {
    match of {
        Ok(found) => Ok(Ok(found)),
        Err(error) if ends(&error) => Err(error),
        Err(error) => Ok(Err(Arc::new(error))),
    }
}

/// Whether an error says nothing about a sample or a method: the user stops, the framework or the model's code fails.
fn ends(error: &Error) -> bool {
    match error {
        Error::Cancelled { .. } | Error::Backend { .. } => true,
        // The model's layers do not fit together.
        Error::Layer { source, .. } => {
            ends(source) || matches!(source.root(), Error::Shape { .. } | Error::InvalidShape { .. })
        }
        Error::Copies { source, .. } | Error::Rows { source, .. } => ends(source),
        _ => false,
    }
}

/// Whether an error is that of any sample, so that it need not be looked for in each.
fn is_of_all(error: &Error) -> bool {
    matches!(
        error.root(),
        Error::Unsupported { .. }
            | Error::NotDifferentiable { .. }
            | Error::Opaque { .. }
            | Error::NoRule { .. }
            | Error::UnknownPlace { .. }
            | Error::BypassedPlace { .. }
            | Error::Detached { .. }
    )
}
