//! The model's outputs at a set of references.

use super::reference_set::ReferenceSets;
use crate::explain::{Call, Selection, Target, graph_for};
use crate::passes::{copies_per_pass, even_parts, repeated};
use crate::{Backend, Differentiable, Result, Tensor};

/// The model's outputs at references. Where all samples of a batch share them, they run once for all of its blocks.
pub(super) struct AtReferences<'a, B: Backend> {
    references: &'a ReferenceSets,
    shared: Option<Tensor<B>>,
}

impl<'a, B: Backend> AtReferences<'a, B> {
    pub(super) fn new(references: &'a ReferenceSets) -> Self {
        AtReferences { references, shared: None }
    }

    /// Σₖ wₖ f(x'ₖ) of each row's selected output; references without a weight are left out.
    pub(super) fn mean<M: Differentiable<Backend = B> + ?Sized>(
        &mut self,
        model: &M,
        call: &Call<'_, B>,
        selection: &Selection,
        weights: &[f64],
        chunk: usize,
    ) -> Result<Vec<f64>> {
        let (which, weights): (Vec<usize>, Vec<f64>) =
            weights.iter().copied().enumerate().filter(|&(_, weight)| weight > 0.0).unzip();
        let mut means = vec![0.0; call.rows()];
        let weighted =
            |at: &[f64], weights: &[f64]| at.iter().zip(weights).map(|(at, weight)| at * weight).sum::<f64>();
        // The same for all samples, if nothing else of a sample goes in.
        if self.references.is_shared() && call.explained.iter().all(|&explained| explained) {
            let output = match self.shared.take() {
                Some(output) => output,
                None => self.of_all(model, call, selection, &which, chunk)?,
            };
            for (sample, mean) in means.iter_mut().enumerate() {
                let at = selection.part(sample, 1).repeat(which.len()).pick(&output)?;
                *mean = weighted(&at, &weights);
            }
            self.shared = Some(output);
            return Ok(means);
        }
        for (start, len) in even_parts(which.len(), copies_per_pass(chunk, call.rows())) {
            let part = start..start + len;
            let output = self.outputs(model, call, selection, &which[part.clone()])?;
            let at = selection.repeat(len).pick(&output)?;
            for (mean, at) in means.iter_mut().zip(at.chunks(len.max(1))) {
                *mean += weighted(at, &weights[part.clone()]);
            }
        }
        Ok(means)
    }

    /// The outputs at these references, with the first sample standing for all.
    fn of_all<M: Differentiable<Backend = B> + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, B>,
        selection: &Selection,
        which: &[usize],
        chunk: usize,
    ) -> Result<Tensor<B>> {
        let inputs = call.inputs.iter().map(|x| x.narrow(0, 0, 1)).collect::<Result<Vec<_>>>()?;
        let first = Call { inputs: &inputs, samples: call.samples.get(..1).unwrap_or_default(), ..*call };
        let parts = even_parts(which.len(), chunk).into_iter();
        let parts = parts.map(|(start, len)| self.outputs(model, &first, selection, &which[start..start + len]));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    }

    /// The outputs at these references of each row, one after another.
    fn outputs<M: Differentiable<Backend = B> + ?Sized>(
        &self,
        model: &M,
        call: &Call<'_, B>,
        selection: &Selection,
        which: &[usize],
    ) -> Result<Tensor<B>> {
        let mut sets = self.references.0.iter();
        let of_input = |(x, &explained): (&Tensor<B>, &bool)| match explained.then(|| sets.next()).flatten() {
            Some(set) => set.tensors_like(x, call.samples, which),
            None => repeated(x, which.len()),
        };
        let inputs = call.inputs.iter().zip(call.explained).map(of_input).collect::<Result<Vec<_>>>()?;
        let shapes: Vec<Vec<usize>> = inputs.iter().map(Tensor::shape).collect();
        graph_for(model, &shapes, Target::Chosen(selection))?.forward(&inputs)
    }
}
