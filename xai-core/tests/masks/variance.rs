//! Sobol indices and HSIC.

use ndarray::{Array1, Array2, Axis, Ix2, array};
use xai_core::{Analyzer, Error, Explanation, Features, Fill, Hsic, Index, Kind, Reference, SobolIndices};

use super::cases::{close, linear, numbers, of_row, weight};

fn of(why: &Explanation<f64, Ix2>) -> Array1<f64> {
    why.values.row(0).to_owned()
}

fn within_errors(why: &Explanation<f64, Ix2>, expected: &[f64], most: f64) {
    let errors = &why.extras.standard_error.as_ref().unwrap()[0];
    for ((found, expected), error) in of(why).iter().zip(expected).zip(errors) {
        assert!((found - expected).abs() < 4.5 * error + 1e-9 && *error < most, "{found}, {expected} ± {error}");
    }
}

/// sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ for even x from -π to π: the total indices are known.
#[test]
fn ishigami() {
    let model = of_row(|x| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin());
    let pi = std::f64::consts::PI;
    // From -π, where nothing is present, to π.
    let sobol = SobolIndices::new().n(8192).fill(Reference::Constant(-pi)).chunk(512);
    let why = sobol.analyze(&model, &array![[pi, pi, pi]], Index(0)).unwrap();
    let first = 0.5 * (1.0 + 0.1 * pi.powi(4) / 5.0).powi(2);
    let both = 0.01 * pi.powi(8) * (1.0 / 18.0 - 1.0 / 50.0);
    let second = 49.0 / 8.0;
    let variance = first + second + both;
    let expected = [(first + both) / variance, second / variance, both / variance];
    close(&Array1::from(expected.to_vec()), &array![0.5576, 0.4424, 0.2437], 1e-4);
    within_errors(&why, &expected, 0.02);
}

#[test]
fn of_a_linear_model_the_indices_are_shares_of_squares() {
    let x = numbers::<f64, _>((2, 5));
    let squares = Array2::from_shape_fn((2, 5), |(s, j)| (weight(j) * x[[s, j]]).powi(2));
    let expected = &squares / &squares.sum_axis(Axis(1)).insert_axis(Axis(1));
    let why = SobolIndices::new().n(2000).chunk(512).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
    close(&why.values, &expected, 0.04);
    assert_eq!(why.kind, Kind::Importance);
    assert_eq!(why.extras.evaluations, Some(vec![1 + 2000 * 7; 2]));
}

#[test]
fn a_dummy_and_a_constant_have_no_index() {
    let model = of_row(|x| x[0] * x[1]);
    let x = array![[1.0, 2.0, 3.0]];
    let why = SobolIndices::new().analyze(&model, &x, Index(0)).unwrap();
    assert!(why.values[[0, 0]] > 0.2 && why.values[[0, 1]] > 0.2 && why.values[[0, 2]] == 0.0, "{}", why.values);
    let why = SobolIndices::new().analyze(&of_row(|_| 4.0), &x, Index(0)).unwrap();
    assert!(why.values.iter().all(|v| *v == 0.0));
    assert!(why.extras.standard_error.unwrap()[0].iter().all(|v| *v == 0.0));
}

/// Neither index nor criterion depends on what does nothing; noise is not taken for dependence.
#[test]
fn the_criterion_is_zero_in_the_mean_for_what_does_nothing() {
    let model = of_row(|x| x[0] + 2.0 * x[1] * x[2]);
    let x = array![[1.0, 1.0, 1.0, 1.0, 1.0]];
    let (mut sum, mut squares, mut said, mut used) = (0.0, 0.0, 0.0, Array1::<f64>::zeros(5));
    for seed in 0..60 {
        let why = Hsic::new().n(60).seed(seed).analyze(&model, &x, Index(0)).unwrap();
        let values = of(&why);
        used += &values;
        for dummy in [3, 4] {
            sum += values[dummy];
            squares += values[dummy].powi(2);
            said += why.extras.standard_error.as_ref().unwrap()[0][dummy].powi(2);
        }
    }
    used /= 60.0;
    assert!(used[0] > 0.01 && used[1] > 0.01 && used[2] > 0.01, "{used}");
    let (mean, deviation) = (sum / 120.0, (squares / 120.0).sqrt());
    assert!(mean.abs() < 3.5 * deviation / 120f64.sqrt(), "{mean} ± {deviation}");
    assert!((0.4..1.6).contains(&(deviation / (said / 120.0).sqrt())), "{deviation} and {}", (said / 120.0).sqrt());
}

#[test]
fn only_the_patch_that_is_looked_at_depends() {
    let model = super::cases::of_numbers::<ndarray::Ix4>(|x| (x[0] + x[1] + x[8] + x[9]).powi(2));
    let x = ndarray::Array4::ones((1, 1, 8, 8));
    let why = Hsic::new().n(300).features(Features::grid([4, 4])).analyze(&model, &x, Index(0)).unwrap();
    let values = &why.extras.feature_values.unwrap()[0];
    let errors = &why.extras.standard_error.unwrap()[0];
    assert!(values[0] > 0.05, "{values:?}");
    for (value, error) in values.iter().zip(errors).skip(1) {
        assert!(value.abs() < 0.02 && value.abs() < 6.0 * error + 1e-3, "{value} ± {error}");
    }
    // An output of one feature, which is seen as often as not: E[kernel sums] by hand, σ being its only distance.
    let binary = of_row(|x| 3.0 * x[0]);
    let why = Hsic::new().n(2000).analyze(&binary, &array![[1.0, 1.0]], Index(0)).unwrap();
    let expected = 0.25 * 1.0 * (1.0 - (-0.5f64).exp());
    within_errors(&why, &[expected, 0.0], 0.01);
}

#[test]
fn batches_are_their_samples_in_any_chunk() {
    let model = of_row(|x| (x[0] * x[1] - x[2]).tanh() + x[3] * x[3]);
    let x = numbers::<f64, _>((3, 4));
    let sobol = SobolIndices::new().n(40).seed(2);
    let hsic = Hsic::new().n(40).seed(2);
    let whole = sobol.analyze(&model, &x, Index(0)).unwrap().values;
    let criterion = hsic.analyze(&model, &x, Index(0)).unwrap().values;
    for (sample, row) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
        let part = |of: &Array2<f64>| of.select(Axis(0), &[sample]);
        close(&sobol.analyze(&model, &row, Index(0)).unwrap().values, &part(&whole), 1e-13);
        close(&hsic.analyze(&model, &row, Index(0)).unwrap().values, &part(&criterion), 1e-13);
    }
    for chunk in [1, 5, 1000] {
        close(&sobol.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &whole, 1e-13);
        close(&hsic.clone().chunk(chunk).analyze(&model, &x, Index(0)).unwrap().values, &criterion, 1e-13);
    }
}

#[test]
fn tolerances_are_met_and_settings_refused_by_name() {
    let x = numbers::<f64, _>((1, 4));
    let why = SobolIndices::new().tolerance(0.1).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
    assert_eq!(why.extras.within_tolerance, Some(vec![true]));
    let why = Hsic::new().tolerance(0.2).analyze(&linear::<Ix2>(), &x, Index(0)).unwrap();
    assert_eq!(why.extras.within_tolerance, Some(vec![true]));
    let name = |refused: xai_core::Result<Explanation<f64, Ix2>>| match refused {
        Err(Error::InvalidParameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name(SobolIndices::new().n(1).analyze(&linear::<Ix2>(), &x, Index(0))), "n");
    for n in [4, 5001] {
        assert_eq!(name(Hsic::new().n(n).analyze(&linear::<Ix2>(), &x, Index(0))), "n");
    }
    assert_eq!(name(Hsic::new().fill(Fill::Blur { sigma: -1.0 }).analyze(&linear::<Ix2>(), &x, Index(0))), "sigma");
}
