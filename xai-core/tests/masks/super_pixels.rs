//! Features that depend on what an image looks like.

use ndarray::{Array4, Axis, Ix4};
use xai_core::{Analyzer, Error, FeatureAblation, Features, Fill, Index, Lime};

use super::cases::{close, linear, numbers};

/// Two even halves, each of its own colour, divided at another place in each sample.
fn halves() -> Array4<f64> {
    Array4::from_shape_fn((2, 3, 16, 24), |(b, c, h, w)| if w + h / 4 > 9 + 4 * b { 1.0 } else { 0.2 * c as f64 })
}

#[test]
fn each_sample_has_its_own_and_alone_the_same() {
    let x = halves();
    let ablation = FeatureAblation::new().features(Features::super_pixels(24, 0.2)).fill(Fill::SegmentMean);
    let model = linear::<Ix4>();
    let whole = ablation.analyze(&model, &x, Index(0)).unwrap();
    // Segments keep to the edge, so that their means are what they are.
    let changed = whole.values.iter().filter(|value| value.abs() > 0.3).count();
    assert!(changed * 10 < whole.values.len(), "{changed} of {}", whole.values.len());
    let counts: Vec<usize> = whole.extras.feature_values.as_ref().unwrap().iter().map(Vec::len).collect();
    assert!(counts.iter().all(|count| (16..36).contains(count)), "{counts:?}");
    for (sample, alone) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = ablation.analyze(&model, &alone, Index(0)).unwrap();
        close(&alone.values, &whole.values.select(Axis(0), &[sample]), 0.0);
    }
    let lime = Lime::new().n(100).features(Features::super_pixels(12, 0.2));
    assert!(lime.analyze(&model, &x, Index(0)).unwrap().values.iter().all(|value| value.is_finite()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let x = halves();
    let refused = |features: Features| {
        FeatureAblation::new().features(features).analyze(&linear::<Ix4>(), &x, Index(0)).unwrap_err().to_string()
    };
    assert!(refused(Features::super_pixels(0, 0.1)).contains("super-pixels = 0"));
    assert!(refused(Features::super_pixels(1000, 0.1)).contains("fewer pixels"));
    assert!(refused(Features::super_pixels(10, f64::NAN)).contains("compactness = NaN"));
    let table = numbers::<f64, _>((1, 4));
    let ablation = FeatureAblation::new().features(Features::super_pixels(2, 0.1));
    let refused = ablation.analyze(&linear::<ndarray::Ix2>(), &table, Index(0));
    assert!(matches!(refused, Err(Error::InvalidShape { .. })));
}
