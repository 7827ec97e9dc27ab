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

fn ishigami_indices() -> [f64; 3] {
    let pi = std::f64::consts::PI;
    let first = 0.5 * (1.0 + 0.1 * pi.powi(4) / 5.0).powi(2);
    let both = 0.01 * pi.powi(8) * (1.0 / 18.0 - 1.0 / 50.0);
    let second = 49.0 / 8.0;
    let variance = first + second + both;
    [(first + both) / variance, second / variance, both / variance]
}

/// sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ for even x from -π to π: the total indices are known.
#[test]
fn ishigami() {
    let model = ishigami_function();
    let pi = std::f64::consts::PI;
    // From -π, where nothing is present, to π.
    let sobol = SobolIndices::new().n(8192).fill(Reference::Constant(-pi)).chunk(512);
    let why = sobol.analyze(&model, &array![[pi, pi, pi]], Index(0)).unwrap();
    let expected = ishigami_indices();
    close(&Array1::from(expected.to_vec()), &array![0.5576, 0.4424, 0.2437], 1e-4);
    within_errors(&why, &expected, 0.02);
}

fn ishigami_function() -> impl xai_core::Differentiable<Backend = xai_core::NdArray<f64>> {
    of_row(|x| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin())
}

/// Root mean squares over seeds: of the errors in standard errors, feature by feature, and of the errors of all beside
/// what was said.
fn told(seeds: u64, expected: &[f64], run: &dyn Fn(u64) -> Explanation<f64, Ix2>) -> (Vec<f64>, Vec<f64>) {
    let (mut scores, mut errors, mut said) =
        (vec![0.0; expected.len()], vec![0.0; expected.len()], vec![0.0; expected.len()]);
    for seed in 0..seeds {
        let why = run(seed);
        let standard = &why.extras.standard_error.as_ref().unwrap()[0];
        for (j, expected) in expected.iter().enumerate() {
            let error = why.values[[0, j]] - expected;
            scores[j] += (error / standard[j]).powi(2) / seeds as f64;
            errors[j] += error * error;
            said[j] += standard[j].powi(2);
        }
    }
    let ratios = errors.iter().zip(said).map(|(errors, said)| (errors / said).sqrt());
    (scores.iter().map(|squares| squares.sqrt()).collect(), ratios.collect())
}

/// Both the numerator and the variance below it are estimates, of the same rows: an error of the numerator alone was
/// too small for what makes up little of the variance by itself.
#[test]
fn standard_errors_of_indices_are_right() {
    let pi = std::f64::consts::PI;
    let model = ishigami_function();
    let fill = || Fill::from(Reference::Constant(-pi));
    let sobol = || SobolIndices::new().n(256).chunk(512);
    let run = |seed| sobol().fill(fill()).seed(seed).analyze(&model, &array![[pi, pi, pi]], Index(0)).unwrap();
    let (scores, ratios) = told(120, &ishigami_indices(), &run);
    assert!(scores.iter().chain(&ratios).all(|score| (0.75..1.12).contains(score)), "{scores:?}, {ratios:?}");
    // Sobol's g-function, Π (|4x - 2| + a) / (1 + a): the variance that x has by itself is 1/3 (1 + a)^-2.
    let a = [0.0, 0.5, 3.0, 9.0];
    let g = of_row(move |x| x.iter().zip(a).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a)).product());
    let own = a.map(|a| (1.0 + a).powi(-2) / 3.0);
    let product: f64 = own.iter().map(|own| 1.0 + own).product();
    let expected = own.map(|own| own * product / (1.0 + own) / (product - 1.0));
    let run = |seed| sobol().seed(seed).analyze(&g, &array![[1.0, 1.0, 1.0, 1.0]], Index(0)).unwrap();
    let (scores, ratios) = told(120, &expected, &run);
    assert!(scores.iter().chain(&ratios).all(|score| (0.75..1.12).contains(score)), "{scores:?}, {ratios:?}");
}

/// The criterion of a game of few players by all pairs of masks, for the width that all pairs of outputs give.
fn criteria(players: usize, worth: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let masks: Vec<Vec<f64>> = (0..1usize << players)
        .map(|subset| (0..players).map(|player| (subset >> player & 1) as f64).collect())
        .collect();
    let outputs: Vec<f64> = masks.iter().map(|mask| worth(mask)).collect();
    let n = masks.len();
    let gap = |a: usize, b: usize| (outputs[a] - outputs[b]).abs();
    let mut gaps: Vec<f64> = (0..n * n).map(|pair| gap(pair / n, pair % n)).filter(|gap| *gap > 1e-12).collect();
    gaps.sort_by(f64::total_cmp);
    let width = gaps[gaps.len() / 2];
    let of_outputs = Array2::from_shape_fn((n, n), |(a, b)| (-0.5 * (gap(a, b) / width).powi(2)).exp());
    let rows = of_outputs.mean_axis(Axis(1)).unwrap();
    let of_player = |player: usize| {
        let alike = Array2::from_shape_fn((n, n), |(a, b)| f64::from(u8::from(masks[a][player] == masks[b][player])));
        // E[KL] + E[K] E[L] - 2 E[E[K | x] E[L | y]], of which a coin's E[K | x] is 1/2.
        (&alike * &of_outputs).mean().unwrap() + 0.5 * rows.mean().unwrap() - rows.mean().unwrap()
    };
    (0..players).map(of_player).collect()
}

/// In the mean square: with a feature of little dependence the error goes along with the estimate, and single scores
/// say less.
#[test]
fn standard_errors_of_the_criterion_are_right() {
    let weights = [1.0, 0.6, -0.8, 0.45, 0.3, 0.0];
    let worth =
        move |x: &[f64]| x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + 0.7 * x[0] * x[1] - 0.9 * x[2] * x[4];
    let expected = criteria(6, worth);
    let model = of_row(worth);
    let x = Array2::ones((1, 6));
    let run = |seed| Hsic::new().n(150).seed(seed).analyze(&model, &x, Index(0)).unwrap();
    let (_, ratios) = told(100, &expected, &run);
    // Three that matter; what matters little is told too large an error rather than too small a one.
    assert!(ratios[..3].iter().all(|ratio| (0.8..1.2).contains(ratio)), "{ratios:?}");
    assert!(ratios.iter().all(|ratio| (0.5..1.2).contains(ratio)), "{ratios:?}");
    assert!(expected[..3].iter().all(|value| *value > 0.01) && expected[5].abs() < 1e-12, "{expected:?}");
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
