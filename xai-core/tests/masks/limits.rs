//! At most so many evaluations, whatever a tolerance would take.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, Array4, ArrayView2, ArrayView4, Axis};
use xai_core::{
    Analyzer, BlackBox, Differentiable, Error, Explanation, Fill, Hsic, Index, KernelShap, Lime, NdArray, Reference,
    Result, Rise, ShapleySampling, SobolIndices,
};

use super::cases::{Down, numbers};

/// How often a model was asked, in rows.
fn counted(rows: &AtomicUsize) -> impl Differentiable<Backend = NdArray<f64>> + '_ {
    BlackBox::new(move |x: ArrayView2<f64>| -> std::result::Result<Array2<f64>, Down> {
        rows.fetch_add(x.nrows(), Ordering::Relaxed);
        Ok(x.map_axis(Axis(1), |row| row.iter().enumerate().map(|(j, x)| x * (j + 1) as f64).sum::<f64>().sin())
            .insert_axis(Axis(1)))
    })
}

type Run<'a> = &'a dyn Fn(usize) -> Result<(Vec<f64>, usize)>;

fn told<D: ndarray::Dimension>(why: Explanation<f64, D>) -> (Vec<f64>, usize) {
    let extras = why.extras;
    assert_eq!(extras.within_tolerance, Some(vec![false]));
    (extras.standard_error.unwrap().concat(), extras.evaluations.unwrap()[0])
}

/// `run` takes a limit; the fewest evaluations that it can do with are `least`.
fn keeps_to(name: &str, run: Run<'_>, asked: &AtomicUsize, least: usize) {
    for limit in [least, least + 1, least + 7, 2 * least + 3, 5 * least] {
        asked.store(0, Ordering::Relaxed);
        let (errors, told) = run(limit).unwrap_or_else(|error| panic!("{name}, {limit}: {error}"));
        assert_eq!(asked.load(Ordering::Relaxed), told, "{name}, {limit}");
        assert!(told <= limit && 2 * told > limit, "{name}: {told} of {limit}");
        assert!(errors.iter().all(|error| error.is_finite()), "{name}, {limit}: {errors:?}");
    }
    asked.store(0, Ordering::Relaxed);
    match run(least - 1) {
        Err(Error::InvalidParameter { name: "max_n", reason, .. }) => {
            assert!(reason.contains(&format!("at least {least}:")), "{name}: {reason}");
        }
        other => panic!("{name}: {other:?}"),
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0, "{name} is refused before any pass");
}

#[test]
fn of_64_features_no_limit_is_exceeded() {
    let x = numbers::<f64, _>((1, 64));
    let asked = AtomicUsize::new(0);
    let model = counted(&asked);
    let background = || Fill::background(&numbers::<f64, _>((3, 64)).mapv(|v| 0.5 * v));
    // One evaluation for each copy, or three.
    for (fill, of_a_copy) in [(Fill::from(Reference::Zeros), 1), (background(), 3)] {
        let shapley = ShapleySampling::new().tolerance(1e-9).fill(fill.clone());
        let run = |limit| shapley.clone().max_n(limit).analyze(&model, &x, Index(0)).map(told);
        keeps_to("ShapleySampling", &run, &asked, 1 + of_a_copy * (1 + 2 * 126));
        let kernel = KernelShap::new().tolerance(1e-9).fill(fill.clone());
        let run = |limit| kernel.clone().max_n(limit).analyze(&model, &x, Index(0)).map(told);
        keeps_to("KernelShap", &run, &asked, 1 + of_a_copy * (1 + 2 * 64));
        let lime = Lime::new().tolerance(1e-9).fill(fill.clone());
        let run = |limit| lime.clone().max_n(limit).analyze(&model, &x, Index(0)).map(told);
        keeps_to("Lime", &run, &asked, 1 + of_a_copy * 65);
        let sobol = SobolIndices::new().tolerance(1e-9).fill(fill.clone());
        let run = |limit| sobol.clone().max_n(limit).analyze(&model, &x, Index(0)).map(told);
        keeps_to("SobolIndices", &run, &asked, 1 + of_a_copy * 2 * 66);
        let hsic = Hsic::new().tolerance(1e-9).fill(fill);
        let run = |limit| hsic.clone().max_n(limit).analyze(&model, &x, Index(0)).map(told);
        keeps_to("Hsic", &run, &asked, 1 + of_a_copy * 5);
    }
}

#[test]
fn of_64_places_no_limit_is_exceeded() {
    let x: Array4<f64> = numbers((1, 1, 8, 8));
    let asked = AtomicUsize::new(0);
    let model = BlackBox::new(|x: ArrayView4<f64>| -> std::result::Result<Array2<f64>, Down> {
        asked.fetch_add(x.dim().0, Ordering::Relaxed);
        Ok(x.mapv(|v| v * v).sum_axis(Axis(3)).sum_axis(Axis(2)))
    });
    let rise = Rise::new([2, 2]).tolerance(1e-9);
    // As few masks as that may leave a place absent in all of them, of which nothing is known.
    let run = |limit| {
        rise.clone().max_n(limit).analyze(&model, &x, Index(0)).map(|why| {
            let known = vec![0.0; 64];
            (known, told(why).1)
        })
    };
    keeps_to("Rise", &run, &asked, 1 + 3);
}

/// All masks are exact, and no more than the limit.
#[test]
fn few_features_are_enumerated_within_the_limit() {
    let x = numbers::<f64, _>((1, 6));
    let asked = AtomicUsize::new(0);
    let model = counted(&asked);
    let fill = || Fill::background(&numbers::<f64, _>((3, 6)));
    for limit in [30, 100, 1 + 3 * 63, 3 * 63, 400] {
        let runs = [
            Lime::new().tolerance(1e-9).fill(fill()).max_n(limit).analyze(&model, &x, Index(0)),
            KernelShap::new().tolerance(1e-9).fill(fill()).max_n(limit).analyze(&model, &x, Index(0)),
        ];
        for (why, exact) in runs.into_iter().zip([190, 190]) {
            match why {
                Ok(why) => {
                    let evaluations = why.extras.evaluations.unwrap()[0];
                    assert!(evaluations <= limit, "{}: {evaluations} of {limit}", why.analyzer);
                    assert_eq!(why.extras.within_tolerance, Some(vec![evaluations == exact]), "{}", why.analyzer);
                }
                Err(error) => assert!(limit == 30 && error.to_string().contains("at least"), "{error}"),
            }
        }
    }
}
