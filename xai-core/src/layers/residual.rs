//! A body with a shortcut around it.

use std::fmt;

use super::nested::{AnyLayer, depth_around, owned};
use crate::{Backend, Layer, Result, Var};

/// y = body(x) + shortcut(x), where the shortcut is x itself unless it is given: the block of a ResNet.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::{Activation, Residual};
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Residual::new(Activation::Relu));
/// let y = net.predict(array![[2.0, -1.0]].view().into_dyn())?;
/// assert_eq!(y, array![[4.0, -1.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Residual<B: Backend> {
    body: AnyLayer<B>,
    shortcut: Option<AnyLayer<B>>,
}

impl<B: Backend> Residual<B> {
    /// y = body(x) + x.
    pub fn new(body: impl Layer<B> + Send + Sync + 'static) -> Self {
        Residual { body: owned(body), shortcut: None }
    }

    /// Sets the layer of the shortcut, which brings x to the body's shape.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::nn::{Activation, Residual};
    /// use xai::{Differentiable, NdArray, Net};
    ///
    /// // relu(x) + |x|
    /// let net = Net::<NdArray<f64>, _>::new(Residual::new(Activation::Relu).shortcut(Activation::Abs));
    /// assert_eq!(net.predict(array![[2.0, -1.0]].view().into_dyn())?, array![[4.0, 1.0]].into_dyn());
    /// # Ok::<(), xai::Error>(())
    /// ```
    #[must_use]
    pub fn shortcut(mut self, layer: impl Layer<B> + Send + Sync + 'static) -> Self {
        self.shortcut = Some(owned(layer));
        self
    }
}

impl<B: Backend> fmt::Debug for Residual<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Residual").field("shortcut", &self.shortcut.is_some()).finish_non_exhaustive()
    }
}

impl<B: Backend> Layer<B> for Residual<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        let body = x.layer("body", &self.body)?;
        let shortcut = match &self.shortcut {
            Some(layer) => x.layer("shortcut", layer)?,
            None => x,
        };
        // Neither side is broadcast: that would hide a missing shortcut layer.
        let what = "shortcut of a residual block (give it a layer that brings the input to the body's shape)";
        Ok(body.add_same(what, &shortcut))
    }
    fn depth(&self) -> usize {
        depth_around(std::iter::once(&self.body).chain(&self.shortcut))
    }
}
