//! XRAI.

use ndarray::{Array2, Array4, ArrayD, Axis, IxDyn, array};
use xai_core::nn::{Activation, Flatten, Sequential};
use xai_core::{
    Analyzer, Error, Features, GradCam, Gradient, Index, InputTimesGradient, IntegratedGradients, Kind, MaxActivation,
    Net, NoiseAugmentation, OverReferences, Quadrature, Reference, ReferenceSet, Xrai,
};

use crate::models::B;
use crate::models::differences::{conv, linear, noise};

fn net() -> Net<B, Sequential<B>> {
    let layers = Sequential::new()
        .push(conv(1, 4, 2, 3))
        .push_named("maps", Activation::Tanh)
        .push(Flatten::new(1, -1))
        .push(linear(3, 2, 4 * 48));
    Net::new(layers)
}

fn images() -> Array4<f64> {
    noise(8, &[3, 2, 6, 8]).into_dimensionality().unwrap()
}

/// The quarters of the image.
fn quarters() -> Array2<usize> {
    Array2::from_shape_fn((6, 8), |(row, column)| 2 * (row / 3) + column / 4)
}

fn path() -> IntegratedGradients {
    IntegratedGradients::new().n(20).quadrature(Quadrature::Trapezoid)
}

#[test]
fn a_partition_gives_each_segment_its_mean() {
    let plain = path().analyze(&net(), &images(), MaxActivation).unwrap();
    let xrai = Xrai::over(path(), Features::segments(&quarters())).analyze(&net(), &images(), MaxActivation).unwrap();
    for (values, plain) in xrai.values.outer_iter().zip(plain.values.outer_iter()) {
        for quarter in 0..4 {
            let inside =
                || quarters().indexed_iter().filter(|&(_, &of)| of == quarter).map(|(at, _)| at).collect::<Vec<_>>();
            let all = inside().into_iter().flat_map(|(row, column)| [[0, row, column], [1, row, column]]);
            let mean = all.clone().map(|at| plain[at]).sum::<f64>() / 24.0;
            all.for_each(|at| assert!((values[at] - mean).abs() < 1e-14));
        }
    }
    assert_eq!(xrai.extras.completeness_gap, plain.extras.completeness_gap);
    assert_eq!((xrai.selection, xrai.output), (plain.selection, plain.output));
    assert_eq!(xrai.kind, Kind::Attribution);
}

#[test]
fn sums_stay_whatever_the_regions_are() {
    let plain = path().analyze(&net(), &images(), Index(1)).unwrap().values;
    let regions = || Features::windows([3, 3], [2, 2]);
    for smallest in [1, 4, 1000] {
        let xrai = Xrai::over(path(), regions()).and(Features::segments(&quarters())).and(Features::grid([2, 3]));
        let values = xrai.smallest(smallest).analyze(&net(), &images(), Index(1)).unwrap().values;
        for (values, plain) in values.outer_iter().zip(plain.outer_iter()) {
            assert!((values.sum() - plain.sum()).abs() < 1e-12);
            if smallest == 1000 {
                assert!(values.iter().all(|value| (value - plain.mean().unwrap()).abs() < 1e-12));
            }
        }
    }
}

#[test]
fn unless_told_it_is_integrated_gradients_over_black_and_white() {
    let xrai = Xrai::new(Features::segments(&quarters())).n(20).analyze(&net(), &images(), Index(0)).unwrap();
    for sample in 0..3 {
        let x = images().select(Axis(0), &[sample]);
        let lowest = x.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let set = ReferenceSet::constants([lowest, highest]);
        let over = Xrai::over(OverReferences::new(path(), set), Features::segments(&quarters()));
        let over = over.analyze(&net(), &x, Index(0)).unwrap();
        let apart = &xrai.values.index_axis(Axis(0), sample) - &over.values.index_axis(Axis(0), 0);
        assert!(apart.iter().all(|gap| gap.abs() < 1e-12));
    }
}

#[test]
fn samples_have_segments_of_their_own() {
    let of_each = ArrayD::from_shape_fn(IxDyn(&[3, 6, 8]), |at| (at[1] / (at[0] + 1)) * 8 + at[2] / 2);
    let all = Xrai::over(path(), Features::segments_of_samples(&of_each)).smallest(1);
    let noisy = |features| NoiseAugmentation::new(Xrai::over(path(), features).smallest(1), 3).std(0.1);
    let values = all.analyze(&net(), &images(), MaxActivation).unwrap().values;
    for chunk in [1, 2, 64] {
        let many = noisy(Features::segments_of_samples(&of_each)).chunk(chunk);
        let many = many.analyze(&net(), &images(), MaxActivation).unwrap().values;
        for sample in 0..3 {
            let x = images().select(Axis(0), &[sample]);
            let segments = || Features::segments(&of_each.index_axis(Axis(0), sample));
            let alone = Xrai::over(path(), segments()).smallest(1).analyze(&net(), &x, MaxActivation).unwrap();
            let apart = &values.index_axis(Axis(0), sample) - &alone.values.index_axis(Axis(0), 0);
            assert!(apart.iter().all(|gap| gap.abs() < 1e-12));
            let alone = noisy(segments()).analyze(&net(), &x, MaxActivation).unwrap();
            let apart = &many.index_axis(Axis(0), sample) - &alone.values.index_axis(Axis(0), 0);
            assert!(apart.iter().all(|gap| gap.abs() < 1e-12));
        }
    }
}

#[test]
fn the_smallest_region_is_counted_in_pixels() {
    // Of two channels, 12 pixels are 24 numbers: quarters are just enough.
    let values = |smallest| {
        let xrai = Xrai::over(InputTimesGradient, Features::segments(&quarters())).smallest(smallest);
        xrai.analyze(&net(), &images(), Index(0)).unwrap().values
    };
    assert_eq!(values(1), values(12));
    let flat = values(13);
    assert!(flat.index_axis(Axis(0), 0).iter().all(|value| *value == flat[[0, 0, 0, 0]]));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |error: Error| error.to_string();
    let narrow = Xrai::over(path(), Features::segments(&array![[0, 1]]));
    assert!(refused(narrow.analyze(&net(), &images(), Index(0)).unwrap_err()).contains("segments"));
    let nothing = Xrai::over(path(), Features::segments(&quarters())).smallest(0);
    assert!(refused(nothing.analyze(&net(), &images(), Index(0)).unwrap_err()).contains("smallest = 0"));
    let cam = Xrai::over(GradCam::at("maps"), Features::segments(&quarters()));
    assert!(refused(cam.analyze(&net(), &images(), Index(0)).unwrap_err()).contains("class activation map"));
    let inner = Xrai::new(Features::segments(&quarters())).n(1);
    assert!(refused(inner.analyze(&net(), &images(), Index(0)).unwrap_err()).contains("n = 1"));
    let own = IntegratedGradients::new().reference(Reference::Constant(f64::NAN));
    let own = Xrai::over(own, Features::segments(&quarters())).analyze(&net(), &images(), Index(0));
    assert!(refused(own.unwrap_err()).contains("NaN"));
    assert!(Xrai::over(Gradient, Features::segments(&quarters())).analyze(&net(), &images(), Index(0)).is_ok());
}

#[test]
fn super_pixels_are_those_of_each_photo() {
    let xrai = |chunk| NoiseAugmentation::new(Xrai::super_pixels().n(5), 2).std(0.01).chunk(chunk);
    let alone = |sample: usize| {
        let x = images().select(Axis(0), &[sample]);
        (
            Xrai::super_pixels().n(5).analyze(&net(), &x, Index(0)).unwrap().values,
            xrai(64).analyze(&net(), &x, Index(0)).unwrap().values,
        )
    };
    let all = Xrai::super_pixels().n(5).analyze(&net(), &images(), Index(0)).unwrap();
    let over = OverReferences::new(path().n(5), ReferenceSet::black_and_white());
    let over = over.analyze(&net(), &images(), Index(0)).unwrap();
    let noisy: Vec<_> = [1, 2, 64].map(|chunk| xrai(chunk).analyze(&net(), &images(), Index(0)).unwrap()).into();
    for sample in 0..3 {
        let of = |values: &Array4<f64>| values.index_axis(Axis(0), sample).to_owned();
        assert!((of(&all.values).sum() - of(&over.values).sum()).abs() < 1e-12);
        let (plain, with_noise) = alone(sample);
        assert!((of(&all.values) - plain.index_axis(Axis(0), 0)).iter().all(|gap| gap.abs() < 1e-12));
        for noisy in &noisy {
            assert!((of(&noisy.values) - with_noise.index_axis(Axis(0), 0)).iter().all(|gap| gap.abs() < 1e-12));
        }
    }
    let first = all.values.index_axis(Axis(0), 0);
    assert!(first.iter().any(|value| *value != first[[0, 0, 0]]), "there are several regions");
}
