//! What is set without measure is refused, or cut to what there is: no panic, no hang.

use std::time::{Duration, Instant};

use ndarray::{Array2, Array3, Array4, ArrayView2, Axis, array};
use xai_core::metrics::{
    Deletion, FaithfulnessCorrelation, Infidelity, LocalLipschitz, MaxSensitivity, Metric, SensitivityN,
};
use xai_core::nn::{
    Activation, AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, Concatenate, Conv2d, ConvTranspose2d, Flatten,
    GroupNorm, IndexSelect, LayerNorm, MaxPool2d, Narrow, Pad2d, Padding, Permute, Reduce, Reduction, Reshape,
    Sequential, Softmax, Upsample2d,
};
use xai_core::{
    Analyzer, AnalyzerInfo, BlackBox, Error, FeatureAblation, Features, Fill, Gradient, Index, KernelShap, NdArray,
    Net, Op, Result, Rise, Settings, SmoothGrad, Tensor,
};

type B = NdArray<f64>;

fn net() -> Sequential<B> {
    Sequential::new().push_named("maps", Activation::Relu).push(Activation::Tanh)
}

fn refused<T>(name: &str, found: Result<T>) {
    match found {
        Err(Error::InvalidParameter { name: got, .. }) => assert_eq!(got, name),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{name} was taken"),
    }
}

#[test]
fn every_analyzer_has_limits() {
    let x = Array4::from_shape_fn((1, 1, 4, 4), |(_, _, i, j)| (i * j) as f64 * 0.1);
    for info in AnalyzerInfo::all() {
        let run = |settings: Settings| {
            let analyzer = info.build::<Sequential<B>>(&settings.place("maps")).unwrap();
            analyzer.analyze(&net(), &x, Index([0, 1, 2]))
        };
        for (setting, few) in [("n", 10_000_001), ("max_n", 10_000_001)] {
            if !info.settings.contains(&setting) {
                continue;
            }
            for n in [few, 1 << 40, usize::MAX] {
                let settings = Settings::new();
                refused(setting, run(if setting == "n" { settings.n(n) } else { settings.tolerance(0.5).max_n(n) }));
            }
            refused(setting, run(if setting == "n" { Settings::new().n(0) } else { Settings::new().max_n(0) }));
        }
        if info.settings.contains(&"chunk") {
            // As many as there are copies: a bound, and no wish.
            let few = if info.settings.contains(&"n") { Settings::new().n(8) } else { Settings::new() };
            let all = run(few.clone().chunk(usize::MAX)).unwrap();
            assert_eq!(all.values, run(few).unwrap().values, "{}", info.name);
            refused("chunk", run(Settings::new().n(8).chunk(0)));
        }
        if info.settings.contains(&"features") {
            for count in [17, 1 << 40, usize::MAX] {
                refused("super-pixels", run(Settings::new().features(Features::super_pixels(count, 0.1))));
            }
        }
    }
}

#[test]
fn features_without_measure_are_those_that_there_are() {
    let start = Instant::now();
    let sequence = Array3::from_shape_fn((1, 2, 5), |(_, c, i)| (1 + c + i) as f64);
    let image = Array4::from_shape_fn((1, 1, 2, 3), |(_, _, i, j)| (1 + i + j) as f64);
    let net = Net::<B, _>::new(Activation::Relu);
    for most in [usize::MAX, 1 << 40] {
        let about = FeatureAblation::new().features(Features::about(most));
        let found = about.analyze(&net, &sequence, Index([0, 2])).unwrap();
        assert_eq!(found.extras.feature_values.unwrap()[0], [0.0, 0.0, 3.0, 0.0, 0.0]);
        let found = about.analyze(&net, &image, Index([0, 1, 1])).unwrap();
        assert_eq!(found.extras.feature_values.unwrap()[0].len(), 6);
        let patches = FeatureAblation::new().features(Features::patches([most, most]));
        let found = patches.analyze(&net, &image, Index([0, 1, 1])).unwrap();
        assert_eq!(found.extras.feature_values.unwrap(), [[3.0]]);
        let windows = FeatureAblation::new().features(Features::windows([most, most], [most, most]));
        assert_eq!(windows.analyze(&net, &image, Index([0, 1, 1])).unwrap().extras.feature_values.unwrap(), [[3.0]]);
        refused("grid", Rise::new([most, most]).analyze(&net, &image, Index([0, 1, 1])));
        let segments = Array2::from_elem((2, 3), most);
        let one = FeatureAblation::new().features(Features::segments(&segments));
        assert_eq!(one.analyze(&net, &image, Index([0, 1, 1])).unwrap().extras.feature_values.unwrap(), [[3.0]]);
        let groups = FeatureAblation::new().features(Features::groups([[most]]));
        refused("groups", groups.analyze(&net, &array![[1.0, 2.0]], Index(0)));
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn memory_that_there_is_not_is_never_asked_for() {
    let net = Net::<B, _>::new(Activation::Relu);
    let large = Array2::from_elem((1, 1 << 23), 1.0);
    let noise = Fill::Noise { mean: 0.0, std: 1.0, draws: 1_000_000, seed: 0 };
    refused("draws", FeatureAblation::new().fill(noise).analyze(&net, &large, Index(0)));
    // 8 million features have no matrix of a regression.
    refused("features", KernelShap::new().features(Features::each()).analyze(&net, &large, Index(0)));
    let x = array![[1.0, -2.0]];
    let all = SmoothGrad::new().n(100).chunk(usize::MAX).analyze(&net, &x, Index(0)).unwrap();
    assert_eq!(all.values, SmoothGrad::new().n(100).analyze(&net, &x, Index(0)).unwrap().values);
}

#[test]
fn metrics_have_limits() {
    let x = array![[1.0, -2.0, 0.5]];
    let net = Net::<B, _>::new(Activation::Tanh);
    fn limited(name: &str, metric: impl Metric<B>, net: &Net<B, Activation>, x: &Array2<f64>) {
        refused(name, metric.of_analyzer(net, x, Index(0), &Gradient));
    }
    for n in [usize::MAX, 1 << 40] {
        limited("n", FaithfulnessCorrelation::new().n(n), &net, &x);
        limited("n", SensitivityN::new().n(n), &net, &x);
        limited("n", Infidelity::new().scaled(true).n(n), &net, &x);
        limited("n", MaxSensitivity::new().n(n), &net, &x);
        limited("n", LocalLipschitz::new().n(n), &net, &x);
        limited("steps", Deletion::new().steps(n), &net, &x);
        limited("random_orders", Deletion::new().random_orders(n), &net, &x);
    }
    // Relative to an output of 0.
    limited("relative", Deletion::new().relative(true), &net, &array![[0.0, 1.0, 2.0]]);
}

/// More threads than any system has: as many as there are rows, or as it gives.
#[test]
fn threads_without_measure_are_those_that_the_system_gives() {
    let sums = |rows: ArrayView2<'_, f64>| -> std::result::Result<Array2<f64>, std::io::Error> {
        Ok(rows.sum_axis(Axis(1)).insert_axis(Axis(1)))
    };
    let x = Array2::from_shape_fn((3000, 2), |(i, j)| (i + j) as f64);
    let one = BlackBox::new(sums);
    let many = BlackBox::new(sums).threads(usize::MAX).rows_of_a_call(0);
    use xai_core::Differentiable;
    assert_eq!(many.predict(x.view().into_dyn()).unwrap(), one.predict(x.view().into_dyn()).unwrap());
}

/// Lengths that no memory holds, and whose products and sums are no numbers: errors, and no panic.
#[test]
fn operations_of_lengths_without_measure_are_refused() {
    let most = usize::MAX;
    let weight =
        |shape: &[usize]| Tensor::<B>::upload(ndarray::ArrayD::zeros(ndarray::IxDyn(shape)).view(), &()).unwrap();
    let conv = || Conv2d::new(weight(&[1, 1, 3, 3]), None).unwrap();
    let turned = || ConvTranspose2d::new(weight(&[1, 1, 3, 3]), None).unwrap();
    for n in [most, most / 2 + 1, 1 << 63] {
        let ops: Vec<Op<B>> = vec![
            conv().padding(n).into(),
            conv().dilation(n).into(),
            conv().groups(n).into(),
            turned().stride(n).into(),
            turned().dilation(n).into(),
            turned().padding(Padding::all(n)).into(),
            turned().output_padding(n).into(),
            turned().groups(n).into(),
            MaxPool2d::new(n).into(),
            MaxPool2d::new(2).padding(Padding::all(n)).into(),
            AvgPool2d::new(n).into(),
            AvgPool2d::new(2).padding(Padding::all(n)).into(),
            AdaptiveAvgPool2d::new([n, n]).into(),
            AdaptiveMaxPool2d::new([n, n]).into(),
            Upsample2d::nearest([n, n]).into(),
            Pad2d::new(Padding::all(n)).into(),
            Reshape { shape: vec![n, n] }.into(),
            Narrow { axis: 1, start: n, len: n }.into(),
            Narrow { axis: n, start: 0, len: 1 }.into(),
            Permute { order: vec![0, n, 1, 2] }.into(),
            Reduce { of: Reduction::Sum, axes: vec![n] }.into(),
            Softmax::new(isize::MAX).into(),
            Softmax::new(isize::MIN).into(),
            Flatten::new(isize::MIN, isize::MAX).into(),
            IndexSelect::new(1, vec![n]).into(),
            IndexSelect::new(n, vec![0]).into(),
            LayerNorm::plain(n, 1e-5).unwrap().into(),
            GroupNorm { groups: n, weight: None, bias: None, eps: 1e-5 }.into(),
            Concatenate { axis: n }.into(),
        ];
        for op in ops {
            let words = format!("{op:?}");
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| op.output_shape(&[&[1, 1, 4, 4]])));
            assert!(matches!(found, Ok(Err(_))), "{words}: {found:?}");
        }
    }
}
