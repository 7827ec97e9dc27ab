//! Metrics of the values alone.

use ndarray::{Array2, Array3, Array4, ArrayD, array};
use xai_core::metrics::{Channels, Entropy, Gini, Metric, PointingGame, RelevanceMass, RelevanceRank};
use xai_core::{ForwardOnly, Index};

use crate::models::{B, Told, close, linear, numbers};

fn of_row(metric: &impl Metric<B>, values: Vec<f64>) -> xai_core::Result<f64> {
    let n = values.len();
    let x = Array2::<f64>::ones((1, n));
    let values = Array2::from_shape_vec((1, n), values).unwrap().into_dyn();
    let scores = metric.of_analyzer(&linear(&Array2::ones((2, n))), &x, Index(0), &Told(values))?;
    Ok(scores.values[0])
}

#[test]
fn one_value_is_concentrated_and_equal_ones_are_not() {
    let one = |sign: f64| (0..8).map(|i| if i == 5 { sign * 3.0 } else { 0.0 }).collect::<Vec<_>>();
    for sign in [1.0, -1.0] {
        close(of_row(&Gini, one(sign)).unwrap(), 1.0 - 1.0 / 8.0);
        close(of_row(&Entropy, one(sign)).unwrap(), 0.0);
    }
    for size in [1e-300, 1.0, 1e300] {
        let equal: Vec<f64> = (0..8).map(|i| if i % 2 == 0 { size } else { -size }).collect();
        close(of_row(&Gini, equal.clone()).unwrap(), 0.0);
        close(of_row(&Entropy, equal).unwrap(), 8.0_f64.ln());
    }
    // (2i - n - 1) |a|: (-2 · 1 + 0 · 2 + 2 · 5) / (3 · 8).
    close(of_row(&Gini, vec![2.0, -5.0, 1.0]).unwrap(), 8.0 / 24.0);
}

#[test]
fn nothing_to_look_at_is_refused() {
    for metric in [&Gini as &dyn Metric<B>, &Entropy] {
        let error = of_row(&metric, vec![0.0; 3]).unwrap_err().to_string();
        assert!(error.contains("sample 0"), "{error}");
    }
    let error = of_row(&Gini, vec![1.0, f64::NAN]).unwrap_err().to_string();
    assert!(error.contains("NaN") && error.contains("[0, 1]"), "{error}");
}

/// A model of images (B, C, H, W) that gives their sum.
fn images() -> impl xai_core::Differentiable<Backend = B> {
    ForwardOnly::<B, _>::new(|x: &ndarray::ArcArray<f64, ndarray::IxDyn>| {
        let rows: Vec<f64> = x.outer_iter().map(|row| row.sum()).collect();
        ndarray::Array1::from(rows).insert_axis(ndarray::Axis(1)).into_dyn().into_shared()
    })
}

fn of_image(metric: &impl Metric<B>, values: ArrayD<f64>, channels: usize) -> xai_core::Result<Vec<f64>> {
    let x = Array4::<f64>::ones((values.shape()[0], channels, 4, 4));
    Ok(metric.of_analyzer(&images(), &x, Index(0), &Told(values))?.values)
}

fn mask(batch: usize, marked: &[(usize, usize)]) -> Array3<bool> {
    Array3::from_shape_fn((batch, 4, 4), |(_, i, j)| marked.contains(&(i, j)))
}

#[test]
fn the_highest_place_is_in_the_mask_or_not() {
    let mut values = Array4::<f64>::zeros((2, 3, 4, 4));
    // The first sample's channels add up to 3 in the mask, the second's are largest outside.
    for c in 0..3 {
        values[[0, c, 1, 1]] = 1.0;
        values[[1, c, 3, 3]] = 1.0;
    }
    values[[0, 0, 2, 2]] = 2.9;
    let game = PointingGame::new(&mask(2, &[(1, 1), (1, 2)]));
    assert_eq!(of_image(&game, values.clone().into_dyn(), 3).unwrap(), [1.0, 0.0]);
    // Of the largest size alone it is the other place.
    assert_eq!(of_image(&game.channels(Channels::Largest), values.into_dyn(), 3).unwrap(), [0.0, 0.0]);
}

#[test]
fn a_highest_place_near_the_mask_hits_within_the_tolerance() {
    let mut values = Array4::<f64>::zeros((1, 1, 4, 4));
    values[[0, 0, 3, 2]] = 1.0;
    // The nearest place that is marked is two rows and one column away: √5, between 2 and 3.
    let game = PointingGame::new(&mask(1, &[(0, 0), (1, 1)]));
    let hits = |tolerance| of_image(&game.clone().tolerance(tolerance), values.clone().into_dyn(), 1).unwrap()[0];
    assert_eq!([0, 1, 2, 3, usize::MAX].map(hits), [0.0, 0.0, 0.0, 1.0, 1.0]);
    // Of a constant map the share of places that are near: the corner, and the two beside it.
    let corner = PointingGame::new(&mask(1, &[(0, 0)])).tolerance(1);
    assert_eq!(of_image(&corner, Array4::ones((1, 1, 4, 4)).into_dyn(), 1).unwrap(), [3.0 / 16.0]);
}

#[test]
fn a_constant_map_points_as_often_as_a_random_one() {
    let game = PointingGame::new(&mask(1, &[(0, 0), (0, 1), (0, 2), (0, 3)]));
    assert_eq!(of_image(&game, Array4::ones((1, 3, 4, 4)).into_dyn(), 3).unwrap(), [0.25]);
    let rank = RelevanceRank::new(&mask(1, &[(0, 0), (0, 1), (0, 2), (0, 3)]));
    assert_eq!(of_image(&rank, Array4::ones((1, 3, 4, 4)).into_dyn(), 3).unwrap(), [0.25]);
}

#[test]
fn mass_is_of_positive_values_and_rank_of_the_first() {
    let mut values = Array4::<f64>::zeros((1, 1, 4, 4));
    values[[0, 0, 0, 0]] = 3.0;
    values[[0, 0, 0, 1]] = 1.0;
    values[[0, 0, 2, 0]] = 2.0;
    values[[0, 0, 3, 0]] = -50.0;
    let marked = mask(1, &[(0, 0), (0, 1), (3, 0)]);
    close(of_image(&RelevanceMass::new(&marked), values.clone().into_dyn(), 1).unwrap()[0], 4.0 / 6.0);
    // The three highest are 3, 2 and 1: two of them are marked.
    close(of_image(&RelevanceRank::new(&marked), values.clone().into_dyn(), 1).unwrap()[0], 2.0 / 3.0);
    let everything = Array3::from_elem((1, 4, 4), true);
    close(of_image(&RelevanceMass::new(&everything), values.into_dyn(), 1).unwrap()[0], 1.0);
}

#[test]
fn a_coarse_map_is_resized_to_the_mask() {
    let mut values = Array4::<f64>::zeros((1, 1, 2, 2));
    values[[0, 0, 0, 0]] = 1.0;
    let game = PointingGame::new(&mask(1, &[(0, 0)]));
    assert_eq!(of_image(&game, values.into_dyn(), 3).unwrap(), [1.0]);
    let error = of_image(&game, numbers((1, 7), 0).into_dyn(), 3).unwrap_err().to_string();
    assert!(error.contains("[1, 4, 4]"), "{error}");
}

#[test]
fn masks_that_cannot_be_met_are_refused_before_any_pass() {
    let fails = |metric: &dyn Metric<B>| of_image(&metric, Array4::ones((2, 1, 4, 4)).into_dyn(), 1).unwrap_err();
    let mut half = mask(2, &[(0, 0)]);
    half.index_axis_mut(ndarray::Axis(0), 1).fill(false);
    let error = fails(&PointingGame::new(&half)).to_string();
    assert!(error.contains("nothing marked of sample 1"), "{error}");
    let error = fails(&RelevanceMass::new(&mask(1, &[(0, 0)]))).to_string();
    assert!(error.contains("2 sample(s)"), "{error}");
    let error = of_image(&RelevanceMass::new(&mask(1, &[(0, 0)])), Array4::zeros((1, 1, 4, 4)).into_dyn(), 1);
    assert!(error.unwrap_err().to_string().contains("sample 0"));
    let error = fails(&RelevanceRank::new(&array![true, false])).to_string();
    assert!(error.contains("[2]"), "{error}");
}
