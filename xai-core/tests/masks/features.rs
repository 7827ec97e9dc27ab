//! Which numbers are one feature.

use ndarray::{Array1, ArrayD, array, s};
use xai_core::{Analyzer, Error, FeatureAblation, Features, Index, Occlusion};

use super::cases::{close, linear, numbers, weight};

/// The sums of w·x over numbers with the same label, at every number, for a linear model.
fn by_labels(x: &ArrayD<f64>, label: impl Fn(&[usize]) -> usize) -> ArrayD<f64> {
    let size: usize = x.shape()[1..].iter().product();
    let labels = ArrayD::from_shape_fn(x.raw_dim(), |place| {
        use ndarray::Dimension;
        place.slice()[0] * size + label(&place.slice()[1..])
    });
    let mut sums = std::collections::HashMap::<usize, f64>::new();
    for (flat, (label, x)) in labels.iter().zip(x).enumerate() {
        *sums.entry(*label).or_default() += weight(flat % size) * x;
    }
    labels.mapv(|label| sums[&label])
}

#[test]
fn images_are_cut_as_said() {
    let x = numbers::<f64, _>((2, 3, 5, 7));
    let segments = ndarray::Array2::from_shape_fn((5, 7), |(r, c)| [100, 7, 40][(r * c) % 3]);
    let everywhere = segments.clone().insert_axis(ndarray::Axis(0));
    let of_samples = ndarray::Array3::from_shape_fn((2, 5, 7), |(_, r, c)| [100, 7, 40][(r * c) % 3]);
    type Label = Box<dyn Fn(&[usize]) -> usize>;
    let rank = |place: &[usize]| [2, 0, 1][(place[1] * place[2]) % 3];
    let cases: Vec<(Features, usize, Label)> = vec![
        (Features::each(), 105, Box::new(|p| p[0] * 35 + p[1] * 7 + p[2])),
        (Features::channels(), 3, Box::new(|p| p[0])),
        (Features::places(), 35, Box::new(|p| p[1] * 7 + p[2])),
        (Features::about(11), 9, Box::new(|p| [0, 1, 1, 2, 2][p[1]] * 3 + [0, 0, 1, 1, 2, 2, 2][p[2]])),
        (Features::about(64), 35, Box::new(|p| p[1] * 7 + p[2])),
        (Features::patches([2, 3]), 9, Box::new(|p| p[1] / 2 * 3 + p[2] / 3)),
        // 5 rows in 2 cells are 2 and 3, 7 columns in 3 are 2, 2 and 3.
        (Features::grid([2, 3]), 6, Box::new(|p| usize::from(p[1] >= 2) * 3 + [0, 0, 1, 1, 2, 2, 2][p[2]])),
        (Features::segments(&segments), 3, Box::new(rank)),
        (Features::segments(&everywhere), 3, Box::new(rank)),
        (Features::segments_of_samples(&of_samples), 3, Box::new(rank)),
        (Features::time_windows(3), 3, Box::new(|p| p[2] / 3)),
        (Features::windows([2, 3], [2, 3]), 9, Box::new(|p| p[1] / 2 * 3 + p[2] / 3)),
    ];
    for (features, count, label) in cases {
        let said = format!("{features:?}");
        let why = FeatureAblation::new().features(features).analyze(&linear::<ndarray::Ix4>(), &x, Index(0)).unwrap();
        let (values, expected) = (why.values.into_dyn(), by_labels(&x.clone().into_dyn(), label));
        let gap = (&values - &expected).mapv(f64::abs).fold(0.0, |a: f64, b| a.max(*b));
        assert!(gap < 1e-12, "{said}: {gap}");
        let of_features = why.extras.feature_values.unwrap();
        assert!(of_features.iter().all(|of_sample| of_sample.len() == count), "{said}");
    }
}

#[test]
fn a_table_a_sequence_and_tokens() {
    let x = numbers::<f64, _>((1, 6));
    let model = linear::<ndarray::Ix2>();
    let terms: Vec<f64> = x.iter().enumerate().map(|(j, x)| weight(j) * x).collect();
    let grouped = FeatureAblation::new().features(Features::groups([vec![4, 1], vec![2, 3]]));
    let why = grouped.analyze(&model, &x, Index(0)).unwrap();
    // Features by their first columns: 0 | 1, 4 | 2, 3 | 5.
    let expected = [terms[0], terms[1] + terms[4], terms[2] + terms[3], terms[5]];
    let found = Array1::from(why.extras.feature_values.unwrap().remove(0));
    close(&found, &Array1::from(expected.to_vec()), 1e-12);
    close(&why.values, &array![[0, 1, 2, 2, 1, 3]].mapv(|of: usize| expected[of]), 1e-12);

    let x = numbers::<f64, _>((1, 4, 3));
    let terms = |t: usize, e: usize| weight(t * 3 + e) * x[[0, t, e]];
    let tokens = FeatureAblation::new().features(Features::tokens());
    let why = tokens.analyze(&linear::<ndarray::Ix3>(), &x, Index(0)).unwrap();
    let token = |t: usize| (0..3).map(|e| terms(t, e)).sum::<f64>();
    close(&Array1::from(why.extras.feature_values.unwrap().remove(0)), &(0..4).map(token).collect(), 1e-12);
    let steps = FeatureAblation::new().features(Features::time_windows(2));
    let why = steps.analyze(&linear::<ndarray::Ix3>(), &x, Index(0)).unwrap();
    let window =
        |steps: std::ops::Range<usize>| (0..4).flat_map(|t| steps.clone().map(move |e| terms(t, e))).sum::<f64>();
    let expected = Array1::from(vec![window(0..2), window(2..3)]);
    close(&Array1::from(why.extras.feature_values.unwrap().remove(0)), &expected, 1e-12);
}

#[test]
fn other_segments_for_each_sample() {
    let x = numbers::<f64, _>((2, 4));
    let segments = array![[5, 5, 9, 9], [1, 2, 3, 1]];
    let analyzer = FeatureAblation::new().features(Features::segments_of_samples(&segments));
    let why = analyzer.analyze(&linear::<ndarray::Ix2>(), &x, Index(0)).unwrap();
    let term = |s: usize, j: usize| weight(j) * x[[s, j]];
    let of = why.extras.feature_values.unwrap();
    let expected =
        [vec![term(0, 0) + term(0, 1), term(0, 2) + term(0, 3)], vec![term(1, 0) + term(1, 3), term(1, 1), term(1, 2)]];
    for (of, expected) in of.into_iter().zip(expected) {
        close(&Array1::from(of), &Array1::from(expected), 1e-12);
    }
}

/// Each number has the mean over the windows that cover it; windows at the border are clipped.
#[test]
fn occlusion_windows_that_do_not_divide_the_image() {
    let x = numbers::<f64, _>((2, 2, 5, 7));
    let model = linear::<ndarray::Ix4>();
    for (size, stride, starts) in [
        ([2, 3], [2, 3], [vec![0, 2, 4], vec![0, 3, 6]]),
        ([3, 4], [2, 3], [vec![0, 2], vec![0, 3]]),
        ([3, 3], [1, 2], [vec![0, 1, 2], vec![0, 2, 4]]),
        ([2, 2], [1, 1], [vec![0, 1, 2, 3], vec![0, 1, 2, 3, 4, 5]]),
        ([9, 9], [9, 9], [vec![0], vec![0]]),
        ([4, 6], [3, 4], [vec![0, 3], vec![0, 4]]),
    ] {
        let why = Occlusion::new(size).stride(stride).analyze(&model, &x, Index(0)).unwrap();
        let term = |b: usize, c: usize, h: usize, w: usize| weight(c * 35 + h * 7 + w) * x[[b, c, h, w]];
        for b in 0..2 {
            let windows: Vec<(usize, usize, f64)> = starts[0]
                .iter()
                .flat_map(|&top| starts[1].iter().map(move |&left| (top, left)))
                .map(|(top, left)| {
                    let inside = |h, w| h < 5 && w < 7;
                    let places = (0..2).flat_map(|c| {
                        (top..top + size[0]).flat_map(move |h| (left..left + size[1]).map(move |w| (c, h, w)))
                    });
                    (top, left, places.filter(|&(_, h, w)| inside(h, w)).map(|(c, h, w)| term(b, c, h, w)).sum())
                })
                .collect();
            let found = Array1::from(why.extras.feature_values.as_ref().unwrap()[b].clone());
            close(&found, &windows.iter().map(|window| window.2).collect(), 1e-12);
            for ((_, h, w), value) in why.values.slice(s![b, .., .., ..]).indexed_iter() {
                let covers = |&&(top, left, _): &&(usize, usize, f64)| {
                    (top..top + size[0]).contains(&h) && (left..left + size[1]).contains(&w)
                };
                let covering: Vec<f64> = windows.iter().filter(covers).map(|window| window.2).collect();
                let mean = covering.iter().sum::<f64>() / covering.len() as f64;
                assert!((value - mean).abs() < 1e-12, "{size:?} {stride:?}: {value} and {mean}");
            }
        }
    }
}

#[test]
fn windows_know_a_size_of_their_own() {
    let x = numbers::<f64, _>((1, 2, 8, 10));
    let model = linear::<ndarray::Ix4>();
    let own = Occlusion::default().analyze(&model, &x, Index(0)).unwrap();
    let set = Occlusion::new([2, 3]).stride([1, 2]).analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(own.values, set.values);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let x = numbers::<f64, _>((2, 3, 5, 7));
    let refused = |features: Features| {
        let found = FeatureAblation::new().features(features).analyze(&linear::<ndarray::Ix4>(), &x, Index(0));
        found.unwrap_err().to_string()
    };
    assert!(refused(Features::grid([6, 2])).contains("grid = [6, 2]"));
    assert!(refused(Features::grid([2])).contains("one number for each spatial axis"));
    assert!(refused(Features::patches([0, 2])).contains("at least 1"));
    assert!(refused(Features::windows([2, 2], [3, 1])).contains("stride = [3, 1]"));
    assert!(refused(Features::segments(&array![[1, 2]])).contains("segments of shape [1, 2]"));
    assert!(refused(Features::segments_of_samples(&ndarray::Array3::zeros((1, 5, 7)))).contains("sample 1"));
    assert!(refused(Features::groups([[0, 1]])).contains("a table"));
    assert!(refused(Features::time_windows(0)).contains("steps = 0"));
    assert!(refused(Features::inputs([])).contains("of 0 inputs"));
    assert!(refused(Features::inputs([Features::inputs([Features::each()])])).contains("within"));
    let table = numbers::<f64, _>((1, 4));
    let of_table = |features: Features| {
        let found = FeatureAblation::new().features(features).analyze(&linear::<ndarray::Ix2>(), &table, Index(0));
        found.unwrap_err().to_string()
    };
    assert!(of_table(Features::groups([[4]])).contains("groups = 4"));
    assert!(of_table(Features::groups([vec![1], vec![1, 2]])).contains("twice"));
    assert!(of_table(Features::tokens()).contains("tokens"));
    let refused = Occlusion::new([3, 3]).stride([0, 1]).analyze(&linear::<ndarray::Ix4>(), &x, Index(0));
    assert!(matches!(refused, Err(Error::InvalidParameter { name: "stride", .. })));
}
