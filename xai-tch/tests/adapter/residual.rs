//! Residual blocks in one call: their numbers, and that nothing is written to that somebody else reads.

use ndarray::ArrayD;
use xai_core::nn::{Activation, Padding};
use xai_core::{Backend, Graph, NdArray, Op, Residual, Result, Tensor, Var};

use super::packed::{B, conv, gap, has_its_channels_last, number_of, numbers};

/// A stem, two blocks to whose output their input is added, from either side, and a narrower end.
fn network<B: Backend>(x: &Var<'static, B>) -> Result<Var<'static, B>>
where
    B::Placement: Default,
{
    let uneven = Padding { top: 0, bottom: 1, left: 0, right: 1 };
    let wide = |x: &Var<'static, B>| x.op(conv(&[12, 6, 1, 1], |conv| conv)).op(Activation::Relu6);
    let block = |x: &Var<'static, B>| {
        let inside = wide(x).op(conv(&[12, 1, 3, 3], |conv| conv.padding(1).groups(12))).op(Activation::Relu6);
        inside.op(conv(&[6, 12, 1, 1], |conv| conv))
    };
    let stem = x.within("stem", || {
        Ok(x.op(conv(&[6, 3, 3, 3], |conv| conv.stride(2).padding(uneven))).op(Activation::Relu6))
    })?;
    let first = stem.within("first", || Ok(block(&stem) + &stem))?;
    let second = &first + block(&first);
    Ok(wide(&second).op(conv(&[4, 12, 2, 2], |conv| conv.padding(uneven))))
}

fn graph<B: Backend>(shape: &[usize]) -> Graph<'static, B>
where
    B::Placement: Default,
{
    Graph::trace(&[shape.to_vec()], |x| network(&x[0])).unwrap()
}

fn upload<B: Backend>(x: &ArrayD<f64>) -> Tensor<B>
where
    B::Placement: Default,
{
    Tensor::upload(x.mapv(number_of::<B>).view(), &B::Placement::default()).unwrap()
}

fn numbers_of<B: Backend>(y: &Tensor<B>) -> ArrayD<f64> {
    y.download().unwrap().mapv(xai_core::Element::as_f64)
}

type Exact = NdArray<f64>;

#[test]
fn numbers_are_those_of_plain_arrays() {
    for shape in [[1, 3, 16, 12], [3, 3, 9, 14]] {
        let x = numbers(&shape, 0.0);
        let want = numbers_of(&graph::<Exact>(&shape).forward(&[upload(&x)]).unwrap());
        let (graph, input) = (graph::<B>(&shape), upload::<B>(&x));
        for _ in 0..2 {
            let y = graph.forward(std::slice::from_ref(&input)).unwrap();
            assert!(has_its_channels_last(y.inner()));
            assert!(gap(&numbers_of(&y), &want) < 1e-5, "{shape:?}: {}", gap(&numbers_of(&y), &want));
        }
    }
}

#[test]
fn what_somebody_else_reads_stays() {
    let shape = [2, 3, 16, 12];
    let x = numbers(&shape, 0.0);
    for places in [&["stem"][..], &["first"], &["stem", "first"]] {
        let (graph, exact) = (graph::<B>(&shape), graph::<Exact>(&shape));
        let of = |names: &[&str]| names.iter().map(|name| graph.place(name).unwrap()).collect::<Vec<_>>();
        let want = exact.keeping(&of(places)).forward_kept(&[upload(&x)]).unwrap();
        let got = graph.keeping(&of(places)).forward_kept(&[upload(&x)]).unwrap();
        for (got, want) in got.values.iter().zip(&want.values).chain([(&got.output, &want.output)]) {
            assert!(gap(&numbers_of(got), &numbers_of(want)) < 1e-5, "{places:?}");
        }
    }
    // The input is the user's own, in libtorch's order and in oneDNN's.
    let ops: [Op<B>; 2] = [conv(&[3, 3, 1, 1], |conv| conv), Activation::Relu.into()];
    let parts = [Residual { ops: ops.iter().collect(), plus_input: true }];
    let input = upload::<B>(&x);
    let y = B::forward_residual(&parts, &input).unwrap();
    assert_eq!(numbers_of(&input), numbers_of(&upload::<B>(&x)));
    let before = numbers_of(&y);
    let sum = numbers_of(&B::forward_residual(&parts, &y).unwrap());
    assert_eq!(numbers_of(&y), before);
    let alone = ops.iter().fold(y.clone(), |y, op| B::forward(op, &[&y]).unwrap());
    assert!(gap(&sum, &(before + numbers_of(&alone))) < 1e-6);
}

#[test]
fn what_is_no_number_goes_through_sums() {
    let shape = [1, 3, 16, 12];
    for wrong in [f64::NAN, f64::INFINITY] {
        let mut x = numbers(&shape, 0.0);
        x[[0, 2, 6, 6]] = wrong;
        let lost = |y: ArrayD<f64>| y.mapv(|y| y.is_nan());
        let got = lost(numbers_of(&graph::<B>(&shape).forward(&[upload(&x)]).unwrap()));
        let want = lost(numbers_of(&graph::<Exact>(&shape).forward(&[upload(&x)]).unwrap()));
        assert!(!wrong.is_nan() || want.iter().any(|&lost| lost) && want.iter().any(|&lost| !lost));
        assert_eq!(got, want);
    }
}

/// Where something is recorded, all of it is, and goes back.
#[test]
fn a_tape_has_the_sums() {
    let shape = [2, 3, 9, 14];
    let x = numbers(&shape, 0.0);
    let (y, pullback) = graph::<Exact>(&shape).vjp(&[upload(&x)], &[true], None).unwrap();
    let v = numbers(&y.shape(), 3.0);
    let want = numbers_of(&pullback.pull(&upload(&v)).unwrap());
    let graph = graph::<B>(&shape);
    let (_, pullback) = graph.vjp(&[upload(&x)], &[true], None).unwrap();
    assert!(gap(&numbers_of(&pullback.pull(&upload(&v)).unwrap()), &want) < 1e-4);
    let part = |x: &[Tensor<B>]| Ok(vec![graph.forward(x)?]);
    let (_, pull) = B::on_tape(&part, &[upload(&x)], &[true]).unwrap();
    let back = pull(&[Some(upload(&v))]).unwrap();
    assert!(gap(&numbers_of(back[0].as_ref().unwrap()), &want) < 1e-4);
}

#[test]
fn an_error_is_of_the_operation_that_it_came_from() {
    let relu: Op<B> = Activation::Relu.into();
    let (right, wrong): (Op<B>, Op<B>) = (conv(&[3, 3, 1, 1], |conv| conv), conv(&[3, 5, 1, 1], |conv| conv));
    let part = |conv, plus_input| Residual { ops: vec![conv, &relu], plus_input };
    let parts = [part(&right, true), part(&right, false), part(&wrong, true)];
    let x = upload::<B>(&numbers(&[1, 3, 4, 4], 0.0));
    assert!(matches!(B::forward_residual(&parts, &x), Err((5, _))));
}
