//! Arithmetic of several values, reductions, matrix products and what moves numbers, as forward code.

use ndarray::{ArrayD, Axis, Ix2};
use xai_core::nn::{Binary, Concatenate, Embedding, MatMul, Narrow, Operation, Permute, Reduce, Reduction, Reshape};
use xai_core::{Error, Graph, Layer, Op, Result, Var};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine};
use crate::nn_ops::numbers::{F64, array, assert_close, noise, tensor, weight};

/// Forward code of one value.
struct Code(fn(Var<'_, F64>) -> Result<Var<'_, F64>>);

impl Layer<F64> for Code {
    fn trace<'m>(&'m self, x: Var<'m, F64>) -> Result<Var<'m, F64>> {
        self.0(x)
    }
}

/// The last axis cut into two of two numbers each.
fn halves<'m>(x: &Var<'m, F64>) -> Result<(Var<'m, F64>, Var<'m, F64>)> {
    let last = x.shape()?.len() - 1;
    Ok((x.narrow(last, 0, 2), x.narrow(last, 2, 2)))
}

#[test]
fn four_operations_of_two_values_and_of_a_number() {
    let x = noise(3, &[2, 3, 4]);
    let part = |start: isize| x.slice_axis(Axis(2), ndarray::Slice::new(start, Some(start + 2), 1)).to_owned();
    let (a, b) = (part(0), part(2));
    let cases: [(Code, ArrayD<f64>, bool); 6] = [
        (Code(|x| halves(&x).map(|(a, b)| a + b)), &a + &b, true),
        (Code(|x| halves(&x).map(|(a, b)| &a - b)), &a - &b, true),
        (Code(|x| halves(&x).map(|(a, b)| a * &b)), &a * &b, false),
        (Code(|x| halves(&x).map(|(a, b)| &a / &b)), &a / &b, false),
        (Code(|x| halves(&x).map(|(a, b)| -((a * 3.0 - 1.0) / 2.0) + (&b + 5.0))), &a * -1.5 + 5.5 + &b, true),
        (Code(|x| halves(&x).map(|(a, _)| -&a)), -&a, true),
    ];
    for (code, expected, affine) in cases {
        assert_close(&forward(&code, &x), &expected, 1e-14);
        assert_jacobian(&code, &(x.mapv(|v| v + 2.0 * v.signum())));
        assert_eq!(is_affine(&code, &[2, 3, 4]), affine);
    }
}

#[test]
fn numbers_stand_on_either_side() {
    let x = noise(5, &[2, 3, 4]).mapv(|v| v + 2.0 * v.signum());
    let cases: [(Code, ArrayD<f64>, bool); 8] = [
        (Code(|x| Ok(2.0 + x)), 2.0 + &x, true),
        (Code(|x| Ok(1.0 - x)), 1.0 - &x, true),
        (Code(|x| Ok(3.0 * x)), 3.0 * &x, true),
        (Code(|x| Ok(2.0 / x)), 2.0 / &x, false),
        (Code(|x| Ok(2.0 + &x)), 2.0 + &x, true),
        (Code(|x| Ok(x.tanh() - (1.0 - &x))), x.mapv(f64::tanh) - 1.0 + &x, false),
        (Code(|x| Ok(-0.5 * &x)), -0.5 * &x, true),
        (Code(|x| Ok(1.0 / &(1.0 + x.exp()))), x.mapv(|v| 1.0 / (1.0 + v.exp())), false),
    ];
    for (code, expected, affine) in cases {
        assert_close(&forward(&code, &x), &expected, 1e-14);
        assert_jacobian(&code, &x);
        assert_eq!(is_affine(&code, &[2, 3, 4]), affine);
    }
}

#[test]
fn what_is_broadcast_gets_the_sum_back() {
    let x = noise(4, &[2, 3, 4]).mapv(|v| v + 2.0 * v.signum());
    for code in [
        Code(|x| Ok(&x + x.sum(&[1]))),
        Code(|x| Ok(&x * x.mean(&[0, 2]))),
        Code(|x| Ok(x.mean(&[1]) - &x)),
        Code(|x| Ok(&x / x.sum(&[2]).exp())),
        Code(|x| Ok(x.narrow(0, 0, 1).reshape(&[3, 4]) * &x)),
        Code(|x| Ok(x.narrow(1, 0, 1) / x.narrow(2, 1, 1))),
    ] {
        assert_jacobian(&code, &x);
    }
}

#[test]
fn reductions_over_any_axes() {
    let x = noise(5, &[2, 3, 4]);
    let by_hand = |fold: fn(f64, f64) -> f64, from: f64| x.fold_axis(Axis(1), from, |&a, &b| fold(a, b));
    let kept = |a: ArrayD<f64>| a.insert_axis(Axis(1));
    assert_close(&forward(&Code(|x| Ok(x.sum(&[1]))), &x), &kept(by_hand(|a, b| a + b, 0.0)), 1e-14);
    assert_close(&forward(&Code(|x| Ok(x.mean(&[1]))), &x), &kept(by_hand(|a, b| a + b, 0.0) / 3.0), 1e-14);
    assert_eq!(forward(&Code(|x| Ok(x.max(&[1]))), &x), kept(by_hand(f64::max, f64::NEG_INFINITY)));
    assert_eq!(forward(&Code(|x| Ok(x.min(&[1]))), &x), kept(by_hand(f64::min, f64::INFINITY)));
    for code in [
        Code(|x| Ok(x.sum(&[0]))),
        Code(|x| Ok(x.mean(&[1, 2]))),
        Code(|x| Ok(x.max(&[0, 2]))),
        Code(|x| Ok(x.min(&[2]))),
        Code(|x| Ok(x.max(&[0, 1, 2]))),
        Code(|x| Ok(x.sum(&[]))),
    ] {
        assert_jacobian(&code, &x);
    }
    assert!(is_affine(&Code(|x| Ok(x.mean(&[1]))), &[2, 3]) && !is_affine(&Code(|x| Ok(x.max(&[1]))), &[2, 3]));
    // The first of equal numbers gets it all.
    let ties = array(&[1, 4], &[3.0, 7.0, 7.0, 3.0]);
    let back = |code: Code| crate::nn_ops::jacobian::pulled(&code, &ties, &array(&[1, 1], &[2.0]));
    assert_eq!(back(Code(|x| Ok(x.max(&[1])))), array(&[1, 4], &[0.0, 2.0, 0.0, 0.0]));
    assert_eq!(back(Code(|x| Ok(x.min(&[1])))), array(&[1, 4], &[2.0, 0.0, 0.0, 0.0]));
}

#[test]
fn matrix_products() {
    let x = noise(6, &[3, 4]);
    let matrix = x.clone().into_dimensionality::<Ix2>().unwrap();
    let square = forward(&Code(|x| Ok(x.matmul(&x.transpose(0, 1)?))), &x);
    assert_close(&square, &matrix.dot(&matrix.t()).into_dyn(), 1e-14);
    for code in [
        Code(|x| Ok(x.matmul(&x.transpose(-1, -2)?))),
        Code(|x| Ok(x.transpose(1, 2)?.matmul(&x))),
        Code(|x| Ok(x.matmul(&x.narrow(0, 0, 1).reshape(&[3, 4]).transpose(0, 1)?))),
        Code(|x| Ok(x.narrow(0, 0, 1).matmul(&x.transpose(1, 2)?))),
    ] {
        assert_jacobian(&code, &noise(7, &[2, 3, 4]));
    }
    assert!(!is_affine(&Code(|x| Ok(x.matmul(&x.transpose(0, 1)?))), &[3, 4]));
}

#[test]
fn numbers_that_only_move() {
    let x = noise(8, &[2, 3, 4]);
    assert_eq!(forward(&Code(|x| Ok(x.permute(&[2, 0, 1]))), &x), x.clone().permuted_axes(vec![2, 0, 1]));
    // Affine all of them; but what moves the samples from the front ends the affine start before itself.
    for (code, keeps_rows) in [
        (Code(|x| Ok(x.permute(&[1, 2, 0]))), false),
        (Code(|x| Ok(x.reshape(&[4, 6]))), false),
        (Code(|x| Ok(x.flatten(0, -1))), false),
        (Code(|x| Ok(x.permute(&[0, 2, 1]))), true),
        (Code(|x| Ok(x.reshape(&[2, 12]))), true),
        (Code(|x| Ok(x.narrow(1, 1, 2))), true),
        (Code(|x| Ok(x.narrow(2, 1, 1).concat(&[&x, &x.narrow(2, 0, 2)], 2))), true),
        (Code(|x| x.transpose(-3, 2)), false),
    ] {
        assert_jacobian(&code, &x);
        assert_eq!(is_affine(&code, &[2, 3, 4]), keeps_rows);
    }
}

#[test]
fn rows_of_a_table() {
    let table = weight(9, &[5, 2]);
    let ids = array(&[2, 2], &[4.0, 0.0, 1.0, 4.0]);
    let rows = forward(&Embedding::new(table).unwrap(), &ids);
    let expected = noise(9, &[5, 2]).select(Axis(0), &[4, 0, 1, 4]).into_shape_with_order(vec![2, 2, 2]).unwrap();
    assert_eq!(rows, expected);
    for (bad, words) in [(5.0, "id = 5"), (-1.0, "id = -1"), (0.5, "id = 0.5")] {
        let embedding = Embedding::new(weight(9, &[5, 2])).unwrap();
        let error = crate::nn_ops::jacobian::run(&embedding, &tensor(&array(&[1, 1], &[bad]))).unwrap_err().to_string();
        assert!(error.starts_with(words) && error.contains("from 0 to 4"), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let refused = |op: Op<F64>, inputs: &[&[usize]], words: &str| {
        let error = op.output_shape(inputs).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(Binary::Add.into(), &[&[2, 3], &[2, 4]], "[2, 4]");
    refused(Binary::Mul.into(), &[&[2, 3]], "Binary takes 2");
    refused(MatMul.into(), &[&[2, 3], &[4, 2]], "[4, 2]");
    refused(Concatenate { axis: 1 }.into(), &[&[2, 3], &[3, 3]], "only axis 1 may differ");
    refused(Concatenate { axis: 2 }.into(), &[&[2, 3]], "an axis 2 is needed");
    refused(Reshape { shape: vec![7] }.into(), &[&[2, 3]], "[7]");
    refused(Permute { order: vec![0, 0] }.into(), &[&[2, 3]], "[0, 0]");
    refused(Narrow { axis: 1, start: 2, len: 2 }.into(), &[&[2, 3]], "2..2+2");
    refused(Narrow { axis: 1, start: usize::MAX, len: 2 }.into(), &[&[2, 3]], "no part");
    refused(Reduce { of: Reduction::Max, axes: vec![2] }.into(), &[&[2, 3]], "axis 2 cannot be reduced");
    assert_eq!(<MatMul as Operation<F64>>::NAME, "MatMul");
    let error = Graph::<F64>::trace(&[vec![2, 3]], |x| x[0].within("sum", || Ok(&x[0] + x[0].narrow(1, 0, 2))));
    let error = error.unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "sum"), "{error}");
}
