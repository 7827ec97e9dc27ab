//! The operations of the vocabulary.

use ndarray::Axis;
use xai_core::nn::{Activation, Linear, MaxPool2d, Padding, Sequential, bounded};
use xai_core::rules::Secants;
use xai_core::{Backend, Differentiable, Element, NdArray, Op, Tensor};

use crate::cases::{Case, cases, embedding};
use crate::{Failure, Outcome, Suite, values};

pub(crate) type Truth = NdArray<f64>;

/// Runs a check on every operation, on both backends, and collects what fails.
fn each<B: Backend>(suite: &Suite<B>, check: impl Fn(&Case<B>, &Case<Truth>) -> Outcome) -> Outcome {
    let pairs = cases::<B>(suite.placement())?.into_iter().zip(cases::<Truth>(&())?);
    let failed: Vec<String> =
        pairs.filter_map(|(case, truth)| check(&case, &truth).err()).map(|failure| format!("{failure:?}")).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("\n"))) }
}

pub(crate) fn in_words(name: &str) -> impl Fn(xai_core::Error) -> Failure + '_ {
    move |error| Failure::new(format!("{name}: {error}"))
}

/// The numbers for each input, as both backends have them.
fn inputs<B: Backend>(
    suite: &Suite<B>,
    shapes: &[Vec<usize>],
    seed: u64,
) -> Result<(Vec<Tensor<B>>, Vec<Tensor<Truth>>), Failure> {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for (shape, seed) in shapes.iter().zip(seed..) {
        let numbers = values(shape, seed);
        here.push(suite.tensor(&numbers)?);
        there.push(Tensor::new(numbers.into_shared()));
    }
    Ok((here, there))
}

/// Both operations at a quotient of numbers that may be zero, or a root of a negative one: nothing to compare.
fn is_finite(t: &Tensor<Truth>) -> Result<bool, Failure> {
    Ok(t.download()?.iter().all(|v| v.is_finite()))
}

/// y = f(x).
pub fn forward_passes<B: Backend>(suite: &Suite<B>) -> Outcome {
    each(suite, |case, truth| {
        let (here, there) = inputs(suite, &case.inputs, 100)?;
        let expected = truth.graph(&case.inputs)?.forward(&there).map_err(in_words(&case.name))?;
        let got = case.graph(&case.inputs)?.forward(&here).map_err(in_words(&case.name))?;
        if !is_finite(&expected)? {
            return Ok(());
        }
        suite.same(&case.name, &got, &expected.download()?)
    })?;
    let ids = ndarray::arr2(&[[0.0, 6.0, 3.0], [3.0, 3.0, 1.0]]).into_dyn();
    let (here, there) = (embedding::<B>(suite.placement())?, embedding::<Truth>(&())?);
    let at = B::counting(suite.placement());
    let got = B::forward(&here.into(), &[&Tensor::upload(ids.mapv(B::Elem::of).view(), &at)?])?;
    let expected = Truth::forward(&there.into(), &[&Tensor::new(ids.into_shared())])?;
    suite.same("embedding", &got, &expected.download()?)
}

/// y = f(x) and vᵀ · ∂y/∂x, for each input.
pub fn pullbacks<B: Backend>(suite: &Suite<B>) -> Outcome {
    each(suite, |case, truth| {
        let name = &case.name;
        let (here, there) = inputs(suite, &case.inputs, 101)?;
        let expected = truth.graph(&case.inputs)?.vjp(&there, &case.wanted(), None).map_err(in_words(name))?;
        let got = case.graph(&case.inputs)?.vjp(&here, &case.wanted(), None).map_err(in_words(name))?;
        if !is_finite(&expected.0)? {
            return Ok(());
        }
        compare_vjps(suite, name, got, expected, 102)
    })
}

pub(crate) type Vjp<'m, B> = (Tensor<B>, xai_core::Pullback<'m, B>);

/// Outputs, and what is pulled back to each input.
pub(crate) fn compare_vjps<B: Backend>(
    suite: &Suite<B>,
    name: &str,
    got: Vjp<'_, B>,
    expected: Vjp<'_, Truth>,
    seed: u64,
) -> Outcome {
    let y = expected.0.download()?;
    suite.same(name, &got.0, &y)?;
    let v = values(y.shape(), seed);
    let expected = expected.1.pull_all(&Tensor::new(v.clone().into_shared())).map_err(in_words(name))?;
    let got = got.1.pull_all(&suite.tensor(&v)?).map_err(in_words(name))?;
    for (input, parts) in got.iter().zip(&expected).enumerate() {
        match parts {
            (Some(got), Some(expected)) => {
                if is_finite(expected)? {
                    suite.same(&format!("pullback of {name} to input {input}"), got, &expected.download()?)?;
                }
            }
            _ => return Err(Failure::new(format!("pullback of {name} to input {input}: nothing came back"))),
        }
    }
    Ok(())
}

/// y = f(x) and vᵀ · (mean of ∂y/∂x over a segment): both rows of the inputs are a path of one segment, one pass each.
pub fn segments<B: Backend>(suite: &Suite<B>) -> Outcome {
    each(suite, |case, truth| {
        let name = &case.name;
        let of_rows = case.inputs.iter().all(|shape| shape.first() == Some(&2));
        // A reshape names the batch axis.
        if !of_rows || matches!(case.op, Op::Reshape(_)) {
            return Ok(());
        }
        let shapes: Vec<Vec<usize>> = case.inputs.iter().map(|shape| [&[1], &shape[1..]].concat()).collect();
        let ends = |index: usize| -> Result<(Vec<Tensor<B>>, Vec<Tensor<Truth>>), Failure> {
            let (mut here, mut there) = (Vec::new(), Vec::new());
            for (shape, seed) in case.inputs.iter().zip(107..) {
                let row = values(shape, seed).select(Axis(0), &[index]);
                here.push(suite.tensor(&row)?);
                there.push(Tensor::new(row.into_shared()));
            }
            Ok((here, there))
        };
        let (from, to) = (ends(0)?, ends(1)?);
        let (graph, graph_truth) = (case.graph(&shapes)?, truth.graph(&shapes)?);
        let (start, start_truth) = (Secants::new(1), Secants::new(1));
        graph.vjp(&from.0, &case.wanted(), Some(&start)).map_err(in_words(name))?;
        graph_truth.vjp(&from.1, &case.wanted(), Some(&start_truth)).map_err(in_words(name))?;
        let (end, end_truth) = (start.next(1), start_truth.next(1));
        let got = graph.vjp(&to.0, &case.wanted(), Some(&end)).map_err(in_words(name))?;
        let expected = graph_truth.vjp(&to.1, &case.wanted(), Some(&end_truth)).map_err(in_words(name))?;
        if !is_finite(&expected.0)? {
            return Ok(());
        }
        compare_vjps(suite, &format!("segment of {name}"), got, expected, 108)
    })?;
    max_pool_segments(suite)
}

/// Max pooling along two paths of three rows each: windows that overlap, that leave gaps, and at odd borders.
fn max_pool_segments<B: Backend>(suite: &Suite<B>) -> Outcome {
    let odd = Padding { top: 1, bottom: 0, left: 0, right: 2 };
    let pools = [
        MaxPool2d::new(2),
        MaxPool2d::new(3).stride(2).padding(1),
        MaxPool2d::new([2, 1]).stride([3, 2]),
        MaxPool2d::new([4, 3]).stride([1, 2]).padding(odd),
    ];
    for (seed, pool) in (109..).zip(pools) {
        let name = format!("{pool:?} along paths");
        let x = values(&[6, 3, 7, 6], seed);
        let expected = Truth::max_pool_segments(&pool, &Tensor::new(x.clone().into_shared()), 3);
        let got = B::max_pool_segments(&pool, &suite.tensor(&x)?, 3);
        let (expected, got) = (expected.map_err(in_words(&name))?, got.map_err(in_words(&name))?);
        compare_vjps(suite, &name, got, expected, seed + 100)?;
        let refused = B::max_pool_segments(&pool, &suite.tensor(&x)?, 4);
        if !matches!(refused, Err(xai_core::Error::InvalidParameter { name: "nodes", .. })) {
            return Err(Failure::new(format!("{name}: six rows are not paths of four, and that is not said")));
        }
    }
    Ok(())
}

/// v · a / (b + ε · sign(b)), with sign(0) = 1.
pub fn ratios<B: Backend>(suite: &Suite<B>) -> Outcome {
    let [v, a, mut b] = [120, 121, 122].map(|seed| values(&[3, 4, 5], seed));
    b[[1, 2, 3]] = 0.0;
    let expected = (&v * &a) / b.mapv(|b| if b < 0.0 { b - 0.25 } else { b + 0.25 });
    let (v, a, b) = (suite.tensor(&v)?, suite.tensor(&a)?, suite.tensor(&b)?);
    let pulled = B::ratio_pull(v.inner(), a.inner(), b.inner(), 0.25).map_err(in_words("a stabilised quotient"))?;
    suite.same("a stabilised quotient", &Tensor::new(pulled), &expected.into_dyn())
}

/// Both shares of LRP-αβ in front of a rectifier, where nothing speaks against a unit and where all does.
pub fn alpha_beta_shares<B: Backend>(suite: &Suite<B>) -> Outcome {
    let [v, y, mut z, mut less] = [123, 124, 125, 126].map(|seed| values(&[3, 4, 5], seed));
    less.mapv_inplace(|less| -less.abs());
    (less[[1, 2, 3]], less[[2, 0, 1]]) = (0.0, f64::NEG_INFINITY);
    z[[2, 0, 1]] = f64::NEG_INFINITY;
    let share = |of: f64| 1.0 / if bounded(of) < 0.0 { bounded(of) - 0.25 } else { bounded(of) + 0.25 };
    let more = ndarray::Zip::from(&z).and(&less).map_collect(|z, less| share(z.max(0.0) - less));
    let s = &v * &y * more * 2.0;
    let t = -(&v * &y * less.mapv(share)) - &s;
    let (v, y, z, less) = (suite.tensor(&v)?, suite.tensor(&y)?, suite.tensor(&z)?, suite.tensor(&less)?);
    let pulled = B::alpha_beta_pull([&v, &y, &z, &less], [2.0, 1.0], 0.25);
    let [above, below] = pulled.map_err(in_words("shares of both signs"))?;
    suite.same("the share of what is positive", &above, &s.into_dyn())?;
    suite.same("what is left for negative weights", &below, &t.into_dyn())
}

/// A pullback can be called again, with another cotangent, and is linear in it.
pub fn pullbacks_twice<B: Backend>(suite: &Suite<B>) -> Outcome {
    each(suite, |case, truth| {
        let name = &case.name;
        let (here, there) = inputs(suite, &case.inputs, 103)?;
        if !is_finite(&truth.graph(&case.inputs)?.forward(&there).map_err(in_words(name))?)? {
            return Ok(());
        }
        let (y, pull) = case.graph(&case.inputs)?.vjp(&here, &case.wanted(), None).map_err(in_words(name))?;
        let v = suite.tensor(&values(&y.shape(), 104))?;
        let pulled = |v: &Tensor<B>| -> Result<_, Failure> {
            let parts = pull.pull_all(v).map_err(in_words(name))?;
            Ok(parts.into_iter().flatten().map(|part| part.download()).collect::<Result<Vec<_>, _>>()?)
        };
        let (once, twice, again) = (pulled(&v)?, pulled(&v.scale(2.0)?)?, pulled(&v)?);
        for ((once, twice), again) in once.iter().zip(&twice).zip(&again) {
            if once.iter().all(|v| v.as_f64().is_finite()) {
                let doubled = once.mapv(|v| 2.0 * v.as_f64());
                suite.close(&format!("second pullback of {name}"), twice, &doubled)?;
                suite.close(&format!("third pullback of {name}"), again, &once.mapv(|v| v.as_f64()))?;
            }
        }
        Ok(())
    })
}

/// Operations with weights know where they are, and so does a network: results live where the input lives.
pub fn placements<B: Backend>(suite: &Suite<B>) -> Outcome {
    let wanted = format!("{:?}", suite.placement());
    each(suite, |case, _| {
        let (here, _) = inputs(suite, &case.inputs, 105)?;
        let graph = case.graph(&case.inputs)?;
        let y = graph.forward(&here).map_err(in_words(&case.name))?;
        for (what, place) in [("output", Some(y.placement())), ("weights", graph.placement())] {
            let got = place.map_or_else(|| wanted.clone(), |place| format!("{place:?}"));
            if got != wanted {
                return Err(Failure::new(format!("{what} of {} at {got} instead of {wanted}", case.name)));
            }
        }
        Ok(())
    })?;
    let linear = Linear::new(suite.tensor(&values(&[2, 3], 106))?, None)?;
    let network = Sequential::new().push(Activation::Relu).push(linear);
    let got = format!("{:?}", network.graph(&[vec![1, 3]])?.placement().unwrap_or_default());
    if got != wanted {
        return Err(Failure::new(format!("a network that begins without weights at {got} instead of {wanted}")));
    }
    Ok(())
}
