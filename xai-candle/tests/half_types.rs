//! What is made of candle's arithmetic alone keeps its digits in half types.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use candle_core::{DType, Device, Tensor};
use xai_candle::{Candle, Placement};
use xai_core::nn::{Binary, Linear, MatMul, Reduce, Reduction};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, Arithmetic, Backend, Lrp, Net, Op};

type B = Candle<f64>;
type Wrapped = xai_core::Tensor<B>;

const HALVES: [DType; 2] = [DType::F16, DType::BF16];

fn full(value: f64, shape: &[usize], dtype: DType) -> Wrapped {
    let ones = Tensor::ones(shape, DType::F64, &Device::Cpu).unwrap();
    Wrapped::new(ones.affine(value, 0.0).unwrap().to_dtype(dtype).unwrap())
}

fn numbers(t: &Wrapped) -> Vec<f64> {
    t.inner().to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_near(what: &str, t: &Wrapped, dtype: DType, expected: f64) {
    assert_eq!(t.inner().dtype(), dtype, "{what}");
    for got in numbers(t) {
        assert!((got / expected - 1.0).abs() < 0.01, "{what} in {dtype:?}: {got} for {expected}");
    }
}

/// Both sides together are more than a half type holds, where their difference is not.
#[test]
fn favoured_contributions_are_shared_out_in_half_types() {
    let at = Placement { device: Device::Cpu, dtype: DType::F16 };
    let weight = Wrapped::upload(ndarray::array![[1.0, 1.0]].view().into_dyn(), &at).unwrap();
    let net = Net::<B, _>::new(Linear::<B>::new(weight, None).unwrap());
    let lrp = Lrp::new(Composite::new().all(LrpRule::Gamma(0.25)));
    let why = lrp.analyze(&net, &ndarray::array![[40_000.0, -30_000.0]], 0).unwrap();
    // Of z = 10000 and z + γ z⁺ = 20000.
    for (got, expected) in why.values.iter().zip([25_000.0, -15_000.0]) {
        assert!((got / expected - 1.0_f64).abs() < 0.01, "{got} for {expected}");
    }
}

#[test]
fn sums_are_added_up_in_single_precision() {
    for dtype in HALVES {
        let row = full(1.0, &[1, 4096], dtype);
        assert_near("sum", &row.sum(&[1]).unwrap(), dtype, 4096.0);
        // The sum is more than a half type holds.
        let many = full(2.0, &[1, 70_000], dtype);
        assert_near("mean", &many.mean(&[1]).unwrap(), dtype, 2.0);
        let (y, _) = B::vjp(&Reduce { of: Reduction::Mean, axes: vec![0, 1] }.into(), &[&many], &[true]).unwrap();
        assert_near("mean", &y, dtype, 2.0);
    }
}

#[test]
fn the_cotangent_of_what_was_broadcast_is_added_up_in_single_precision() {
    for dtype in HALVES {
        let (all, one) = (full(1.0, &[4096, 2], dtype), full(1.0, &[1, 2], dtype));
        for op in [Binary::Add, Binary::Mul] {
            let (y, pull) = B::vjp(&op.into(), &[&all, &one], &[true, true]).unwrap();
            let parts = pull.pull_all(&full(1.0, &y.shape(), dtype)).unwrap();
            assert_near("the one", parts[1].as_ref().unwrap(), dtype, 4096.0);
        }
    }
}

#[test]
fn products_of_matrices_are_added_up_in_single_precision() {
    for dtype in HALVES {
        let (a, b) = (full(1.0, &[2, 1, 4096], dtype), full(1.0, &[4096, 1], dtype));
        let (y, pull) = B::vjp(&MatMul.into(), &[&a, &b], &[true, true]).unwrap();
        assert_near("product", &y, dtype, 4096.0);
        let parts = pull.pull_all(&full(1.0, &y.shape(), dtype)).unwrap();
        assert_near("first operand", parts[0].as_ref().unwrap(), dtype, 1.0);
        assert_near("second operand", parts[1].as_ref().unwrap(), dtype, 2.0);
    }
}

#[test]
fn a_quotient_of_small_numbers_does_not_overflow() {
    for dtype in HALVES {
        // Half precision ends at 65504, the inverse of the divisor is more.
        let (a, b) = (full(1e-3, &[3], dtype), full(1e-5, &[3], dtype));
        let op: Op<B> = Binary::Div.into();
        let (y, pull) = B::vjp(&op, &[&a, &b], &[true, true]).unwrap();
        assert_near("quotient", &y, dtype, 100.0);
        assert_near("quotient", &B::forward(&op, &[&a, &b]).unwrap(), dtype, 100.0);
        let parts = pull.pull_all(&full(1e-3, &[3], dtype)).unwrap();
        assert_near("dividend", parts[0].as_ref().unwrap(), dtype, 100.0);
        assert_near("divisor", parts[1].as_ref().unwrap(), dtype, -1e4);
    }
}

#[test]
fn ids_are_never_brought_in_a_half_type() {
    for dtype in HALVES {
        assert_eq!(B::counting(&dtype.into()).dtype, DType::F32);
    }
    for dtype in [DType::F32, DType::F64] {
        assert_eq!(B::counting(&dtype.into()).dtype, dtype);
    }
}
