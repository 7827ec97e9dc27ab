//! Gradients from function values alone, in `f64`.

use candle_core::{DType, Result, Tensor};
use xai_candle_tests::device;

/// Numbers between -2 and 2 that look random, without ties.
pub(crate) fn numbers(shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0
    };
    let count = shape.iter().product::<usize>();
    Tensor::from_vec((0..count).map(|_| next()).collect::<Vec<f64>>(), shape, &device()).unwrap()
}

fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The gradient of Σ v · f(x) by central differences, coordinate by coordinate.
pub(crate) fn gradient(f: impl Fn(&Tensor) -> Result<Tensor>, x: &Tensor, v: &Tensor) -> Vec<f64> {
    let step = 1e-5;
    let (start, v) = (flat(x), flat(v));
    let total = |at: usize, by: f64| {
        let mut moved = start.clone();
        moved[at] += by;
        let y = f(&Tensor::from_vec(moved, x.shape(), x.device()).unwrap()).unwrap();
        flat(&y).iter().zip(&v).map(|(y, v)| y * v).sum::<f64>()
    };
    (0..start.len()).map(|i| (total(i, step) - total(i, -step)) / (2.0 * step)).collect()
}

/// Asserts that two gradients agree.
pub(crate) fn assert_close(what: &str, got: &Tensor, expected: &[f64], tolerance: f64) {
    let got = flat(got);
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0f64, |m, e| m.max(e.abs()));
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= tolerance * scale, "{what}: {g} instead of {e} at {i}");
    }
}
