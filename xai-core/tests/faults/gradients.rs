//! `check_gradient` trusts no wrong gradient.

use std::cell::Cell;

use ndarray::{ArcArray, Axis, IxDyn, array};
use xai_core::{
    Differentiable, Error, Function, GradientCheck, NdArray, Opaque, Pullback, Result, Tensor, Var, Verdict,
    check_gradient,
};

type S = ArcArray<f32, IxDyn>;
type T = ArcArray<f64, IxDyn>;
type B = NdArray<f64>;

/// Forward code with the framework's kind of gradient altered.
struct Altered<P>(Code, P);

type Code = for<'m> fn(&Var<'m, B>) -> Var<'m, B>;

fn tanh<'m>(x: &Var<'m, B>) -> Var<'m, B> {
    x.tanh()
}

fn greatest<'m>(x: &Var<'m, B>) -> Var<'m, B> {
    x.max(&[1])
}

fn centred<'m>(x: &Var<'m, B>) -> Var<'m, B> {
    (x - &x.mean(&[0])).tanh()
}

fn centred_by_row<'m>(x: &Var<'m, B>) -> Var<'m, B> {
    (x - &x.mean(&[1])).tanh()
}

fn batch_norm_in_training<'m>(x: &Var<'m, B>) -> Var<'m, B> {
    let centred = x - &x.mean(&[0]);
    &centred / &(&centred * &centred).mean(&[0]).affine(1.0, 1e-5).sqrt()
}

impl<P: Fn(&Tensor<B>, &Tensor<B>) -> Result<Tensor<B>>> Differentiable for Altered<P> {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let graph = |x: &Tensor<B>| xai_core::Graph::trace(&[x.shape()], |x| Ok((self.0)(&x[0])));
        let vjp = move |x: &[Tensor<B>]| {
            let (y, pullback) = graph(&x[0])?.vjp(x, &[true], None)?;
            let x = x[0].clone();
            Ok((y, Pullback::new(move |v| (self.1)(&x, &pullback.pull(v)?))))
        };
        Ok(x[0].opaque(Opaque::with_vjp(move |x| graph(&x[0])?.forward(x), vjp)))
    }
}

#[test]
fn an_output_that_does_not_move_is_never_trusted() {
    let saturated = |zero: f32| {
        Function::<NdArray<f32>, _, _>::new(
            |x: &S| x.mapv(|x| (100.0 * x).tanh()).into_shared(),
            move |x: &S, v: &S| (v * &x.mapv(|x| zero * 100.0 / (100.0 * x).cosh().powi(2))).into_shared(),
        )
    };
    for (factor, x) in [(0.0, array![[1.0, -2.0]]), (1.0, array![[1.0, -2.0]])] {
        let report = check_gradient(&saturated(factor), &x).unwrap();
        assert_eq!(report.verdict, Verdict::Still, "{report}");
        assert!(report.to_string().contains("does not move"), "{report}");
    }
    // A gradient that promises a movement that there is not.
    let through = Function::<B, _, _>::new(|x: &T| (x * 0.0).into_shared(), |_: &T, v: &T| v.clone());
    assert_eq!(check_gradient(&through, &array![[1.0, -2.0]]).unwrap().verdict, Verdict::Wrong);
}

/// sin(age / 40) + sin(income / 50000), with and without the gradient of the income.
#[test]
fn features_of_any_scale_count_alike() {
    let model = |income: f64| {
        Function::<B, _, _>::new(
            |x: &T| {
                x.map_axis(Axis(1), |r| (r[0] / 40.0).sin() + (r[1] / 5e4).sin()).insert_axis(Axis(1)).into_shared()
            },
            move |x: &T, v: &T| {
                let slopes = x / &array![[40.0, 5e4]];
                (v * &(slopes.mapv(f64::cos) * array![[1.0 / 40.0, income / 5e4]])).into_shared()
            },
        )
    };
    let x = array![[33.0, 41_000.0], [58.0, 27_500.0]];
    let report = check_gradient(&model(1.0), &x).unwrap();
    assert!(report.is_trusted() && report.relative_error < 1e-4, "{report}");
    for rows in [x.clone(), x.slice(ndarray::s![..1, ..]).to_owned()] {
        let report = check_gradient(&model(0.0), &rows).unwrap();
        assert!(matches!(report.verdict, Verdict::Wrong | Verdict::WrongScale { .. }), "{report}");
    }
}

/// Σᵢ sin(xᵢ / sᵢ), each sᵢ 100 times the one before: a step that suits the largest passes through thousands of periods
/// of the others.
#[test]
fn right_gradients_of_features_of_any_scale_are_trusted() {
    let sizes: Vec<f32> = (0..8).map(|i| 10f32.powi(2 * i - 7)).collect();
    let sizes = ArcArray::from_shape_vec(IxDyn(&[1, 8]), sizes).unwrap();
    let model = Function::<NdArray<f32>, _, _>::new(
        |x: &S| (x / &sizes).mapv(f32::sin).sum_axis(Axis(1)).insert_axis(Axis(1)).into_shared(),
        |x: &S, v: &S| ((x / &sizes).mapv(f32::cos) / &sizes * v).into_shared(),
    );
    for seed in 0..60 {
        let numbers =
            ndarray::Array2::from_shape_fn((1 + seed % 3, 8), |(row, i)| ((row * 8 + i + 13 * seed) as f32).sin());
        let x = &numbers.into_dyn() * &sizes;
        let report = GradientCheck::new().seed(seed as u64).run(&model, &x).unwrap();
        assert!(report.is_trusted(), "{seed}: {report}");
    }
}

#[test]
fn a_random_way_back_is_named() {
    let calls = Cell::new(0_u32);
    let model = Altered(tanh, |_: &Tensor<B>, g: &Tensor<B>| {
        calls.set(calls.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        g.scale(0.7 + 0.6 * f64::from(calls.get() >> 16) / 65_536.0)
    });
    let report = check_gradient(&model, &array![[0.3, -0.5], [0.2, 0.9]]).unwrap();
    assert!(matches!(report.verdict, Verdict::RandomGradient { change } if change > 0.01), "{report}");
}

#[test]
fn a_model_that_mixes_rows_is_named() {
    let right = |_: &Tensor<B>, g: &Tensor<B>| Ok(g.clone());
    let several = array![[0.3, -0.5], [0.2, 0.9], [1.5, -1.0]];
    for x in [several.clone(), several.slice(ndarray::s![..1, ..]).to_owned()] {
        for mixed in [centred as Code, batch_norm_in_training] {
            let report = check_gradient(&Altered(mixed, right), &x).unwrap();
            assert!(matches!(report.verdict, Verdict::MixesRows { change } if change > 0.01), "{report}");
        }
        let report = check_gradient(&Altered(centred_by_row, right), &x).unwrap();
        assert!(report.is_trusted(), "{report}");
    }
}

/// The gradient of a maximum that two numbers share, as candle's tape gives it: to both in full.
#[test]
fn ties_that_count_twice_are_wrong() {
    let x = array![[1.0, 3.0, 3.0, 2.0]];
    let right = check_gradient(&Altered(greatest, |_: &Tensor<B>, g: &Tensor<B>| Ok(g.clone())), &x).unwrap();
    assert!(right.is_trusted(), "{right}");
    let both = |x: &Tensor<B>, g: &Tensor<B>| {
        let (x, g) = (x.download()?, g.download()?);
        let top = x.iter().copied().fold(f64::MIN, f64::max);
        Tensor::upload(x.mapv(|x| if x == top { g.sum() } else { 0.0 }).view(), &())
    };
    let report = check_gradient(&Altered(greatest, both), &x).unwrap();
    assert!(matches!(report.verdict, Verdict::Wrong | Verdict::WrongScale { .. }), "{report}");
}

#[test]
fn a_way_back_that_fails_is_a_verdict() {
    let fails = |_: &Tensor<B>, _: &Tensor<B>| Err(Error::backend("some framework", "no backward pass"));
    let report = check_gradient(&Altered(tanh, fails), &array![[0.3, -0.5]]).unwrap();
    assert!(matches!(&report.verdict, Verdict::Failed { reason } if reason.contains("no backward pass")), "{report}");
}

#[test]
fn directions_are_limited() {
    let square = Function::<B, _, _>::new(|x: &T| x * x, |x: &T, v: &T| x * v * 2.0);
    let run = |n| GradientCheck::new().directions(n).run(&square, &array![[1.0, 2.0]]);
    assert!(matches!(run(usize::MAX), Err(Error::InvalidParameter { name: "directions", .. })));
    for n in [2, 3, 9] {
        assert!(run(n).unwrap().is_trusted());
    }
}
