//! What every case is checked for.

use ndarray::{ArrayD, Axis, concatenate};
use xai_core::Layer;

use crate::nn_ops::jacobian::{assert_directions, forward, pulled};
use crate::nn_ops::numbers::{F64, assert_close, noise};

/// Forward as a loop says, back as differences say, and a batch as its samples.
#[track_caller]
pub(crate) fn check<L: Layer<F64>>(layer: &L, x: &ArrayD<f64>, expected: &ArrayD<f64>) {
    let y = forward(layer, x);
    assert_close(&y, expected, 1e-12);
    assert_directions(layer, x);
    let v = noise(77, y.shape());
    let row = |all: &ArrayD<f64>, i: usize| all.select(Axis(0), &[i]);
    let joined = |parts: Vec<ArrayD<f64>>| {
        concatenate(Axis(0), &parts.iter().map(|part| part.view()).collect::<Vec<_>>()).unwrap()
    };
    let rows = 0..x.shape()[0];
    assert_close(&y, &joined(rows.clone().map(|i| forward(layer, &row(x, i))).collect()), 1e-12);
    let back = joined(rows.map(|i| pulled(layer, &row(x, i), &row(&v, i))).collect());
    assert_close(&pulled(layer, x, &v), &back, 1e-12);
}

/// Where a window reads, from its place and its tap; `None` in the padding.
pub(crate) fn read(place: usize, stride: usize, tap: usize, before: usize, length: usize) -> Option<usize> {
    (place * stride + tap).checked_sub(before).filter(|&i| i < length)
}
