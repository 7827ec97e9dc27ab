//! The inputs of an analysis, where the model lives: [`Uploaded`].

use super::sample_rows::check_output_rows;
use super::{Call, Input, Inputs, Part, Target};
use crate::{Backend, Differentiable, Error, Result, Tensor};

/// The user's own batch, checked and brought to where the model lives.
#[derive(Debug)]
pub(crate) struct Uploaded<B: Backend> {
    inputs: Vec<Tensor<B>>,
    explained: Vec<bool>,
    samples: Vec<usize>,
}

impl<B: Backend> Uploaded<B> {
    /// Checks the inputs, asks `check`, and only then uploads.
    ///
    /// # Errors
    /// [`Error::InvalidShape`] and [`Error::InvalidParameter`] for the inputs; those of `check`; the
    /// framework's own.
    pub(crate) fn new<M: Differentiable<Backend = B> + ?Sized>(
        model: &M,
        input: &impl Input<B>,
        check: impl FnOnce(&Inputs<'_>) -> Result<()>,
    ) -> Result<Self> {
        let mut parts = Vec::new();
        input.parts(&mut parts)?;
        check_parts(&parts)?;
        let shapes: Vec<Vec<usize>> = parts.iter().map(|part| part.shape().to_vec()).collect();
        let explained: Vec<bool> = parts.iter().map(Part::is_explained).collect();
        check(&Inputs { shapes: &shapes, explained: &explained })?;
        check_output_rows(model, &shapes)?;
        let placement = model.placement_for(&shapes)?;
        parts.iter().try_for_each(|part| part.check_fits(&placement))?;
        let inputs = parts.iter().map(|part| part.upload(&placement)).collect::<Result<_>>()?;
        let samples = (0..shapes.first().map_or(0, |shape| shape[0])).collect();
        Ok(Uploaded { inputs, explained, samples })
    }

    pub(crate) fn inputs(&self) -> &[Tensor<B>] {
        &self.inputs
    }

    pub(crate) fn explained(&self) -> &[bool] {
        &self.explained
    }

    pub(crate) fn samples(&self) -> &[usize] {
        &self.samples
    }

    /// What an analyzer is asked of them.
    pub(crate) fn call<'a>(&'a self, target: Target<'a, B::Elem>) -> Call<'a, B> {
        Call { inputs: &self.inputs, explained: &self.explained, target, samples: &self.samples }
    }
}

/// Each input by itself, and that all have a row for each sample.
fn check_parts<B: Backend>(parts: &[Part<'_, B>]) -> Result<()> {
    for part in parts {
        part.check()?;
    }
    if !parts.iter().any(Part::is_explained) {
        return Err(Error::InvalidParameter {
            name: "input",
            value: format!("{} given", parts.len()),
            reason: "at least one must be explained".into(),
        });
    }
    let rows = |part: &Part<'_, B>| part.shape().first().copied();
    match parts.iter().find(|part| rows(part) != rows(&parts[0])) {
        None => Ok(()),
        Some(part) => Err(Error::InvalidShape {
            what: "input".into(),
            got: part.shape().to_vec(),
            reason: format!("the first input, {:?}, has another number of samples", parts[0].shape()),
        }),
    }
}
