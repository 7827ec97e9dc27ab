//! Branches side by side.

use std::fmt;

use super::sequential::AnyLayer;
use crate::{Backend, Error, Layer, Pullback, Result, Segments, Tensor};

/// Branches on the same input, their outputs one after another along the channels (axis 1): an Inception block.
///
/// With [`Identity`](super::Identity) as one branch, a block of a DenseNet.
pub struct Concat<B: Backend>(Vec<AnyLayer<B>>);

impl<B: Backend> Concat<B> {
    /// No branches yet.
    pub fn new() -> Self {
        Concat(Vec::new())
    }

    /// Adds a branch at the end.
    #[must_use]
    pub fn push(mut self, branch: impl Layer<B> + Send + 'static) -> Self {
        self.0.push(Box::new(branch));
        self
    }

    /// The joined outputs, and the pullback from those of the branches.
    fn vjp_by<'a>(
        &'a self,
        vjp: impl Fn(&'a AnyLayer<B>) -> Result<(Tensor<B>, Pullback<'a, B>)>,
    ) -> Result<(Tensor<B>, Pullback<'a, B>)> {
        let (mut outputs, mut pulls) = (Vec::new(), Vec::new());
        let mut start = 0;
        for (branch, layer) in self.0.iter().enumerate() {
            let (y, pullback) = vjp(layer).map_err(|e| e.in_layer(branch.to_string()))?;
            let channels = y.shape().get(1).copied().unwrap_or(0);
            outputs.push(y);
            pulls.push((start, channels, pullback));
            start += channels;
        }
        let y = Concat::join(&outputs)?;
        let pull = move |v: &Tensor<B>| {
            let mut total: Option<Tensor<B>> = None;
            for (branch, (start, channels, pullback)) in pulls.iter().enumerate() {
                let dx = pullback.pull(&v.narrow(1, *start, *channels)?).map_err(|e| e.in_layer(branch.to_string()))?;
                total = Some(match total {
                    Some(sum) => sum.add(&dx)?,
                    None => dx,
                });
            }
            total.ok_or_else(|| Error::NotDifferentiable {
                what: "a Concat without branches".into(),
                reason: "add one with `push`".into(),
            })
        };
        Ok((y, Pullback::new(pull)))
    }

    fn join(outputs: &[Tensor<B>]) -> Result<Tensor<B>> {
        let first = outputs.first().map(Tensor::shape).filter(|shape| shape.len() >= 2);
        let Some(mut expected) = first else {
            return Err(Error::InvalidShape {
                what: "first branch of Concat".into(),
                got: outputs.first().map(Tensor::shape).unwrap_or_default(),
                reason: "at least one branch with an output (batch, channels, ...) is needed: add one with `push`"
                    .into(),
            });
        };
        for (branch, output) in outputs.iter().enumerate() {
            let got = output.shape();
            expected[1] = got.get(1).copied().unwrap_or(0);
            Error::check_shape("branch of Concat, of which only axis 1 may differ from the first's", &expected, &got)
                .map_err(|e| e.in_layer(branch.to_string()))?;
        }
        Tensor::concat(&outputs.iter().collect::<Vec<_>>(), 1)
    }
}

impl<B: Backend> Default for Concat<B> {
    fn default() -> Self {
        Concat::new()
    }
}

impl<B: Backend> fmt::Debug for Concat<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concat").field("branches", &self.0.len()).finish()
    }
}

impl<B: Backend> Layer<B> for Concat<B> {
    fn forward(&self, x: &Tensor<B>) -> Result<Tensor<B>> {
        let run = |(branch, layer): (usize, &AnyLayer<B>)| layer.forward(x).map_err(|e| e.in_layer(branch.to_string()));
        Concat::join(&self.0.iter().enumerate().map(run).collect::<Result<Vec<_>>>()?)
    }

    fn vjp(&self, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.vjp_by(|layer| layer.vjp(x))
    }

    fn segment_vjp(&self, segments: &Segments<B>, x: &Tensor<B>) -> Result<(Tensor<B>, Pullback<'_, B>)> {
        self.vjp_by(|layer| layer.segment_vjp(segments, x))
    }

    fn placement(&self) -> Option<B::Placement> {
        self.0.iter().find_map(|layer| layer.placement())
    }

    fn is_affine(&self) -> bool {
        self.0.iter().all(|layer| layer.is_affine())
    }

    fn is_recorded(&self) -> bool {
        self.0.iter().all(|layer| layer.is_recorded())
    }
}
