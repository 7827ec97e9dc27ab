//! Choices between values, and comparisons.

use xai_core::nn::{Gather, Where};
use xai_core::{Backend, Element, Graph, Tensor, Var};

use crate::compare::must_fail;
use crate::layers::{Truth, compare_vjps};
use crate::{Failure, Outcome, Suite, values};

/// One of two values by a condition that is 0 in places, and no number of the other one anywhere.
pub fn one_of_two<B: Backend>(suite: &Suite<B>) -> Outcome {
    let all = [[&[2, 3, 4][..], &[2, 3, 4], &[2, 3, 4]], [&[3, 1], &[2, 1, 4], &[1]], [&[2, 3, 4], &[1, 4], &[3, 1]]];
    for (seed, [condition, a, b]) in (140..).step_by(10).zip(all) {
        let condition = values(condition, seed).mapv(|c| if c > 0.0 { c } else { 0.0 });
        let arrays = [condition, values(a, seed + 1), values(b, seed + 2)];
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for array in arrays {
            here.push(suite.tensor(&array)?);
            there.push(Tensor::new(array.into_shared()));
        }
        let got = B::vjp(&Where.into(), &here.iter().collect::<Vec<_>>(), &[true; 3])?;
        let expected = Truth::vjp(&Where.into(), &there.iter().collect::<Vec<_>>(), &[true; 3])?;
        compare_vjps(suite, "a choice", got, expected, seed + 3)?;
    }
    let row = |numbers: [f64; 3]| ndarray::arr2(&[numbers]).into_dyn();
    let inputs = [[1.0, 0.0, 2.0], [1.0, f64::INFINITY, 3.0], [f64::NAN, 2.0, f64::NEG_INFINITY]];
    let inputs = inputs.into_iter().map(|numbers| suite.tensor(&row(numbers))).collect::<Result<Vec<_>, _>>()?;
    let (y, pull) = B::vjp(&Where.into(), &inputs.iter().collect::<Vec<_>>(), &[true; 3])?;
    suite.same("a choice beside infinities", &y, &row([1.0, 2.0, 3.0]))?;
    let parts = pull.pull_all(&suite.tensor(&row([3.0, 5.0, -1.0]))?)?;
    let rows = [[0.0; 3], [3.0, 0.0, -1.0], [0.0, 5.0, 0.0]];
    for (part, expected) in parts.iter().flatten().zip(rows) {
        suite.same("pullback of a choice beside infinities", part, &row(expected))?;
    }
    let parts = pull.pull_all(&suite.tensor(&row([f64::INFINITY, 5.0, f64::NAN]))?)?;
    match &parts[..] {
        [Some(condition), _, Some(b)] => {
            suite.same("pullback of infinities to a condition", condition, &row(rows[0]))?;
            suite.same("pullback of infinities to what was not chosen", b, &row(rows[2]))
        }
        _ => Err(Failure::new("pullback of a choice: nothing came back")),
    }
}

/// Entries of an axis by each sample's own ids, some named twice and some not at all.
pub fn entries_by_ids<B: Backend>(suite: &Suite<B>) -> Outcome {
    let ids = ndarray::arr2(&[[2.0, 0.0], [1.0, 1.0]]).into_dyn();
    let at = B::counting(suite.placement());
    let uploaded = |ids: &ndarray::ArrayD<f64>| Tensor::<B>::upload(ids.mapv(B::Elem::of).view(), &at);
    for (axis, shape) in [(1, &[2, 3][..]), (1, &[2, 3, 4]), (2, &[2, 2, 3]), (2, &[2, 2, 3, 2])] {
        for ids in
            [ids.clone(), ids.index_axis(ndarray::Axis(1), 0).to_owned(), ids.clone().insert_axis(ndarray::Axis(2))]
        {
            let name = format!("entries of axis {axis} of {shape:?} by {:?}", ids.shape());
            let (op, x) = (Gather { axis }, values(shape, 180));
            let wanted = [true, false];
            let (y, pull) = B::vjp(&op.into(), &[&suite.tensor(&x)?, &uploaded(&ids)?], &wanted)?;
            let truth = [Tensor::new(x.into_shared()), Tensor::new(ids.into_shared())];
            let (expected, pull_truth) = Truth::vjp(&op.into(), &truth.each_ref(), &wanted)?;
            let expected = expected.download()?;
            suite.same(&name, &y, &expected)?;
            let v = values(expected.shape(), 181);
            let back = pull.pull_all(&suite.tensor(&v)?)?;
            match (&back[..], &pull_truth.pull_all(&Tensor::new(v.into_shared()))?[..]) {
                ([Some(got), None], [Some(expected), None]) => {
                    suite.same(&format!("pullback of {name}"), got, &expected.download()?)?;
                }
                _ => return Err(Failure::new(format!("pullback of {name}: something comes back to x alone"))),
            }
        }
    }
    let x = suite.tensor(&values(&[2, 3], 182))?;
    for wrong in [3.0, -1.0, 0.5, f64::NAN] {
        let ids = ndarray::arr1(&[0.0, wrong]).into_dyn();
        must_fail("an id that is no place", B::forward(&Gather { axis: 1 }.into(), &[&x, &uploaded(&ids)?]))?;
    }
    Ok(())
}

/// 1 where a comparison holds, and 0 elsewhere.
pub fn comparisons<B: Backend>(suite: &Suite<B>) -> Outcome {
    type Compare<B> = for<'a, 'm> fn(&'a Var<'m, B>, &'a Var<'m, B>) -> Var<'m, B>;
    let all: [(&str, Compare<B>, fn(f64, f64) -> bool); 5] = [
        ("greater", |a, b| a.greater(b), |a, b| a > b),
        ("less", |a, b| a.less(b), |a, b| a < b),
        ("greater or equal", |a, b| a.greater_equal(b), |a, b| a >= b),
        ("less or equal", |a, b| a.less_equal(b), |a, b| a <= b),
        ("equal", |a, b| a.equal(b), |a, b| a == b),
    ];
    let shape = vec![2, 5, 7];
    // Whole numbers, many of which are equal.
    let [a, b] = [171, 172].map(|seed| values(&shape, seed).mapv(f64::round));
    for (name, compare, holds) in all {
        let graph = Graph::<B>::trace(&[shape.clone(), shape.clone()], |x| Ok(compare(&x[0], &x[1])))?;
        let y = graph.forward(&[suite.tensor(&a)?, suite.tensor(&b)?])?;
        let expected = ndarray::Zip::from(&a).and(&b).map_collect(|&a, &b| f64::from(u8::from(holds(a, b))));
        suite.same(name, &y, &expected)?;
    }
    Ok(())
}
