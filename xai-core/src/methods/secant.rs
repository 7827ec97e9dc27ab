//! Mean gradients over the segments of a path, by secants.

use super::interpolation::{Path, PathMean, too_few};
use crate::explain::{Analyzer, Target, pulled};
use crate::passes::{Running, Sum, copies_per_pass, even_parts};
use crate::rules::Secants;
use crate::{Backend, Differentiable, Error, Result};

impl<B: Backend, M: Differentiable<Backend = B> + ?Sized, A: Analyzer<M>> Path<'_, M, A> {
    /// Σᵢ (αᵢ₋₁ - αᵢ) · (mean gradient over the segment between αᵢ₋₁ and αᵢ), and the outputs at both ends.
    ///
    /// Down from the end of the path: its output is the clean input's, which the target is settled on. Every point runs
    /// through the network once; what its steps were given at the last one of a pass is kept for the next pass.
    pub(super) fn mean_by_secants(&self, progress: &mut Running<'_>) -> Result<PathMean<B>> {
        let Path { settings, subject, call, .. } = *self;
        let batch = call.rows();
        let mut alphas: Vec<f64> =
            settings.quadrature.points(settings.n)?.into_iter().map(|(alpha, _)| alpha).collect();
        alphas.reverse();
        let mut secants = Secants::new(batch);
        let graph = subject.graph(batch, call.target)?;
        let (output, _) = graph.vjp(call.inputs, call.explained, Some(&secants))?;
        drop(graph);
        let selection = call.target.settle_for(call.inputs, &output)?;
        progress.advance(batch)?;
        let differences = self.differences()?;
        let mut sum = Sum::new();
        let mut output0 = None;
        for (start, len) in even_parts(alphas.len().saturating_sub(1), copies_per_pass(self.chunk, batch)) {
            let Some(points) = alphas.get(start..=start + len) else { continue };
            secants = secants.next(len);
            let copies = self.points(&differences, &points[1..])?;
            let rows = selection.repeat(len);
            let graph = subject.graph(batch * len, Target::Chosen(&rows))?;
            let (y, pullback) = graph.vjp(&copies, call.explained, Some(&secants))?;
            if y.shape().first() != Some(&(batch * len)) {
                return Err(Error::backend(B::NAME, "the output has not a row for each point of the path"));
            }
            let means = pulled(&pullback, &rows.cotangent(&y)?, call.explained)?;
            let lengths: Vec<f64> = points.windows(2).map(|pair| pair[0] - pair[1]).collect();
            sum.add_values(&means, &lengths)?;
            output0 = Some(secants.rows(&y, len - 1, 1)?);
            progress.advance(batch * len)?;
        }
        match (sum.finish(), output0) {
            (Some((mean, _)), Some(output0)) => Ok(PathMean { mean, output, output0, selection, spent: None }),
            _ => Err(too_few(settings.n)),
        }
    }
}
