//! Arrays for the tests.

use ndarray::{ArrayD, IxDyn};
use xai_core::{Element, NdArray, Tensor};

pub(crate) type F64 = NdArray<f64>;

/// Numbers in -1..1 that look random, the same on every run.
pub(crate) fn noise(seed: u64, shape: &[usize]) -> ArrayD<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

pub(crate) fn tensor<F: Element>(values: &ArrayD<F>) -> Tensor<NdArray<F>> {
    Tensor::upload(values.view(), &()).unwrap()
}

/// Noise, as a tensor.
pub(crate) fn weight(seed: u64, shape: &[usize]) -> Tensor<F64> {
    tensor(&noise(seed, shape))
}

pub(crate) fn array(shape: &[usize], values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
}

#[track_caller]
pub(crate) fn assert_close(got: &ArrayD<f64>, expected: &ArrayD<f64>, tolerance: f64) {
    assert_eq!(got.shape(), expected.shape());
    for ((place, got), expected) in got.indexed_iter().zip(expected) {
        let difference = (got - expected).abs();
        assert!(difference <= tolerance * (1.0 + expected.abs()), "at {place:?}: got {got}, expected {expected}");
    }
}
