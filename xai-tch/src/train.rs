//! A model's forward pass on libtorch's tape: to train a network by the code that explains it.

use tch::{Device, Kind, Tensor};
use xai_core::{Differentiable, Error, Result};

use crate::tape::training;
use crate::{HostFloat, LibTorch};

/// y = f(inputs) on tch's own tensors and their tape, for any model: a derived struct, forward code on values, a
/// closure. So a network that explains itself is trained as it stands, and nothing is written twice.
///
/// Weights of a `VarStore` get their gradient, and so do inputs that ask for one. The layers of [`nn`](xai_core::nn)
/// keep the tensors that they are given, so that theirs are trained too; those that are read from arrays, as by
/// [`nn::Weights`](xai_core::nn::Weights), are constants. Nothing goes back through a gradient by hand.
///
/// # Modes
/// A `Module` or `ModuleT` of tch's that is taken whole runs in training mode. Layers that are operations of the
/// vocabulary are those of evaluation: where training has another mode, of `BatchNorm` and `Dropout`, they refuse.
/// `train_forward(&EvaluationMode(&net), ..)` says that evaluation mode is meant: batch norms go by their running
/// statistics, which stay as they are, while their scale and shift are trained, and dropout does nothing. That is how a
/// pretrained network is tuned. One whose norms start from nothing is trained by tch's own `forward_t(&x, true)`, and
/// explains itself afterwards.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use xai::tch::tch::{Device, Reduction, Tensor, nn, nn::OptimizerConfig};
/// use xai::tch::{LibTorch, train_forward};
/// use xai::{Differentiable, Result, Var};
///
/// struct Net(nn::Linear, nn::Linear);
/// impl Differentiable for Net {
///     type Backend = LibTorch;
///     fn trace<'m>(&'m self, x: &[Var<'m, LibTorch>]) -> Result<Var<'m, LibTorch>> {
///         x[0].layer("a", &self.0)?.tanh().layer("b", &self.1)
///     }
/// }
///
/// let weights = nn::VarStore::new(Device::Cpu);
/// let at = weights.root();
/// let net = Net(nn::linear(&at / "a", 2, 8, Default::default()), nn::linear(&at / "b", 8, 1, Default::default()));
/// let x = Tensor::from_slice2(&[[0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// let y = Tensor::from_slice2(&[[0f32], [1.0], [1.0], [0.0]]);
/// let loss = || train_forward(&net, [&x]).map(|found| found.mse_loss(&y, Reduction::Mean));
/// let before = loss()?.double_value(&[]);
/// let mut descent = nn::Sgd::default().build(&weights, 0.1)?;
/// for _ in 0..50 {
///     descent.backward_step(&loss()?);
/// }
/// assert!(loss()?.double_value(&[]) < 0.9 * before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The model's own, with the names of its layers; [`NotTrainable`](Error::NotTrainable) for a layer that trains in
/// another mode than it evaluates in, and when nothing that the output depends on asks for a gradient, unless the call
/// is in a `no_grad` scope.
pub fn train_forward<'a, E: HostFloat, M: Differentiable<Backend = LibTorch<E>> + ?Sized>(
    model: &M,
    inputs: impl IntoIterator<Item = &'a Tensor>,
) -> Result<Tensor> {
    let inputs: Vec<_> =
        inputs.into_iter().map(|input| xai_core::Tensor::<LibTorch<E>>::new(input.shallow_clone())).collect();
    let run = || {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(xai_core::Tensor::shape).collect();
        model.graph(&shapes)?.forward(&inputs)
    };
    let y = training(run)?.into_inner();
    if y.requires_grad() || !is_recorded() { Ok(y) } else { Err(of_constants()) }
}

/// False in a `no_grad` scope of the user's, as for a loss that is only looked at.
fn is_recorded() -> bool {
    let leaf = Tensor::f_zeros([1], (Kind::Float, Device::Cpu)).and_then(|leaf| leaf.f_set_requires_grad(true));
    leaf.and_then(|leaf| leaf.f_neg()).is_ok_and(|y| y.requires_grad())
}

fn of_constants() -> Error {
    Error::NotTrainable {
        what: "the model".into(),
        reason: "none of its weights that the output depends on asks for a gradient: build its layers from a \
                 `VarStore` that is not frozen; weights that are read from arrays are constants. For its output alone \
                 there is `predict_tensor`"
            .into(),
    }
}
