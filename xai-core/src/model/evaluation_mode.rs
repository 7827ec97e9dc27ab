//! A model that is trained as it is evaluated: [`EvaluationMode`].

use crate::{Arithmetic, Differentiable, Result, Var};

/// A model whose norms and dropout stay in evaluation mode while it is trained: `train_forward(&EvaluationMode(&net),
/// ..)` of a framework.
///
/// Batch norms go by their running statistics, which stay as they are, while their scale and shift are trained; dropout
/// does nothing. That is how a pretrained network is tuned. Without it, training refuses such layers by their names
/// ([`Error::NotTrainable`](crate::Error::NotTrainable)); in an analysis it changes nothing.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Dropout;
/// use xai::{Differentiable, EvaluationMode, NdArray, Net};
///
/// let net = Net::<NdArray<f64>, _>::new(Dropout::new(0.5));
/// let y = EvaluationMode(&net).predict(array![[2.0]].view().into_dyn())?;
/// assert_eq!(y, array![[2.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EvaluationMode<'a, M: ?Sized>(pub &'a M);

impl<M: Differentiable + ?Sized> Differentiable for EvaluationMode<'_, M> {
    type Backend = M::Backend;

    fn trace<'m>(&'m self, inputs: &[Var<'m, M::Backend>]) -> Result<Var<'m, M::Backend>> {
        match inputs.first() {
            Some(x) => x.evaluating(|| self.0.trace(inputs)),
            None => self.0.trace(inputs),
        }
    }

    fn placement(&self) -> Option<<M::Backend as Arithmetic>::Placement> {
        self.0.placement()
    }
}
