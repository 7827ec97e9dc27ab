//! The output for some inputs.

use ndarray::ArrayD;
use xai_core::{Differentiable, NdArray, Tensor};
use xai_onnx::Network;

type B = NdArray<f64>;

pub(crate) fn forward_of(network: &Network<B>, inputs: &[ArrayD<f64>]) -> Result<ArrayD<f64>, xai_core::Error> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|array| array.shape().to_vec()).collect();
    let tensors = inputs.iter().map(|array| Tensor::upload(array.view(), &())).collect::<Result<Vec<_>, _>>()?;
    network.graph(&shapes)?.forward(&tensors)?.download()
}
