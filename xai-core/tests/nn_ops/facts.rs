//! What each operation says of itself, against numbers: all examples of all operations.

use std::collections::BTreeSet;

use ndarray::{ArrayD, Axis};
use xai_core::nn::{Example, LayerNorm, Permute, Softmax};
use xai_core::{Backend, Op, Tensor};

use crate::nn_ops::numbers::{F64, assert_close, noise, tensor, weight};

const STEP: f64 = 1e-5;

fn examples() -> Vec<Example<Op<F64>>> {
    let examples = Op::<F64>::examples(&mut |shape, seed| Ok(weight(seed, shape))).unwrap();
    let names: BTreeSet<&str> = examples.iter().map(|example| example.op.name()).collect();
    // All but the two that take whole numbers.
    assert!(names.len() >= 27, "{names:?}");
    examples
}

/// Numbers for each input, away from 0, where functions bend and quotients have poles.
fn inputs(example: &Example<Op<F64>>, seed: u64) -> Vec<ArrayD<f64>> {
    let numbers = |(shape, seed): (&Vec<usize>, u64)| noise(seed, shape).mapv(|x| x + 0.25 * x.signum());
    example.inputs.iter().zip(seed..).map(numbers).collect()
}

fn run(op: &Op<F64>, inputs: &[ArrayD<f64>]) -> ArrayD<f64> {
    let inputs: Vec<Tensor<F64>> = inputs.iter().map(tensor).collect();
    F64::forward(op, &inputs.iter().collect::<Vec<_>>()).unwrap().download().unwrap()
}

#[test]
fn shapes_are_those_that_are_said_and_gradients_those_of_differences() {
    for example in examples() {
        let (op, name, x) = (&example.op, &example.name, inputs(&example, 30));
        let y = run(op, &x);
        let shapes: Vec<&[usize]> = x.iter().map(|x| x.shape()).collect();
        assert_eq!(op.output_shape(&shapes).unwrap(), y.shape(), "{name}");
        let v = noise(39, y.shape());
        let at: Vec<Tensor<F64>> = x.iter().map(tensor).collect();
        let (again, pull) = F64::vjp(op, &at.iter().collect::<Vec<_>>(), &vec![true; x.len()]).unwrap();
        assert_eq!(again.download().unwrap(), y, "{name}: vjp and forward differ");
        for (i, part) in pull.pull_all(&tensor(&v)).unwrap().into_iter().enumerate() {
            let u = noise(50 + i as u64, x[i].shape());
            let moved = |by: f64| {
                let mut x = x.clone();
                x[i] += &(&u * by);
                run(op, &x)
            };
            let along = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let (expected, got) = ((&v * &along).sum(), (part.unwrap().download().unwrap() * &u).sum());
            assert!((got - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{name}, input {i}: {got}, not {expected}");
        }
    }
}

#[test]
fn what_is_said_to_be_affine_is() {
    let mut said = 0;
    for example in examples() {
        let (op, a, b) = (&example.op, inputs(&example, 60), inputs(&example, 70));
        for choice in 1..1_u32 << a.len() {
            let varies: Vec<bool> = (0..a.len()).map(|i| choice >> i & 1 == 1).collect();
            if !op.is_affine(&varies) {
                continue;
            }
            said += 1;
            let at = |share: [f64; 2]| {
                let part = |i: usize| if varies[i] { &a[i] * share[0] + &b[i] * share[1] } else { a[i].clone() };
                run(op, &(0..a.len()).map(part).collect::<Vec<_>>())
            };
            let (both, neither) = (at([1.0, 1.0]), at([0.0, 0.0]));
            assert_close(&(both + neither), &(at([1.0, 0.0]) + at([0.0, 1.0])), 1e-12);
        }
    }
    assert!(said > 60, "{said}");
}

#[test]
fn rows_stay_apart_where_they_are_said_to() {
    for example in examples() {
        let (op, x) = (&example.op, inputs(&example, 80));
        let y = run(op, &x);
        let of_rows = |t: &ArrayD<f64>| t.ndim() == x[0].ndim() && t.shape()[0] == y.shape()[0];
        // A reshape names the batch axis.
        if op.mixes_rows(Some(x[0].ndim())) || matches!(op, Op::Reshape(_)) || !x.iter().all(of_rows) {
            continue;
        }
        for row in 0..y.shape()[0] {
            let alone: Vec<ArrayD<f64>> = x.iter().map(|x| x.select(Axis(0), &[row])).collect();
            assert_close(&run(op, &alone), &y.select(Axis(0), &[row]), 1e-12);
        }
    }
    let mixes = |op: Op<F64>, rank| op.mixes_rows(rank);
    assert!(mixes(Permute { order: vec![1, 0] }.into(), None));
    assert!(mixes(Softmax::new(-2).into(), Some(2)) && !mixes(Softmax::new(-2).into(), Some(3)));
    assert!(mixes(LayerNorm::plain(2, 1e-5).unwrap().into(), Some(2)));
}

#[test]
fn what_is_said_to_be_not_negative_is() {
    let mut said = 0;
    for example in examples() {
        let x = inputs(&example, 90);
        let above: Vec<ArrayD<f64>> = x.iter().map(|x| x.mapv(f64::abs)).collect();
        for (x, not_negative) in [(x, false), (above, true)] {
            if example.op.is_not_negative(not_negative) {
                said += 1;
                assert!(run(&example.op, &x).iter().all(|&y| y >= 0.0), "{}", example.name);
            }
        }
    }
    assert!(said > 60, "{said}");
}
