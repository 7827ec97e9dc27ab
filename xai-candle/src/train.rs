//! A model's forward pass on candle's tape: to train a network by the code that explains it.

use candle_core::{Error, Result, Tensor};
use xai_core::Differentiable;

use crate::explaining::training;
use crate::{Candle, Host};

/// y = f(inputs) on candle's own tensors and their tape, for any model: a derived struct, forward code on values, a
/// closure. So a network that explains itself is trained as it stands, and nothing is written twice.
///
/// Weights that are variables, as those of a `VarBuilder` over a `VarMap`, get their gradient, and so do inputs that
/// are on the tape. The layers of [`xai::nn`](xai_core::nn) keep the tensors that they are given, so that theirs are
/// trained; those that are read from arrays, as by [`xai::nn::Weights`](xai_core::nn::Weights), are constants. Nothing
/// goes back through a gradient by hand.
///
/// # Modes
/// A `Module` or `ModuleT` of candle's that is taken whole runs in training mode. Layers that are operations of the
/// vocabulary are those of evaluation: where training has another mode, of `BatchNorm` and `Dropout`, they refuse.
/// `train_forward(&EvaluationMode(&net), ..)` says that evaluation mode is meant: batch norms go by their running
/// statistics, which stay as they are, while their scale and shift are trained, and dropout does nothing. That is how a
/// pretrained network is tuned. One whose norms start from nothing is trained by candle's own `forward_t(&x, true)`,
/// and explains itself afterwards.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{DType, Device, Tensor};
/// use candle_nn::{Activation, Optimizer, SGD, VarBuilder, VarMap, loss::mse};
/// use xai::candle::{Candle, train_forward};
/// use xai::nn::Sequential;
///
/// let weights = VarMap::new();
/// let at = VarBuilder::from_varmap(&weights, DType::F32, &Device::Cpu);
/// let net = Sequential::<Candle>::new()
///     .push(candle_nn::linear(2, 8, at.pp("a"))?)
///     .push(Activation::Gelu)
///     .push(candle_nn::linear(8, 1, at.pp("b"))?);
/// let x = Tensor::new(&[[0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &Device::Cpu)?;
/// let y = Tensor::new(&[[0f32], [1.0], [1.0], [0.0]], &Device::Cpu)?;
/// let loss = || mse(&train_forward(&net, [&x])?, &y);
/// let before = loss()?.to_scalar::<f32>()?;
/// let mut descent = SGD::new(weights.all_vars(), 0.1)?;
/// for _ in 0..50 {
///     descent.backward_step(&loss()?)?;
/// }
/// assert!(loss()?.to_scalar::<f32>()? < 0.9 * before);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// The model's own, with the names of its layers; [`NotTrainable`](xai_core::Error::NotTrainable) for a layer that
/// trains in another mode than it evaluates in, and when nothing that the output depends on is on candle's tape.
pub fn train_forward<'a, E: Host, M: Differentiable<Backend = Candle<E>> + ?Sized>(
    model: &M,
    inputs: impl IntoIterator<Item = &'a Tensor>,
) -> Result<Tensor> {
    let inputs: Vec<_> = inputs.into_iter().map(|input| xai_core::Tensor::<Candle<E>>::new(input.clone())).collect();
    let run = || {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(xai_core::Tensor::shape).collect();
        model.graph(&shapes)?.forward(&inputs)
    };
    let y = training(run).map_err(Error::wrap)?.into_inner();
    if y.track_op() { Ok(y) } else { Err(Error::wrap(of_constants())) }
}

fn of_constants() -> xai_core::Error {
    xai_core::Error::NotTrainable {
        what: "the model".into(),
        reason: "none of its weights that the output depends on is a variable of candle's: build its layers from a \
                 `VarBuilder` over a `VarMap`, or from `Var`s; weights that are read from arrays are constants, and \
                 what is made of numbers anew is off the tape. For its output alone there is `predict_tensor`"
            .into(),
    }
}
