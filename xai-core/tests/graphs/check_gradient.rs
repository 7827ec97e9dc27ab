//! The check finds what is wrong, and trusts what is right.

use std::cell::Cell;

use ndarray::{Array2, array};
use xai_core::{
    Differentiable, Error, Function, GradientCheck, NdArray, Opaque, Pullback, Result, Tensor, Var, Verdict,
    check_gradient,
};

use crate::models::{B, T, TanhNet, scalar};

fn x() -> Array2<f64> {
    array![[0.3, -1.2, 0.7], [2.0, 0.1, -0.4]]
}

#[test]
fn right_gradients_are_trusted() {
    let report = check_gradient(&TanhNet::default(), &x()).unwrap();
    assert!(report.is_trusted(), "{report}");
    assert!(report.relative_error < 1e-6, "{report}");
    // Kinks between the steps are no reason for distrust.
    let kinks = scalar(|x| x.iter().map(|x| x.abs().max(0.05 * x)).sum(), |x| x.iter().map(|x| x.signum()).collect());
    let report = check_gradient(&kinks, &x()).unwrap();
    assert!(report.is_trusted(), "{report}");
    // A kink in every short segment: a staircase of slopes 0 and 2.
    let stairs = scalar(
        |x| x.iter().map(|x| (x * 1e5).floor() / 1e5 + 2.0 * (x - (x * 1e5).floor() / 1e5 - 0.5e-5).max(0.0)).sum(),
        |x| x.iter().map(|x| if (x * 1e5).fract().rem_euclid(1.0) > 0.5 { 2.0 } else { 0.0 }).collect(),
    );
    let report = check_gradient(&stairs, &x()).unwrap();
    assert!(report.is_trusted(), "{report}");
}

#[test]
fn single_precision_is_trusted_too() {
    type S = ndarray::ArcArray<f32, ndarray::IxDyn>;
    let model = Function::<NdArray<f32>, _, _>::new(|x: &S| x.mapv(f32::sin), |x: &S, v: &S| v * x.mapv(f32::cos));
    let report = check_gradient(&model, &x().mapv(|v| v as f32)).unwrap();
    assert!(report.is_trusted(), "{report}");
}

/// A gradient that jumps anywhere on the segment, or there and back, is not called wrong.
#[test]
fn a_kink_anywhere_is_no_error() {
    type S = ndarray::ArcArray<f32, ndarray::IxDyn>;
    let slope = |x: f32, width: f32| 1.0 + x.signum() - (x - width).signum();
    for width in [1.0, 1e-4] {
        let model = Function::<NdArray<f32>, _, _>::new(
            move |x: &S| x.mapv(|x| x + x.abs() - (x - width).abs()),
            move |x: &S, v: &S| v * &x.mapv(|x| slope(x, width)),
        );
        for place in -100..100 {
            let x = array![[place as f32 * 1e-5, 0.4, -0.3]];
            let report = check_gradient(&model, &x).unwrap();
            assert!(report.is_trusted(), "{width} {place}: {report}");
        }
    }
}

/// Dropout that is still on: neither trusted nor called wrong.
#[test]
fn a_random_model_is_named() {
    let rows = Cell::new(0);
    let model = scalar(
        |x| {
            rows.set(rows.get() + 1);
            x.iter().skip(rows.get() / 2 % 2).sum()
        },
        |x| vec![1.0; x.len()],
    );
    let report = check_gradient(&model, &x()).unwrap();
    assert!(matches!(report.verdict, Verdict::Random { change } if change > 0.01), "{report}");
    assert!(report.to_string().contains("evaluation (dropout, batch norm)"), "{report}");
}

#[test]
fn a_wrong_scale_is_named() {
    // What a 2x2 max pool does when its gradient is divided by the window.
    let model = scalar(
        |x| x.iter().cloned().fold(f64::MIN, f64::max),
        |x| {
            let top = x.iter().cloned().fold(f64::MIN, f64::max);
            x.iter().map(|&v| if v == top { 0.25 } else { 0.0 }).collect()
        },
    );
    let report = check_gradient(&model, &x()).unwrap();
    match report.verdict {
        Verdict::WrongScale { factor } => assert!((factor - 0.25).abs() < 1e-6, "{report}"),
        _ => panic!("{report}"),
    }
    assert!(report.to_string().contains("0.2500 times"), "{report}");
}

#[test]
fn a_branch_that_is_cut_is_found() {
    // x + tanh(x), the gradient of the second path lost.
    let model = scalar(|x| x.iter().map(|x| x + x.tanh()).sum(), |x| vec![1.0; x.len()]);
    let report = check_gradient(&model, &x()).unwrap();
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
}

#[test]
fn zeros_in_silence_are_found() {
    let model = scalar(|x| x.iter().sum(), |x| vec![0.0; x.len()]);
    let report = check_gradient(&model, &x()).unwrap();
    assert!(matches!(report.verdict, Verdict::Cut { .. }), "{report}");
}

struct CutAloud;

impl Differentiable for CutAloud {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let cut = || Error::Detached { at: "x".into(), causes: "detach()".into() };
        let vjp = move |x: &[Tensor<B>]| Ok((x[0].clone(), Pullback::new(move |_| Err(cut()))));
        x[0].within("stem", || Ok(x[0].opaque(Opaque::with_vjp(|x| Ok(x[0].clone()), vjp))))
    }
}

#[test]
fn a_cut_that_the_framework_reports_is_a_verdict() {
    let report = check_gradient(&CutAloud, &x()).unwrap();
    assert!(matches!(&report.verdict, Verdict::Cut { reason } if reason.contains("stem")), "{report}");
}

#[test]
fn noise_is_called_noise() {
    // The gradient is right, and turns round so often that no segment shows its mean.
    let model = Function::<B, _, _>::new(
        |x: &T| x.mapv(|v| v + 50.0e-9 * (v * 1e9).sin()),
        |x: &T, v: &T| v * &x.mapv(|x| 1.0 + 50.0 * (x * 1e9).cos()),
    );
    let report = check_gradient(&model, &x()).unwrap();
    assert_eq!(report.verdict, Verdict::Noise, "{report}");
}

/// The gradient at the input serves all directions, and what is plainly wrong ends early.
#[test]
fn few_passes_are_made() {
    let counted = |factor: f64| {
        let (forward, back) = (Cell::new(0), Cell::new(0));
        let report = {
            let model = Function::<B, _, _>::new(
                |x: &T| {
                    forward.set(forward.get() + 1);
                    x.mapv(f64::sin).into_shared()
                },
                |x: &T, v: &T| {
                    back.set(back.get() + 1);
                    (v * &x.mapv(|x| factor * x.cos())).into_shared()
                },
            );
            check_gradient(&model, &array![[0.3, -1.2, 0.7]]).unwrap()
        };
        (report, forward.get(), back.get())
    };
    // The output twice, three with other digits, three rows together, two ends of 8 segments; and two ways back.
    let (report, forward, back) = counted(1.0);
    assert!(report.is_trusted() && report.directions.len() == 8, "{report}");
    assert_eq!((forward, back), (2 + 3 + 1 + 16 + 2, 2));
    // Of 4 segments two points and 28 values more.
    let (report, forward, back) = counted(0.5);
    assert!(matches!(report.verdict, Verdict::WrongScale { .. }), "{report}");
    assert_eq!((forward, back), (2 + 3 + 1 + 8 + 2 + 4 * (2 + 28), 2 + 4 * 2));
}

#[test]
fn settings_are_checked() {
    let run = |check: GradientCheck| check.run(&TanhNet::default(), &x());
    assert!(matches!(run(GradientCheck::new().directions(1)), Err(Error::InvalidParameter { name: "directions", .. })));
    assert!(matches!(run(GradientCheck::new().tolerance(0.0)), Err(Error::InvalidParameter { name: "tolerance", .. })));
    assert!(run(GradientCheck::new().directions(20).seed(3).tolerance(1e-5)).unwrap().is_trusted());
}
