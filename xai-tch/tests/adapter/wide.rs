//! Tensors in double precision where the host's numbers are in single.

use tch::{Kind, Tensor};
use xai_core::nn::CumSum;
use xai_core::{Backend, Op};
use xai_tch::LibTorch;

type B = LibTorch<f32>;
type Wrapped = xai_core::Tensor<B>;

/// 1 + 1e-10, which single precision rounds to 1.
const FINE: f64 = 1.0 + 1e-10;

fn row(numbers: &[f64]) -> Wrapped {
    Wrapped::new(Tensor::from_slice(numbers).reshape([1, -1]))
}

fn numbers(tensor: &Wrapped) -> Vec<f64> {
    assert_eq!(tensor.inner().kind(), Kind::Double);
    Vec::try_from(tensor.inner().reshape([-1])).unwrap()
}

#[test]
fn sums_along_an_axis_keep_their_digits() {
    let (op, x): (Op<B>, _) = (CumSum::new(-1).into(), row(&[1.0, 1e-10]));
    assert_eq!(numbers(&B::forward(&op, &[&x]).unwrap()), [1.0, FINE]);
    let (y, pullback) = B::vjp(&op, &[&x], &[true]).unwrap();
    assert_eq!(numbers(&y), [1.0, FINE]);
    assert_eq!(numbers(&pullback.pull(&row(&[1e-10, 1.0])).unwrap()), [FINE, 1.0]);
}
