//! LIME.

use ndarray::{Array1, Array2, Axis, Ix2, array, s};
use xai_core::{Analyzer, Error, Index, Lime};

use super::cases::{close, game, linear, numbers, of_row, weight};
use super::shapley::six;

/// The mean of y(S ∪ j) - y(S) over all subsets without j.
fn banzhaf(features: usize, worth: impl Fn(&[bool]) -> f64) -> Array1<f64> {
    let present = |subset: usize| (0..features).map(|feature| subset >> feature & 1 == 1).collect::<Vec<_>>();
    let gain = |feature: usize| {
        let without = (0..1usize << features).filter(|subset| subset >> feature & 1 == 0);
        let gains = without.map(|subset| worth(&present(subset | 1 << feature)) - worth(&present(subset)));
        gains.sum::<f64>() / (1 << (features - 1)) as f64
    };
    (0..features).map(gain).collect()
}

#[test]
fn all_masks_of_even_weight_give_the_banzhaf_values() {
    let plain = || Lime::new().width(f64::INFINITY).ridge(0.0);
    let why = plain().analyze(&game(six), &Array2::ones((1, 6)), Index(0)).unwrap();
    close(&why.values.row(0).to_owned(), &banzhaf(6, six), 1e-12);
    assert_eq!(why.extras.evaluations, Some(vec![64]));
    assert_eq!(why.extras.standard_error, Some(vec![vec![0.0; 6]]));
    // Of a majority of three they are a half each, where Shapley's are a third.
    let majority = game(|s| f64::from(u8::from(s.iter().filter(|&&s| s).count() >= 2)));
    let why = plain().analyze(&majority, &Array2::ones((1, 3)), Index(0)).unwrap();
    close(&why.values, &array![[0.5, 0.5, 0.5]], 1e-13);
}

#[test]
fn linear_models_are_found_whatever_the_weights() {
    let x = numbers::<f64, _>((2, 20));
    let weights: Array1<f64> = (0..20).map(weight).collect();
    for width in [0.25, 1.0, f64::INFINITY] {
        let why = Lime::new().n(200).width(width).ridge(0.0).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
        close(&why.values, &(&x * &weights), 1e-9);
        assert!(why.extras.standard_error.unwrap().concat().iter().all(|error| *error < 1e-9));
    }
    // The ridge draws towards zero.
    let shrunk = Lime::new().n(200).ridge(100.0).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
    let norm = |values: &Array2<f64>| values.iter().map(|v| v * v).sum::<f64>();
    assert!(norm(&shrunk.values) < 0.5 * norm(&(&x * &weights)));
}

/// What happens where most is absent counts the less, the narrower the kernel: y = 1 next to the input, and far away 10
/// for feature 0 alone.
#[test]
fn distance_decreases_the_weight() {
    let model = game(|s| {
        let count = s.iter().filter(|&&s| s).count();
        if count >= 6 { f64::from(u8::from(s[1])) } else { 10.0 * f64::from(u8::from(s[0])) }
    });
    let x = Array2::ones((1, 8));
    let lime = |width: f64| Lime::new().width(width).ridge(1e-9).analyze(&model, &x, Index(0)).unwrap().values;
    let (narrow, wide) = (lime(0.05), lime(f64::INFINITY));
    assert!(narrow[[0, 1]] > 0.8 && narrow[[0, 0]].abs() < 0.6, "{narrow}");
    assert!(wide[[0, 0]] > 5.0, "{wide}");
}

#[test]
fn weights_are_those_of_the_formula() {
    // Two features, all four masks: by hand.
    let model = of_row(|x| x[0] + 2.0 * x[1] + 3.0 * x[0] * x[1]);
    let width = 0.5;
    let why = Lime::new().n(4).width(width).ridge(0.3).analyze(&model, &array![[1.0, 1.0]], Index(0)).unwrap();
    let masks: [[f64; 3]; 4] = [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 1.0, 6.0]];
    let weights = masks.map(|m| {
        let distance: f64 = 1.0 - ((m[0] + m[1]) / 2.0).sqrt();
        (-distance.powi(2) / (2.0 * width * width)).exp()
    });
    let total: f64 = weights.iter().sum();
    let mean = |k: usize| masks.iter().zip(weights).map(|(m, w)| w * m[k]).sum::<f64>() / total;
    let cov = |a: usize, b: usize| {
        masks.iter().zip(weights).map(|(m, w)| w * (m[a] - mean(a)) * (m[b] - mean(b))).sum::<f64>()
    };
    let (p, q, r) = (cov(0, 0) + 0.3, cov(1, 1) + 0.3, cov(0, 1));
    let det = p * q - r * r;
    let expected = array![[(q * cov(0, 2) - r * cov(1, 2)) / det, (p * cov(1, 2) - r * cov(0, 2)) / det]];
    close(&why.values, &expected, 1e-12);
}

/// What `lime` 0.2.0.1 says of all masks of five features: its own kernel and cosine distance, and scikit-learn's ridge
/// regression, of `LimeBase.explain_instance_with_data`.
#[test]
fn the_authors_code_says_the_same() {
    let model = of_row(|x| (x[0] * x[1] + x[2]).tanh() + x[3] * x[4] * x[4] + 2.0 * x[2] * x[0]);
    let x = array![[1.5, -0.5, 2.0, 0.25, -1.0]];
    let lime = || Lime::new().n(32);
    let by_default = lime().analyze(&model, &x, Index(0)).unwrap();
    let expected = [2.8316162519587373, -0.2608113711015272, 3.9308711465645425, 0.03176760906847197];
    close(&by_default.values.slice_move(s![.., ..4]), &array![expected], 1e-12);
    let wide = lime().width(0.75).ridge(0.1).analyze(&model, &x, Index(0)).unwrap();
    let expected = [2.9235841916078917, -0.1564894367419334, 4.20060063757877, 0.1609460997788444];
    close(&wide.values.slice_move(s![.., ..4]), &array![expected], 1e-12);
}

#[test]
fn batches_are_their_samples_in_any_chunk() {
    let model = of_row(|x| x.iter().map(|x| x.sin()).product::<f64>() + x[0] * x[3]);
    let x = numbers::<f64, _>((3, 12));
    let lime = Lime::new().n(60).seed(5);
    let whole = lime.analyze(&model, &x, Index(0)).unwrap();
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = lime.analyze(&model, &row, Index(0)).unwrap();
        close(&alone.values, &whole.values.select(Axis(0), &[sample]), 1e-12);
    }
    for chunk in [1, 4, 500] {
        close(&lime.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &whole.values, 1e-12);
    }
}

#[test]
fn standard_errors_and_tolerances_are_right() {
    let model = of_row(|x| x.iter().enumerate().map(|(j, x)| x * (1.0 + j as f64 / 8.0)).sum::<f64>().powi(2) / 10.0);
    let x = Array2::ones((1, 14));
    let lime = || Lime::new().width(1.0).ridge(1e-6);
    let truth = lime().n(1 << 14).analyze(&model, &x, Index(0)).unwrap().values;
    let (mut errors, mut said) = (0.0, 0.0);
    for seed in 0..30 {
        let why = lime().n(300).seed(seed).analyze(&model, &x, Index(0)).unwrap();
        errors += (&why.values - &truth).mapv(|v| v * v).sum();
        said += why.extras.standard_error.unwrap()[0].iter().map(|e| e * e).sum::<f64>();
    }
    let ratio = (errors / said).sqrt();
    assert!((0.8..1.25).contains(&ratio), "{ratio}");
    let why = lime().tolerance(0.05).analyze(&model, &x, Index(0)).unwrap();
    assert_eq!(why.extras.within_tolerance, Some(vec![true]));
    let norm = |v: &Array2<f64>| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    assert!(norm(&(&why.values - &truth)) / norm(&truth) < 0.12);
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let refused = |lime: Lime, wanted: &str| match lime.analyze(&linear::<Ix2>(), &array![[1.0, 2.0]], Index(0)) {
        Err(Error::InvalidParameter { name, .. }) => assert_eq!(name, wanted),
        other => panic!("{other:?}"),
    };
    refused(Lime::new().n(1), "n");
    refused(Lime::new().width(0.0), "width");
    refused(Lime::new().width(f64::NAN), "width");
    refused(Lime::new().ridge(-1.0), "ridge");
    refused(Lime::new().ridge(f64::INFINITY), "ridge");
}
