//! Mean gradients over the segments of a path, by secants.

use super::chunk::{Sum, copies_per_pass, even_parts};
use super::interpolation::{Path, PathMean, on_path};
use super::progress::Running;
use crate::input::check_rows;
use crate::{Backend, Chain, Error, Result, Segments, Target};

impl<B: Backend> Path<'_, B> {
    /// Σᵢ (αᵢ₋₁ - αᵢ) · (mean gradient over the segment between αᵢ₋₁ and αᵢ), and the outputs at both ends.
    ///
    /// Down from the end of the path: its output is the clean input's, which the target is settled on. Every point runs
    /// through the layers once; the layers' inputs at the last one of a pass are kept for the next pass.
    pub(super) fn mean_by_secants(
        &self,
        layers: &Chain<'_, B>,
        target: Target<'_, B::Elem>,
        progress: &mut Running<'_>,
    ) -> Result<PathMean<B>> {
        let Path { settings, x, x0, .. } = *self;
        let batch = x.shape().first().copied().unwrap_or(0);
        let mut alphas: Vec<f64> = settings.quadrature.points(settings.n).into_iter().map(|(alpha, _)| alpha).collect();
        alphas.reverse();
        let mut segments = Segments::new(1);
        let (output, chunk) = self.watched(|| Ok(layers.by_ref().into_segment_vjp(&segments, x)?.0));
        let output = output?;
        check_rows(x, &output)?;
        let selection = target.settle(&output)?;
        progress.advance(batch);
        let difference = x.sub(x0)?;
        let mut sum = Sum::new();
        let mut output0 = None;
        for (start, len) in even_parts(alphas.len().saturating_sub(1), copies_per_pass(chunk, batch)) {
            let Some(points) = alphas.get(start..=start + len) else { continue };
            segments = segments.next(len);
            let copies = on_path(x0, &difference, &points[1..])?;
            let (y, pullback) = layers.by_ref().into_segment_vjp(&segments, &copies)?;
            let means = pullback.pull(&selection.repeat(len).cotangent(&y)?)?;
            let lengths: Vec<f64> = points.windows(2).map(|pair| pair[0] - pair[1]).collect();
            sum.add_values(&means, &lengths)?;
            output0 = Some(segments.rows(&y, len - 1, 1)?);
            progress.advance(batch * len);
        }
        match (sum.finish(), output0) {
            (Some((mean, _)), Some(output0)) => Ok(PathMean { mean, output, output0, selection, spent: None }),
            _ => Err(Error::InvalidParameter {
                name: "n",
                value: settings.n.to_string(),
                reason: "it must be at least 2".into(),
            }),
        }
    }
}
