//! Entries by fixed places, choices by a condition, and comparisons, as forward code.

use ndarray::{ArrayD, Axis, Slice};
use xai_core::nn::{IndexSelect, Where};
use xai_core::{Backend, Error, Graph, Layer, Op, Result, Var};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{F64, array, noise, tensor, weight};

/// Forward code of one value.
pub(crate) struct Code(pub(crate) fn(Var<'_, F64>) -> Result<Var<'_, F64>>);

impl Layer<F64> for Code {
    fn trace<'m>(&'m self, x: Var<'m, F64>) -> Result<Var<'m, F64>> {
        self.0(x)
    }
}

#[test]
fn entries_by_their_places() {
    let x = noise(1, &[2, 3, 4]);
    for (axis, places) in [(0, vec![1, 0, 1]), (1, vec![2, 2, 0]), (1, vec![1]), (2, vec![3, 0, 1, 2, 3, 3])] {
        let graph = Graph::<F64>::trace(&[vec![2, 3, 4]], |x| Ok(x[0].index_select(axis, &places))).unwrap();
        let y = graph.forward(&[tensor(&x)]).unwrap().download().unwrap();
        assert_eq!(y, x.select(Axis(axis), &places));
        assert_eq!(graph.output_shape(), Some(y.shape()));
        // Affine on any axis; but other samples than the input's end the affine start.
        assert_eq!(graph.affine_end().is_some(), axis != 0);
    }
    for (code, keeps_rows) in [
        (Code(|x| Ok(x.index_select(0, &[1, 0, 1]))), false),
        (Code(|x| Ok(x.index_select(1, &[2, 2, 0, 2]))), true),
        (Code(|x| Ok(x.index_select(2, &[3]))), true),
        (Code(|x| Ok(x.permute(&[2, 0, 1]).index_select(1, &[1, 1]).index_select(0, &[2, 0]))), false),
    ] {
        assert_jacobian(&code, &x);
        assert_eq!(is_affine(&code, &[2, 3, 4]), keeps_rows);
    }
}

#[test]
fn what_is_repeated_gets_the_sum_and_what_is_left_out_nothing() {
    let code = Code(|x| Ok(x.index_select(1, &[2, 0, 2, 2])));
    let x = array(&[1, 4], &[5.0, f64::INFINITY, 7.0, f64::NAN]);
    assert_eq!(forward(&code, &x), array(&[1, 4], &[7.0, 5.0, 7.0, 7.0]));
    let v = array(&[1, 4], &[1.0, 10.0, 100.0, 1000.0]);
    assert_eq!(pulled(&code, &x, &v), array(&[1, 4], &[10.0, 0.0, 1101.0, 0.0]));
}

#[test]
fn a_place_or_an_axis_that_is_not_there_is_named() {
    let refused = |op: IndexSelect, input: &[usize], words: &[&str]| {
        let error = op.output_shape(input).unwrap_err();
        let message = error.to_string();
        assert!(words.iter().all(|part| message.contains(part)), "{message}");
        error
    };
    let error = refused(IndexSelect::new(1, [0, 3, 1]), &[2, 3], &["places = 3", "number 1", "axis 1", "length 3"]);
    assert!(matches!(error, Error::InvalidParameter { name: "places", .. }));
    refused(IndexSelect::new(1, [usize::MAX]), &[2, 3], &["places = 18446744073709551615"]);
    let error = refused(IndexSelect::new(2, [0]), &[2, 3], &["axis = 2", "has 2 axes"]);
    assert!(matches!(error, Error::InvalidParameter { name: "axis", .. }));
    refused(IndexSelect::new(0, []), &[2, 3], &["places = []", "at least one"]);
    refused(IndexSelect::new(0, [0]), &[2, 0], &["no element"]);
    // Forward code says it when the network is complete, with the names of the layer.
    let error =
        Graph::<F64>::trace(&[vec![2, 3]], |x| x[0].within("cut", || Ok(x[0].index_select(1, &[3])))).unwrap_err();
    assert!(matches!(&error, Error::Layer { layer, .. } if layer == "cut"), "{error}");
}

/// The last axis cut into three of two numbers each.
fn thirds<'m>(x: &Var<'m, F64>) -> Result<[Var<'m, F64>; 3]> {
    let last = x.shape()?.len() - 1;
    Ok([0, 2, 4].map(|start| x.narrow(last, start, 2)))
}

#[test]
fn one_of_two_by_a_condition() {
    let x = noise(2, &[2, 3, 6]).mapv(|v| v + 0.5 * v.signum());
    let part = |start: isize| x.slice_axis(Axis(2), Slice::new(start, Some(start + 2), 1)).to_owned();
    let (condition, a, b) = (part(0), part(2), part(4));
    let expected = ArrayD::from_shape_fn(condition.raw_dim(), |i| if condition[&i] > 0.0 { a[&i] } else { b[&i] });
    let code = Code(|x| thirds(&x).map(|[c, a, b]| c.sign().relu().select(&a, &b)));
    assert_eq!(forward(&code, &x), expected);
    assert_jacobian(&code, &x);
    // Affine as long as the condition stays.
    assert!(!is_affine(&code, &[2, 3, 6]));
    let fixed = Code(|x| {
        let mask = x.constant(tensor(&array(&[3, 1], &[1.0, 0.0, f64::NAN])));
        Ok(mask.select(&x, &x.narrow(1, 0, 1)))
    });
    assert!(is_affine(&fixed, &[2, 3, 4]));
    assert_jacobian(&fixed, &noise(3, &[2, 3, 4]));
    // A NaN is not 0.
    let rows = noise(3, &[1, 3, 4]);
    let y = forward(&fixed, &rows);
    for (row, from) in [0, 0, 2].into_iter().enumerate() {
        assert_eq!(y.index_axis(Axis(1), row), rows.index_axis(Axis(1), from));
    }
}

#[test]
fn conditions_and_values_are_broadcast() {
    let x = noise(4, &[2, 3, 4]);
    for code in [
        Code(|x| Ok(x.narrow(1, 0, 1).sign().relu().select(&x, &x.mean(&[2])))),
        Code(|x| Ok(x.sign().relu().select(&x.narrow(2, 0, 1), &x.narrow(0, 0, 1)))),
        Code(|x| Ok(x.narrow(0, 0, 1).reshape(&[3, 4]).select(&x.narrow(1, 1, 1), &x))),
    ] {
        assert_jacobian(&code, &x);
    }
    let shape = |inputs: &[&[usize]]| Op::<F64>::from(Where).output_shape(inputs);
    assert_eq!(shape(&[&[3, 1], &[2, 1, 4], &[1]]).unwrap(), [2, 3, 4]);
    assert!(matches!(shape(&[&[2, 3], &[2, 4], &[1]]), Err(Error::Shape { .. })));
    assert!(matches!(shape(&[&[2, 3], &[2, 3], &[3, 3]]), Err(Error::Shape { .. })));
    assert!(shape(&[&[2, 3], &[2, 3]]).unwrap_err().to_string().contains("Where takes 3"));
}

#[test]
fn nothing_leaks_from_what_is_not_chosen() {
    let op = Op::<F64>::from(Where);
    let condition = tensor(&array(&[1, 3], &[1.0, 0.0, -0.0]));
    let a = tensor(&array(&[1, 3], &[1.0, f64::INFINITY, f64::NAN]));
    let b = tensor(&array(&[1, 3], &[f64::NAN, 2.0, 3.0]));
    let (y, pull) = F64::vjp(&op, &[&condition, &a, &b], &[true; 3]).unwrap();
    assert_eq!(y.download().unwrap(), array(&[1, 3], &[1.0, 2.0, 3.0]));
    let back = |v: &[f64]| -> Vec<_> {
        let parts = pull.pull_all(&tensor(&array(&[1, 3], v))).unwrap();
        parts.into_iter().map(|part| part.unwrap().download().unwrap()).collect()
    };
    let zero = array(&[1, 3], &[0.0; 3]);
    assert_eq!(back(&[1.0, 2.0, 3.0]), [zero.clone(), array(&[1, 3], &[1.0, 0.0, 0.0]), array(&[1, 3], &[0., 2., 3.])]);
    let infinite = back(&[f64::INFINITY, f64::NEG_INFINITY, 1.0]);
    assert_eq!(infinite[0], zero);
    assert_eq!(infinite[1], array(&[1, 3], &[f64::INFINITY, 0.0, 0.0]));
    assert_eq!(infinite[2], array(&[1, 3], &[0.0, f64::NEG_INFINITY, 1.0]));
    // Only what is asked for comes back.
    let (_, pull) = F64::vjp(&op, &[&condition, &a, &b], &[false, true, false]).unwrap();
    let parts = pull.pull_all(&weight(5, &[1, 3])).unwrap();
    assert_eq!(parts.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
    assert!(F64::forward(&op, &[&a]).is_err());
}

#[test]
fn a_root_whose_argument_is_chosen_spoils_no_gradient() {
    // √x of what is positive, 2x elsewhere: at 0 the slope of the root is infinite, and below it is NaN.
    let code = Code(|x| {
        let positive = x.sign().relu();
        let safe = positive.select(&x, &x.constant(tensor(&array(&[1], &[1.0]))));
        Ok(positive.select(&safe.sqrt(), &x.affine(2.0, 0.0)))
    });
    let x = array(&[1, 3], &[4.0, 0.0, -1.0]);
    assert_eq!(forward(&code, &x), array(&[1, 3], &[2.0, 0.0, -2.0]));
    let v = array(&[1, 3], &[1.0, 1.0, 1.0]);
    assert_eq!(pulled(&code, &x, &v), array(&[1, 3], &[0.25, 2.0, 2.0]));
}

#[test]
fn comparisons_are_exact() {
    let tiny = f64::from_bits(1);
    let (least, most) = (f64::MIN, f64::MAX);
    let pairs = [
        (1.0, 2.0),
        (2.0, 1.0),
        (1.5, 1.5),
        (0.0, -0.0),
        (tiny, 0.0),
        (1.0, 1.0 + f64::EPSILON),
        (f64::MIN_POSITIVE, f64::MIN_POSITIVE + tiny),
        (least, most),
        (most, least),
        (f64::INFINITY, most),
        (f64::NEG_INFINITY, f64::INFINITY),
    ];
    let x = ArrayD::from_shape_fn(vec![pairs.len(), 2], |i| [pairs[i[0]].0, pairs[i[0]].1][i[1]]);
    let compared = |code: Code| forward(&code, &x).into_iter().map(|v| v == 1.0).collect::<Vec<_>>();
    let by = |holds: fn(f64, f64) -> bool| pairs.map(|(a, b)| holds(a, b)).to_vec();
    fn halves<'m>(x: &Var<'m, F64>) -> (Var<'m, F64>, Var<'m, F64>) {
        (x.narrow(1, 0, 1), x.narrow(1, 1, 1))
    }
    assert_eq!(compared(Code(|x| Ok(halves(&x).0.greater(&halves(&x).1)))), by(|a, b| a > b));
    assert_eq!(compared(Code(|x| Ok(halves(&x).0.less(&halves(&x).1)))), by(|a, b| a < b));
    assert_eq!(compared(Code(|x| Ok(halves(&x).0.greater_equal(&halves(&x).1)))), by(|a, b| a >= b));
    assert_eq!(compared(Code(|x| Ok(halves(&x).0.less_equal(&halves(&x).1)))), by(|a, b| a <= b));
    assert_eq!(compared(Code(|x| Ok(halves(&x).0.equal(&halves(&x).1)))), by(|a, b| a == b));
    // 0 and 1, and nothing else; broadcast; without a gradient.
    let code = Code(|x| Ok(x.greater_equal(&x.mean(&[1]))));
    let x = noise(6, &[2, 5]);
    assert!(forward(&code, &x).iter().all(|&v| v == 0.0 || v == 1.0));
    assert!(pulled(&code, &x, &noise(7, &[2, 5])).iter().all(|&v| v == 0.0));
}
