//! Numbers that look random, and gradients by central finite differences.

use ndarray::{ArrayD, IxDyn};
use xai_core::nn::{Conv2d, Linear};
use xai_core::{Differentiable, Tensor};

use super::B;

/// Numbers in -1..1 that look random, the same on every run.
pub fn noise(seed: u64, shape: &[usize]) -> ArrayD<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

pub fn tensor(values: &ArrayD<f64>) -> Tensor<B> {
    Tensor::new(values.clone().into_shared())
}

/// Noise of the usual size of weights: it falls with the number of inputs.
pub fn weight(seed: u64, shape: &[usize]) -> Tensor<B> {
    let inputs: usize = shape.iter().skip(1).product();
    tensor(&(noise(seed, shape) * (3.0 / inputs as f64).sqrt()))
}

pub fn linear(seed: u64, outputs: usize, inputs: usize) -> Linear<B> {
    Linear::new(weight(seed, &[outputs, inputs]), tensor(&(noise(seed + 1000, &[outputs]) * 0.3))).unwrap()
}

/// A convolution that keeps the size.
pub fn conv(seed: u64, outputs: usize, inputs: usize, kernel: usize) -> Conv2d<B> {
    let bias = tensor(&(noise(seed + 1000, &[outputs]) * 0.3));
    Conv2d::new(weight(seed, &[outputs, inputs, kernel, kernel]), bias).unwrap().padding(kernel / 2)
}

/// The model's output.
pub fn output<M: Differentiable<Backend = B> + ?Sized>(model: &M, inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
    let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape().to_vec()).collect();
    let inputs: Vec<Tensor<B>> = inputs.iter().map(tensor).collect();
    model.graph(&shapes).unwrap().forward(&inputs).unwrap().download().unwrap()
}

/// ∂f/∂(input `which`), by central differences.
pub fn differences(f: impl Fn(&[ArrayD<f64>]) -> f64, inputs: &[ArrayD<f64>], which: usize) -> ArrayD<f64> {
    let mut moved = inputs.to_vec();
    let step = 1e-5;
    let mut gradient = ArrayD::zeros(inputs[which].raw_dim());
    for (i, slope) in gradient.iter_mut().enumerate() {
        let mut at = |by: f64| {
            let place = moved[which].iter_mut().nth(i).unwrap();
            let before = std::mem::replace(place, *place + by);
            let value = f(&moved);
            *moved[which].iter_mut().nth(i).unwrap() = before;
            value
        };
        *slope = (at(step) - at(-step)) / (2.0 * step);
    }
    gradient
}

/// ‖got - expected‖₂ / ‖expected‖₂; what is zero is compared with 1.
pub fn relative_error(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> f64 {
    assert_eq!(got.shape(), expected.shape());
    let norm = |a: &ArrayD<f64>| a.mapv(|v| v * v).sum().sqrt();
    norm(&(got - expected)) / Some(norm(expected)).filter(|&norm| norm > 0.0).unwrap_or(1.0)
}
