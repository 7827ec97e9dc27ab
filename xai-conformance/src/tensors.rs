//! The operations of `Backend`.

use ndarray::ArrayD;
use xai_core::{Backend, NdArray, Tensor};

use crate::{Outcome, Suite, values};

type Truth = NdArray<f64>;

fn truth(numbers: &ArrayD<f64>) -> Tensor<Truth> {
    Tensor::new(numbers.clone().into_shared())
}

/// Runs the same operations on both backends.
macro_rules! agree {
    ($suite:ident, $what:literal, [$($t:ident),+], $op:expr) => {{
        let got = { $(let $t = $suite.tensor(&$t)?;)+ $op };
        let expected = { $(let $t = truth(&$t);)+ $op };
        $suite.same($what, &got, &expected.download()?)?;
    }};
}

/// What goes up comes down, in any layout, at the placement it was sent to.
pub fn round_trip<B: Backend>(suite: &Suite<B>) -> Outcome {
    for shape in [vec![3], vec![2, 3], vec![2, 1, 4], vec![2, 3, 2, 2], vec![1, 2, 3, 2, 2]] {
        let x = values(&shape, 1);
        suite.same("round trip", &suite.tensor(&x)?, &x)?;
        let turned = x.clone().reversed_axes();
        suite.same("round trip of a transposed array", &suite.tensor(&turned)?, &turned)?;
        let shared = suite.tensor(&x)?.clone();
        suite.same("another handle", &shared, &x)?;
    }
    Ok(())
}

/// Elementwise operations on equal shapes.
pub fn arithmetic<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (a, b) = (values(&[2, 3, 4], 2), values(&[2, 3, 4], 3));
    agree!(suite, "add", [a, b], a.add(&b)?);
    agree!(suite, "sub", [a, b], a.sub(&b)?);
    agree!(suite, "mul", [a, b], a.mul(&b)?);
    agree!(suite, "scale", [a], a.scale(-1.5)?);
    agree!(suite, "affine", [a], a.affine(0.5, 2.0)?);
    agree!(suite, "relu", [a], a.relu()?);
    let broken = a.mapv(|v| if v > 1.0 { f64::NAN } else { v });
    let kept = suite.tensor(&broken)?.relu()?.download()?;
    let lost = broken.iter().zip(&kept).any(|(b, k)| b.is_nan() != num_is_nan(*k));
    if lost { Err(crate::Failure::new("relu lost a NaN")) } else { Ok(()) }
}

fn num_is_nan<E: xai_core::Element>(value: E) -> bool {
    value.as_f64().is_nan()
}

/// NumPy's broadcasting, on both sides.
pub fn broadcasting<B: Backend>(suite: &Suite<B>) -> Outcome {
    let shapes: [(&[usize], &[usize]); 5] =
        [(&[2, 3], &[1, 3]), (&[2, 1, 4], &[1, 3, 1]), (&[2, 3, 4], &[4]), (&[3, 1], &[2, 1, 5]), (&[1], &[2, 2])];
    for (left, right) in shapes {
        let (a, b) = (values(left, 4), values(right, 5));
        agree!(suite, "broadcast add", [a, b], a.add(&b)?);
        agree!(suite, "broadcast sub", [a, b], a.sub(&b)?);
        agree!(suite, "broadcast mul", [a, b], b.mul(&a)?);
    }
    let a = values(&[2, 1, 3], 6);
    agree!(suite, "broadcast_to", [a], a.broadcast_to(&[2, 4, 3])?);
    agree!(suite, "broadcast_to with new axes", [a], a.broadcast_to(&[2, 2, 4, 3])?);
    agree!(suite, "an operation after broadcast_to", [a], a.broadcast_to(&[2, 4, 3])?.reshape(&[8, 3])?.scale(2.0)?);
    Ok(())
}

/// Sums, means and maxima over any axes.
pub fn reductions<B: Backend>(suite: &Suite<B>) -> Outcome {
    let a = values(&[2, 3, 4, 5], 7);
    for axes in [vec![0], vec![1], vec![3], vec![1, 2, 3], vec![2, 3], vec![0, 2], vec![]] {
        agree!(suite, "sum", [a], a.sum(&axes)?);
        agree!(suite, "mean", [a], a.mean(&axes)?);
        agree!(suite, "max", [a], a.max(&axes)?);
    }
    Ok(())
}

/// Reshaping keeps the order, of views too.
pub fn shapes<B: Backend>(suite: &Suite<B>) -> Outcome {
    let a = values(&[2, 6, 4], 8);
    agree!(suite, "reshape", [a], a.reshape(&[3, 4, 4])?);
    agree!(suite, "reshape of a part", [a], a.narrow(1, 2, 3)?.reshape(&[6, 4])?);
    Ok(())
}

/// Parts of tensors, and tensors from parts.
pub fn parts<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (a, b) = (values(&[4, 3, 2], 9), values(&[4, 1, 2], 10));
    agree!(suite, "narrow", [a], a.narrow(0, 1, 2)?);
    agree!(suite, "narrow of a later axis", [a], a.narrow(1, 2, 1)?);
    agree!(suite, "concat", [a, b], Tensor::concat(&[&a, &b, &a], 1)?);
    agree!(suite, "concat of parts", [a], Tensor::concat(&[&a.narrow(0, 2, 2)?, &a.narrow(0, 0, 2)?], 0)?);
    Ok(())
}

/// Ones at given places.
pub fn one_hot<B: Backend>(suite: &Suite<B>) -> Outcome {
    let got = Tensor::<B>::new(B::one_hot(&[2, 3], &[1, 5], suite.placement())?);
    let expected = ndarray::array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].into_dyn();
    suite.same("one_hot", &got, &expected)
}

/// A wider number type holds the same numbers, and adds up many of them.
pub fn widening<B: Backend>(suite: &Suite<B>) -> Outcome {
    let a = values(&[2, 3], 11);
    suite.same("widen", &suite.tensor(&a)?.widen()?, &a)?;
    let ones = ArrayD::ones(ndarray::IxDyn(&[1, 5000]));
    let sum = suite.tensor(&ones)?.widen()?.sum(&[1])?;
    suite.same("sum of 5000 ones", &sum, &ndarray::array![[5000.0]].into_dyn())
}

/// Axes in another order, and matrix products.
pub fn matrices<B: Backend>(suite: &Suite<B>) -> Outcome {
    let (a, b) = (values(&[2, 3, 4], 30), values(&[2, 4, 5], 31));
    let c = values(&[4, 2], 32);
    agree!(suite, "permute", [a], a.permute(&[2, 0, 1])?);
    agree!(suite, "matrix products", [a, b], a.matmul(&b)?);
    agree!(suite, "matrix product of one matrix", [a, c], a.matmul(&c)?);
    agree!(suite, "product of turned matrices", [a, c], c.permute(&[1, 0])?.matmul(&a.permute(&[0, 2, 1])?)?);
    Ok(())
}
