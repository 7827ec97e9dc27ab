//! Permutation importance over a data set.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, ArrayViewD, Axis, array};
use xai_core::{BlackBox, Error, Features, PermutationImportance, Progress};

use super::cases::{Down, numbers};

fn model() -> impl xai_core::Differentiable<Backend = xai_core::NdArray<f64>> {
    BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        Ok(x.map_axis(Axis(1), |row| 2.0 * row[0] - row[2]).insert_axis(Axis(1)))
    })
}

/// Minus the mean square of what is missing to the outputs on the data as they are.
fn score(x: &Array2<f64>) -> impl Fn(ArrayViewD<'_, f64>) -> f64 {
    let truth = x.map_axis(Axis(1), |row| 2.0 * row[0] - row[2]).insert_axis(Axis(1)).into_dyn();
    move |output| -(&output - &truth).mapv(|gap| gap * gap).mean().unwrap()
}

/// Shuffling x puts another, independent x in its place: the mean square of w·(x - x') is 2·w²·var x.
#[test]
fn a_linear_models_loss_rises_by_twice_the_variance() {
    let x = numbers::<f64, _>((400, 4));
    let found = PermutationImportance::new().n(40).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!(found.score, 0.0);
    let variance = |column: usize| x.column(column).var(0.0);
    for (column, expected) in [(0, 8.0 * variance(0)), (1, 0.0), (2, 2.0 * variance(2)), (3, 0.0)] {
        let (drop, error) = (found.drops[column], found.standard_error[column]);
        assert!((drop - expected).abs() <= 4.5 * error + 0.01 * expected, "{column}: {drop} ± {error}, {expected}");
        assert!(error <= 0.05 * expected);
    }
}

#[test]
fn a_tolerance_is_met_or_the_limit_is_told() {
    let x = numbers::<f64, _>((60, 4));
    let few = PermutationImportance::new().seed(2).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!((few.shuffles, few.within_tolerance), (5, None));
    let error = |found: &xai_core::Importance| {
        let norm = |of: &[f64]| of.iter().map(|v| v * v).sum::<f64>().sqrt();
        norm(&found.standard_error) / norm(&found.drops)
    };
    let met = PermutationImportance::new().seed(2).tolerance(0.02).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!(met.within_tolerance, Some(true));
    assert!(error(&met) <= 0.02 && met.shuffles > 5, "{met:?}");
    // The same as so many shuffles from the beginning on.
    let same = PermutationImportance::new().seed(2).n(met.shuffles).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!((same.drops, same.standard_error), (met.drops, met.standard_error));
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let limited = PermutationImportance::new().tolerance(1e-9).max_n(41).on_progress(move |p: Progress| {
        log.lock().unwrap().push((p.done, p.total));
    });
    let limited = limited.measure(&model(), &x, score(&x)).unwrap();
    assert_eq!((limited.shuffles, limited.within_tolerance), (10, Some(false)));
    assert_eq!(seen.lock().unwrap().last(), Some(&(60 * 41, 60 * 41)));
    for (importance, name) in [
        (PermutationImportance::new().tolerance(0.0), "tolerance"),
        (PermutationImportance::new().tolerance(0.1).max_n(0), "max_n"),
        // Two shuffles of four features, and the data as they are.
        (PermutationImportance::new().tolerance(0.1).max_n(8), "max_n"),
    ] {
        let error = importance.measure(&model(), &x, score(&x)).unwrap_err();
        assert!(matches!(&error, Error::InvalidParameter { name: got, .. } if *got == name), "{error}");
    }
    let least = PermutationImportance::new().tolerance(1e-9).max_n(9).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!((least.shuffles, least.within_tolerance), (2, Some(false)));
    assert!(least.standard_error.iter().all(|error| error.is_finite()));
}

#[test]
fn chunks_change_nothing_and_groups_are_shuffled_together() {
    let x = numbers::<f64, _>((30, 4));
    let importance = PermutationImportance::new().n(3).seed(4);
    let whole = importance.measure(&model(), &x, score(&x)).unwrap();
    for chunk in [1, 7, 1000] {
        assert_eq!(importance.clone().chunk(chunk).measure(&model(), &x, score(&x)).unwrap(), whole);
    }
    let all = importance.clone().features(Features::groups([[0, 1, 2, 3]])).measure(&model(), &x, score(&x)).unwrap();
    assert_eq!(all.drops.len(), 1);
    // Rows stay whole, so that the outputs are those of other rows.
    let sorted = |output: ArrayViewD<'_, f64>| {
        let mut values: Vec<f64> = output.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        values.iter().enumerate().map(|(place, value)| place as f64 * value).sum()
    };
    let rows = importance.features(Features::groups([[0, 1, 2, 3]])).measure(&model(), &x, sorted).unwrap();
    assert!(rows.drops[0].abs() < 1e-9);
}

#[test]
fn what_is_impossible_is_refused_by_name() {
    let x = numbers::<f64, _>((5, 4));
    let refused = |importance: PermutationImportance, x: &Array2<f64>| {
        importance.measure(&model(), x, |_| 1.0).unwrap_err().to_string()
    };
    assert!(refused(PermutationImportance::new().n(0), &x).contains("n = 0"));
    assert!(refused(PermutationImportance::new(), &x.select(Axis(0), &[1])).contains("samples = 1"));
    assert!(refused(PermutationImportance::new(), &array![[f64::NAN; 4], [0.0; 4]]).contains("finite"));
    let own = Features::segments_of_samples(&Array2::<usize>::zeros((5, 4)));
    assert!(refused(PermutationImportance::new().features(own), &x).contains("shuffled among samples"));
    let error = PermutationImportance::new().measure(&model(), &x, |_| f64::NAN).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }));
    let stop = |_: Progress| ControlFlow::Break(());
    let error = PermutationImportance::new().chunk(2).on_progress(stop).measure(&model(), &x, |_| 1.0).unwrap_err();
    assert!(matches!(error, Error::Cancelled { total: 105, .. }), "{error:?}");
}
