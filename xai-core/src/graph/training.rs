//! What forward code may know of training.

use super::Var;
use crate::{Backend, Error, Result};

impl<B: Backend> Var<'_, B> {
    /// True where a layer with two modes has to run in that of training: while a framework's `train_forward` writes the
    /// model down, unless it was asked for [`EvaluationMode`](crate::EvaluationMode).
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Graph, NdArray};
    ///
    /// Graph::<NdArray>::trace(&[vec![1, 3]], |x| {
    ///     assert!(!x[0].is_training());
    ///     Ok(x[0].clone())
    /// })?;
    /// # Ok::<(), xai::Error>(())
    /// ```
    pub fn is_training(&self) -> bool {
        B::is_training() && !self.tracer.is_evaluating()
    }

    /// Refuses training by this layer's name, for it computes what evaluation does, and training does something else.
    ///
    /// # Errors
    /// [`Error::NotTrainable`] where [`is_training`](Var::is_training) is true.
    ///
    /// ```
    /// # use xai_core as xai;
    /// use xai::{Backend, Layer, Result, Var};
    ///
    /// /// Noise that only training adds.
    /// struct Noise;
    /// impl<B: Backend> Layer<B> for Noise {
    ///     fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
    ///         x.only_evaluated("noise")?;
    ///         Ok(x)
    ///     }
    /// }
    /// ```
    pub fn only_evaluated(&self, layer: &str) -> Result<()> {
        if !self.is_training() {
            return Ok(());
        }
        let reason = "it runs as in an analysis, in evaluation mode: say that this is meant, as for a pretrained \
                      network, by `train_forward(&EvaluationMode(&net), ..)`, or train with the framework's own \
                      forward code in training mode, and explain the network afterwards";
        Err(Error::NotTrainable { what: layer.into(), reason: reason.into() })
    }

    /// Writes down what `code` does in evaluation mode, even if somebody trains.
    pub(crate) fn evaluating<R>(&self, code: impl FnOnce() -> R) -> R {
        self.tracer.evaluating(code)
    }
}
