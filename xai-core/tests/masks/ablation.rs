//! Feature ablation and occlusion.

use ndarray::{Axis, Ix2, array};
use xai_core::{Analyzer, FeatureAblation, Features, Index, MaxActivation, Occlusion, Reference};

use super::cases::{close, linear, numbers, of_row, weight};

#[test]
fn linear_models_lose_what_each_feature_adds() {
    let x = numbers::<f64, _>((3, 5));
    let why = FeatureAblation::new().fill(Reference::Constant(-0.5)).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
    let weights: ndarray::Array1<f64> = (0..5).map(weight).collect();
    close(&why.values, &((&x + 0.5) * &weights), 1e-12);
    assert_eq!(why.extras.evaluations, Some(vec![6; 3]));
    assert_eq!(why.extras.standard_error, None);
}

#[test]
fn a_dummy_has_nothing_and_interactions_are_lost_by_both() {
    let model = of_row(|x| x[0] * x[1]);
    let why = FeatureAblation::new().analyze(&model, &array![[2.0, 3.0, 7.0]], Index(0)).unwrap();
    assert_eq!(why.values, array![[6.0, 6.0, 0.0]]);
}

#[test]
fn a_batch_gives_what_its_samples_give_in_any_chunk() {
    let model = of_row(|x| (x[0] * x[1] - x[2]).tanh() + x[3] * x[3]);
    let x = numbers::<f64, _>((4, 4));
    let analyzer = FeatureAblation::new().features(Features::groups([[1, 3]])).fill(Reference::Constant(0.2));
    let whole = analyzer.analyze(&model, &x, MaxActivation).unwrap();
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = analyzer.analyze(&model, &row, MaxActivation).unwrap();
        close(&alone.values, &whole.values.select(Axis(0), &[sample]), 0.0);
    }
    for chunk in [1, 2, 3, 1000] {
        let chunked = analyzer.clone().chunk(chunk).analyze(&model, &x, MaxActivation).unwrap();
        assert_eq!(chunked, whole);
    }
}

#[test]
fn a_linear_models_windows_side_by_side_add_up_to_the_whole_change() {
    let x = numbers::<f64, _>((1, 2, 5, 6));
    let model = linear::<ndarray::Ix4>();
    let why = Occlusion::new([2, 4]).fill(Reference::Constant(0.1)).analyze(&model, &x, Index(0)).unwrap();
    let sum: f64 = why.extras.feature_values.unwrap()[0].iter().sum();
    let change: f64 = x.iter().enumerate().map(|(j, x)| weight(j) * (x - 0.1)).sum();
    assert!((sum - change).abs() < 1e-12);
}
