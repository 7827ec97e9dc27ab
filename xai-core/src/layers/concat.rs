//! Branches side by side.

use std::fmt;

use super::nested::{AnyLayer, depth_around, owned};
use crate::{Backend, Error, Layer, Result, Var};

/// Branches on the same input, their outputs one after another along the channels (axis 1): an Inception block.
///
/// With [`Identity`](super::Identity) as one branch, a block of a DenseNet.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Concat};
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Concat::new().push(Activation::Relu).push(Activation::Tanh));
/// let y = net.predict(array![[0.0]].view().into_dyn())?;
/// assert_eq!(y.shape(), [1, 2]);
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Concat<B: Backend>(Vec<AnyLayer<B>>);

impl<B: Backend> Concat<B> {
    /// No branches yet.
    pub fn new() -> Self {
        Concat(Vec::new())
    }

    /// Adds a branch at the end.
    #[must_use]
    pub fn push(mut self, branch: impl Layer<B> + Send + Sync + 'static) -> Self {
        self.0.push(owned(branch));
        self
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
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let mut outputs: Vec<Var<'m, B>> = Vec::with_capacity(self.0.len());
        for (branch, layer) in self.0.iter().enumerate() {
            let output = x.within(branch, || {
                let y = layer.trace(x.clone())?;
                outputs.first().map_or(Ok(()), |first| fits(first, &y))?;
                Ok(y)
            })?;
            outputs.push(output);
        }
        let Some((first, others)) = outputs.split_first() else {
            return Err(Error::InvalidShape {
                what: "first branch of Concat".into(),
                got: Vec::new(),
                reason: "at least one branch with an output (batch, channels, ...) is needed: add one with `push`"
                    .into(),
            });
        };
        Ok(first.concat(&others.iter().collect::<Vec<_>>(), 1))
    }
    fn depth(&self) -> usize {
        depth_around(&self.0)
    }
}

/// Said of the branch that does not fit, as far as shapes are known before anything runs.
fn fits<B: Backend>(first: &Var<'_, B>, branch: &Var<'_, B>) -> Result<()> {
    let (Ok(mut expected), Ok(got)) = (first.shape(), branch.shape()) else { return Ok(()) };
    if let (Some(length), Some(&channels)) = (expected.get_mut(1), got.get(1)) {
        *length = channels;
    }
    Error::check_shape("branch of Concat, of which only axis 1 may differ from the first's", &expected, &got)
}
