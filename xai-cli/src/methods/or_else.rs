//! One analyzer where another one has no answer.

use xai::{Analyzer, AnyAnalyzer, Attribution, Backend, Call, Differentiable, Element, Error, Inputs, Kind, Result};

use crate::notes::Notes;
use crate::words;

/// An analyzer, and the one that stands in for it where it fails or its values are no finite numbers: aloud.
pub(super) struct OrElse<B: Backend> {
    pub(super) first: Box<dyn AnyAnalyzer<B>>,
    pub(super) other: Box<dyn AnyAnalyzer<B>>,
    /// What is noted then, before the reason.
    pub(super) says: String,
    pub(super) notes: Notes,
}

impl<'m, B: Backend> Analyzer<dyn Differentiable<Backend = B> + 'm> for OrElse<B> {
    fn name(&self) -> String {
        self.first.name()
    }

    fn kind(&self) -> Kind {
        self.first.kind()
    }

    fn check(&self, model: &(dyn Differentiable<Backend = B> + 'm), inputs: &Inputs<'_>) -> Result<()> {
        self.first.check(model, inputs)
    }

    fn attribute(&self, model: &(dyn Differentiable<Backend = B> + 'm), call: &Call<'_, B>) -> Result<Attribution<B>> {
        let why = match self.first.attribute(model, call) {
            Ok(found) if is_finite(&found)? => return Ok(found),
            Ok(_) => "their values are no finite numbers here".to_owned(),
            Err(error @ Error::Cancelled { .. }) => return Err(error),
            Err(error) => words::of(&error),
        };
        let found = self.other.attribute(model, call)?;
        self.notes.add(format!("{}: {why}", self.says));
        Ok(found)
    }
}

fn is_finite<B: Backend>(found: &Attribution<B>) -> Result<bool> {
    for values in &found.values {
        if !values.download()?.iter().all(|value| value.as_f64().is_finite()) {
            return Ok(false);
        }
    }
    Ok(true)
}
