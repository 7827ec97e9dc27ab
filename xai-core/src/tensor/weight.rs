//! A tensor that belongs to a network.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayViewD;

use super::{Arithmetic, Tensor, transfers};
use crate::Result;

/// A weight: a tensor that belongs to a network, and not to one pass through it.
///
/// Threads can share it, whatever the framework's tensors can. Cloning shares the numbers; its shape is known without
/// asking the framework. Any [`Tensor`] becomes one with `into()`.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{NdArray, Tensor, Weight};
///
/// let weight: Weight<NdArray<f64>> = Tensor::upload(array![[1.0, 2.0]].view().into_dyn(), &())?.into();
/// assert_eq!((weight.shape(), weight.tensor().download()?), (&[1, 2][..], array![[1.0, 2.0]].into_dyn()));
/// // What threads share of it is, of plain arrays, the array itself; they have one place, `()`.
/// assert_eq!(*weight.shared(), array![[1.0, 2.0]].into_dyn());
/// assert_eq!(weight.placement(), ());
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Weight<B: Arithmetic> {
    shared: B::Shared,
    shape: Arc<[usize]>,
}

impl<B: Arithmetic> Weight<B> {
    /// Numbers copied to where the model lives. A backend may keep beside such a weight what it makes of it, as
    /// libtorch's kernels want it: a weight made of a tensor may be trained by whoever has the tensor, this one is
    /// nobody else's.
    ///
    /// # Errors
    /// The framework's own.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Weight};
    ///
    /// let weight = Weight::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
    /// assert_eq!((weight.shape(), weight.tensor().download()?), (&[1, 2][..], array![[1.0, 2.0]].into_dyn()));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn upload(values: ArrayViewD<'_, B::Elem>, at: &B::Placement) -> Result<Self> {
        transfers::uploaded(values.shape());
        let shape = values.shape().into();
        Ok(Weight { shared: B::upload_weight(values, at)?, shape })
    }

    /// The weight as a tensor of the framework: no copy.
    pub fn tensor(&self) -> Tensor<B> {
        Tensor::new(B::of_shared(&self.shared))
    }

    /// What threads share of it: for an adapter whose framework trains it.
    pub fn shared(&self) -> &B::Shared {
        &self.shared
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The same numbers in another shape, on the tape that they are on where somebody trains: asked for in each pass,
    /// and not once when a layer is built, for what is computed then is fixed.
    pub(crate) fn reshape(&self, shape: &[usize]) -> Result<Self> {
        Ok(self.tensor().reshape(shape)?.into())
    }

    /// Where it lives.
    pub fn placement(&self) -> B::Placement {
        self.tensor().placement()
    }
}

impl<B: Arithmetic> From<Tensor<B>> for Weight<B> {
    fn from(tensor: Tensor<B>) -> Self {
        let shape = tensor.shape().into();
        Weight { shared: B::into_shared(tensor.into_inner()), shape }
    }
}

impl<B: Arithmetic> Clone for Weight<B> {
    fn clone(&self) -> Self {
        Weight { shared: self.shared.clone(), shape: Arc::clone(&self.shape) }
    }
}

impl<B: Arithmetic> fmt::Debug for Weight<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Weight").field(&self.shape).finish()
    }
}
