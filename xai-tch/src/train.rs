//! A model's forward pass on libtorch's tape: to train a network by the code that explains it.

use tch::Tensor;
use xai_core::{Differentiable, Result};

use crate::tape::training;
use crate::{HostFloat, LibTorch};

/// y = f(inputs) on tch's own tensors and their tape, for any model: a derived struct, forward code on values, a
/// closure. So a network that explains itself is trained as it stands, and nothing is written twice.
///
/// Weights of a `VarStore` get their gradient, and so do inputs that ask for one. What is computed once, as the weights
/// that [`xai_core::nn`]'s layers make of theirs when they are built, is fixed; nothing goes back through a gradient by
/// hand.
///
/// # Evaluation mode
/// Layers run as they do in an analysis, and nothing is said where training would have another mode: a batch norm goes
/// by its running statistics, which stay as they are, while its scale and shift are trained; a module's dropout does
/// nothing. That is how a pretrained network is tuned with its norms frozen. A network whose norms start from nothing
/// learns better with statistics of its batches, by tch's own `forward_t(&x, true)`, and explains itself afterwards.
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
/// The model's own, with the names of its layers.
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
    training(run).map(xai_core::Tensor::into_inner)
}
