//! Tensors in double precision where the host's numbers are in single: what is computed on the host keeps its digits.

use candle_core::{Device, Tensor, Var};
use xai_candle::{Candle, ops};
use xai_core::nn::{CumSum, Gather};
use xai_core::{Backend, Op};

type B = Candle<f32>;
type Wrapped = xai_core::Tensor<B>;

/// 1 + 1e-10, which single precision rounds to 1.
const FINE: f64 = 1.0 + 1e-10;

fn row(numbers: &[f64]) -> Tensor {
    Tensor::new(numbers, &Device::Cpu).unwrap().reshape((1, numbers.len())).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn operations_of_the_host_keep_their_digits() {
    let (op, x): (Op<B>, _) = (CumSum::new(-1).into(), Wrapped::new(row(&[1.0, 1e-10])));
    assert_eq!(numbers(B::forward(&op, &[&x]).unwrap().inner()), [1.0, FINE]);
    let (y, pullback) = B::vjp(&op, &[&x], &[true]).unwrap();
    assert_eq!(numbers(y.inner()), [1.0, FINE]);
    let back = pullback.pull(&Wrapped::new(row(&[1e-10, 1.0]))).unwrap();
    assert_eq!(numbers(back.inner()), [FINE, 1.0]);

    let (op, x): (Op<B>, _) = (Gather { axis: 1 }.into(), Wrapped::new(row(&[3.0, FINE])));
    let ids = Wrapped::new(row(&[1.0]));
    let (y, pullback) = B::vjp(&op, &[&x, &ids], &[true, false]).unwrap();
    assert_eq!(numbers(y.inner()), [FINE]);
    let back = pullback.pull_all(&Wrapped::new(row(&[FINE]))).unwrap();
    assert_eq!(numbers(back[0].as_ref().unwrap().inner()), [0.0, FINE]);
}

#[test]
fn on_candles_tape_too() {
    let x = Var::from_tensor(&row(&[1.0, 1e-10])).unwrap();
    let y = ops::apply(CumSum::new(-1), &x).unwrap();
    assert_eq!(numbers(&y), [1.0, FINE]);
    let gradients = (y * row(&[1e-10, 1.0])).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(numbers(gradients.get(&x).unwrap()), [FINE, 1.0]);
}
