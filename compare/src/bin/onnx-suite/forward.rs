//! The output for some inputs.

use ndarray::ArrayD;
use xai::onnx::Network;
use xai::{Backend, Differentiable, Tensor};

/// The shapes of inputs, and the inputs where the network takes them.
pub(crate) fn brought<B: Backend>(
    network: &Network<B>,
    inputs: &[ArrayD<B::Elem>],
) -> xai::Result<(Vec<Vec<usize>>, Vec<Tensor<B>>)> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|array| array.shape().to_vec()).collect();
    let at = network.placement_for(&shapes)?;
    let tensors = inputs.iter().map(|array| Tensor::upload(array.view(), &at)).collect::<xai::Result<_>>()?;
    Ok((shapes, tensors))
}

pub(crate) fn forward_of<B: Backend>(network: &Network<B>, inputs: &[ArrayD<B::Elem>]) -> xai::Result<ArrayD<B::Elem>> {
    let (shapes, tensors) = brought(network, inputs)?;
    network.graph(&shapes)?.forward(&tensors)?.download()
}
