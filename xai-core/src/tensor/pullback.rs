//! The second half of a vector-Jacobian product.

use std::fmt;

use super::{Arithmetic, Tensor};
use crate::{Error, Result};

/// Pulls a cotangent of the output back to the inputs: v ↦ vᵀ · ∂y/∂x, for each of them.
///
/// It remembers the forward pass it came from and may be called any number of times.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::{NdArray, Pullback, Tensor};
///
/// let x = Tensor::<NdArray<f64>>::upload(array![[1.0, 2.0]].view().into_dyn(), &())?;
/// // Of y = 3 x.
/// let pullback = Pullback::new(|v: &Tensor<NdArray<f64>>| v.affine(3.0, 0.0));
/// assert_eq!(pullback.pull(&x)?.download()?, array![[3.0, 6.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub struct Pullback<'a, B: Arithmetic>(Box<dyn Fn(&Tensor<B>) -> Result<Vec<Option<Tensor<B>>>> + 'a>);

impl<'a, B: Arithmetic> Pullback<'a, B> {
    /// Of one input: wraps the function that maps a cotangent, in the output's shape, to the input's shape.
    pub fn new(pull: impl Fn(&Tensor<B>) -> Result<Tensor<B>> + 'a) -> Self {
        Pullback(Box::new(move |v| Ok(vec![Some(pull(v)?)])))
    }

    /// Of several inputs: one cotangent for each, or none where nothing flows back.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use ndarray::array;
    /// use xai::{NdArray, Pullback, Tensor};
    ///
    /// // Of y = a · b, for a = 2 and b = 5, and of a third input, which y does not depend on.
    /// let tensor = |number: f64| Tensor::<NdArray<f64>>::upload(array![[number]].view().into_dyn(), &());
    /// let (a, b) = (tensor(2.0)?, tensor(5.0)?);
    /// let pullback = Pullback::of_all(|v: &Tensor<NdArray<f64>>| Ok(vec![Some(v.mul(&b)?), Some(v.mul(&a)?), None]));
    /// let parts = pullback.pull_all(&tensor(1.0)?)?;
    /// let numbers = parts.iter().flatten().map(Tensor::download).collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!((parts.len(), numbers), (3, vec![array![[5.0]].into_dyn(), array![[2.0]].into_dyn()]));
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn of_all(pull: impl Fn(&Tensor<B>) -> Result<Vec<Option<Tensor<B>>>> + 'a) -> Self {
        Pullback(Box::new(pull))
    }

    /// vᵀ · ∂y/∂x, in the shape of the one input.
    ///
    /// # Errors
    /// [`Error::Detached`] when no gradient reached the input, and the framework's own.
    pub fn pull(&self, cotangent: &Tensor<B>) -> Result<Tensor<B>> {
        let mut parts = self.pull_all(cotangent)?;
        if parts.len() != 1 {
            return Err(Error::InvalidParameter {
                name: "inputs",
                value: parts.len().to_string(),
                reason: "`pull` is for functions of one input: use `pull_all`".into(),
            });
        }
        parts.pop().flatten().ok_or_else(|| Error::Detached {
            at: "the model".into(),
            causes: "the output is a constant, or comes from other inputs alone; a step without a gradient, as a \
                     comparison or whole numbers, lies on every way to it"
                .into(),
        })
    }

    /// vᵀ · ∂y/∂x for each input, in its shape; none for an input that the output does not depend on, or that was not
    /// asked for.
    ///
    /// # Errors
    /// The framework's own.
    pub fn pull_all(&self, cotangent: &Tensor<B>) -> Result<Vec<Option<Tensor<B>>>> {
        (self.0)(cotangent)
    }
}

impl<B: Arithmetic> fmt::Debug for Pullback<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pullback").field("backend", &B::NAME).finish_non_exhaustive()
    }
}
