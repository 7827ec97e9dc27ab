//! Layers that compute nothing: identity and dropout.

use crate::{Backend, Layer, Result, Var};

/// y = x.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Identity;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Identity);
/// let y = net.predict(array![[2.0]].view().into_dyn())?;
/// assert_eq!(y, array![[2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity;

/// Dropout in evaluation mode: y = x. It keeps a network's place for it.
///
/// Errors: [`Error::NotTrainable`](crate::Error::NotTrainable) where the network is trained, unless `p` is 0 or
/// [`EvaluationMode`](crate::EvaluationMode) was asked for.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Dropout;
/// use xai::{Differentiable, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Dropout::new(0.5));
/// let y = net.predict(array![[2.0]].view().into_dyn())?;
/// assert_eq!(y, array![[2.0]].into_dyn()); // off, as in evaluation
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Dropout {
    /// The share that training drops; without effect here.
    pub p: f64,
}

impl Dropout {
    /// Dropout that training would do with probability `p`.
    pub fn new(p: f64) -> Self {
        Dropout { p }
    }
}

impl<B: Backend> Layer<B> for Identity {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        Ok(x)
    }
}

impl<B: Backend> Layer<B> for Dropout {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        if self.p != 0.0 {
            x.only_evaluated("Dropout")?;
        }
        Ok(x)
    }
}
