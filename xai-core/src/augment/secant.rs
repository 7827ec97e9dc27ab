//! Mean gradients over the segments of a path, by secants.

use super::chunk::{Sum, even_parts};
use super::interpolation::{Path, PathMean, on_path};
use super::progress::Running;
use crate::{Backend, Chain, Error, Result, Segments, Target};

impl<B: Backend> Path<'_, B> {
    /// Σᵢ (αᵢ₊₁ - αᵢ) · (mean gradient over the segment from αᵢ to αᵢ₊₁), and the outputs at both ends.
    ///
    /// A pass has consecutive points of the path, of which two passes share one. The end comes first: its output is the
    /// clean input's, which the target is settled on.
    pub(super) fn mean_by_secants(
        &self,
        layers: &Chain<'_, B>,
        target: Target<'_, B::Elem>,
        progress: &mut Running<'_>,
    ) -> Result<PathMean<B>> {
        let Path { settings, x, x0, .. } = *self;
        let batch = x.shape().first().copied().unwrap_or(0);
        let alphas: Vec<f64> = settings.quadrature.points(settings.n).into_iter().map(|(alpha, _)| alpha).collect();
        let difference = x.sub(x0)?;
        let segments_per_pass = (settings.chunk / batch.max(1)).max(2) - 1;
        let mut sum = Sum::new();
        let mut chosen = None;
        let mut output0 = None;
        for (start, len) in even_parts(alphas.len().saturating_sub(1), segments_per_pass).into_iter().rev() {
            let Some(ends) = alphas.get(start..=start + len) else { continue };
            let path = Segments::new(ends.len());
            let (y, pullback) = layers.by_ref().into_segment_vjp(path, &on_path(x0, &difference, ends)?)?;
            // Two passes share a point.
            let new = if chosen.is_none() { ends.len() } else { len };
            let (output, selection) = match chosen.take() {
                Some(settled) => settled,
                None => {
                    let output = path.rows(&y, len, 1)?;
                    let selection = target.settle(&output)?;
                    (output, selection)
                }
            };
            let means = pullback.pull(&selection.repeat(ends.len()).cotangent(&y)?)?;
            let lengths: Vec<f64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
            sum.add_values(&path.rows(&means, 0, len)?, &lengths)?;
            if start == 0 {
                output0 = Some(path.rows(&y, 0, 1)?);
            }
            progress.advance(batch * new);
            chosen = Some((output, selection));
        }
        match (sum.finish(), chosen, output0) {
            (Some((mean, _)), Some((output, selection)), Some(output0)) => {
                Ok(PathMean { mean, output, output0, selection, spent: None })
            }
            _ => Err(Error::InvalidParameter {
                name: "n",
                value: settings.n.to_string(),
                reason: "it must be at least 2".into(),
            }),
        }
    }
}
