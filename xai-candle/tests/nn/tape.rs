//! A function on candle's tape against finite differences.

use std::collections::HashMap;

use candle_core::{DType, Result, Tensor, Var};
use candle_nn::{VarBuilder, VarMap};
use xai_candle_tests::device;

use crate::finite_differences::{assert_close, gradient, numbers};

/// The gradient on the tape against finite differences; nothing is recorded of an input without a tape.
pub(crate) fn check(what: &str, f: impl Fn(&Tensor) -> Result<Tensor>, shape: &[usize]) {
    check_at(what, f, &numbers(shape, 1), 1e-7);
}

pub(crate) fn check_at(what: &str, f: impl Fn(&Tensor) -> Result<Tensor>, x: &Tensor, tolerance: f64) {
    let plain = f(x).unwrap();
    assert!(!plain.track_op(), "{what} taped an untracked input");
    let v = numbers(plain.dims(), 2);
    let var = Var::from_tensor(x).unwrap();
    // Something before it on the tape, so that the input is no variable.
    let y = f(&var.affine(1.0, 0.0).unwrap()).unwrap();
    assert_close(what, &y, &flat(&plain), 1e-12);
    let gradients = (y * &v).unwrap().sum_all().unwrap().backward().unwrap();
    let got = gradients.get(&var).unwrap_or_else(|| panic!("{what}: the path is cut"));
    assert_close(what, got, &gradient(&f, x, &v), tolerance);
}

pub(crate) fn flat(t: &Tensor) -> Vec<f64> {
    t.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// A builder in `f64` whose weights, those that `build` asks for, are drawn the same in every run.
pub(crate) fn seeded(build: impl Fn(VarBuilder<'_>)) -> VarBuilder<'static> {
    let map = VarMap::new();
    build(VarBuilder::from_varmap(&map, DType::F64, &device()));
    let mut drawn = HashMap::new();
    for (name, var) in map.data().lock().unwrap().iter() {
        let seed = name.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let shift = f64::from(u8::from(name.ends_with("norm.weight") || name.ends_with("running_var")));
        drawn.insert(name.clone(), numbers(var.dims(), seed).affine(0.25, shift).unwrap());
    }
    VarBuilder::from_tensors(drawn, DType::F64, &device())
}
