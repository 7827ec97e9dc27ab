//! Metrics that explain anew.

use ndarray::{Array2, Axis, array};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xai_core::metrics::{InputInvariance, LocalLipschitz, MaxSensitivity, Metric, RandomLogit};
use xai_core::{Analyzer, AnyAnalyzer, Error, Function, Gradient, Index, InputTimesGradient, NdArray};

use crate::models::{B, Edges, close, deep, linear, numbers};

type T = ndarray::ArcArray<f64, ndarray::IxDyn>;

#[test]
fn the_gradient_of_a_linear_model_is_not_sensitive() {
    let (net, x) = (linear(&numbers((3, 5), 1)), numbers((2, 5), 2));
    assert_eq!(MaxSensitivity::new().of_analyzer(&net, &x, Index(1), &Gradient).unwrap().values, [0.0, 0.0]);
    assert_eq!(LocalLipschitz::new().of_analyzer(&net, &x, Index(1), &Gradient).unwrap().values, [0.0, 0.0]);
}

#[test]
fn the_gradient_of_a_square_moves_as_its_input() {
    // f = ½ Σ x² as outputs of one number: ∇f = x.
    let square = Function::<NdArray<f64>, _, _>::new(
        |x: &T| x.map_axis(Axis(1), |row| row.iter().map(|v| v * v / 2.0).sum()).insert_axis(Axis(1)).into_shared(),
        |x: &T, v: &T| (x * v).into_shared(),
    );
    let x = array![[3.0, 4.0], [0.6, 0.8]];
    let lipschitz = LocalLipschitz::new().n(4).radius(0.5).of_analyzer(&square, &x, Index(0), &Gradient).unwrap();
    lipschitz.values.iter().for_each(|&value| close(value, 1.0));

    // The largest of the drawn steps, in units of ‖x‖.
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut step = || (0..2).map(|_| rng.random_range(-0.5..=0.5)).map(|v: f64| v * v).sum::<f64>().sqrt();
    let largest = (0..4).map(|_| step()).fold(0.0, f64::max);
    let metric = MaxSensitivity::new().n(4).radius(0.5).seed(9);
    let found = metric.of_analyzer(&square, &x, Index(0), &Gradient).unwrap();
    close(found.values[0], largest / 5.0);
    close(found.values[1], largest);
}

#[test]
fn settings_are_checked_and_zeros_have_no_relative_change() {
    let (net, x) = (linear(&Array2::zeros((2, 3))), numbers((1, 3), 4));
    let fails = |metric: MaxSensitivity| metric.of_analyzer(&net, &x, Index(0), &Gradient).unwrap_err().to_string();
    assert!(fails(MaxSensitivity::new().n(0)).contains("at least 1"));
    assert!(fails(MaxSensitivity::new().radius(0.0)).contains("radius"));
    assert!(fails(MaxSensitivity::new().radius(f64::NAN)).contains("radius"));
    assert!(fails(MaxSensitivity::new()).contains("zeros of sample 0"));
    assert!(InputInvariance::new().shift(0.0).of_analyzer(&net, &x, Index(0), &Gradient).is_err());
}

#[test]
fn values_from_elsewhere_cannot_be_found_again() {
    let (net, x) = (linear(&numbers((2, 3), 5)), numbers((1, 3), 6));
    let why = Gradient.analyze(&net, &x, Index(0)).unwrap();
    let error = MaxSensitivity::new().of(&net, &x, &why).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { reason, .. } if reason.contains("of_analyzer")), "{error}");
}

#[test]
fn another_output_has_other_values() {
    let x = numbers((2, 6), 7);
    // The other row is the first one's opposite.
    let row = numbers((1, 6), 8);
    let opposite = linear(&ndarray::concatenate![Axis(0), row, -&row]);
    for value in RandomLogit::new().of_analyzer(&opposite, &x, Index(0), &Gradient).unwrap().values {
        close(value, -1.0);
    }
    for value in RandomLogit::new().of_analyzer(&opposite, &x, Index(1), &Edges).unwrap().values {
        close(value, 1.0);
    }
    let alone = linear(&row);
    assert!(RandomLogit::new().of_analyzer(&alone, &x, Index(0), &Gradient).is_err());
}

#[test]
fn a_shift_moves_what_depends_on_zero() {
    let weight = numbers((2, 5), 9);
    let (net, x) = (linear(&weight), numbers((1, 5), 10));
    let metric = InputInvariance::new().shift(2.0);
    close(metric.of_analyzer(&net, &x, Index(1), &Gradient).unwrap().values[0], 0.0);
    let norm = |of: ndarray::Array1<f64>| of.iter().map(|v| v * v).sum::<f64>().sqrt();
    let row = weight.row(1).to_owned();
    let expected = norm(&row * 2.0) / norm(&row * &x.row(0));
    close(metric.of_analyzer(&net, &x, Index(1), &InputTimesGradient).unwrap().values[0], expected);
}

#[test]
fn a_batch_scores_as_its_samples() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 11));
    let metrics: [&dyn Metric<B>; 4] =
        [&MaxSensitivity::new(), &LocalLipschitz::new(), &RandomLogit::new(), &InputInvariance::new()];
    for metric in metrics {
        for analyzer in [&Gradient as &dyn AnyAnalyzer<B>, &InputTimesGradient] {
            let all = (&metric).of_analyzer(&net, &x, Index(2), analyzer).unwrap().values;
            for (sample, value) in all.iter().enumerate() {
                let one = x.select(Axis(0), &[sample]);
                close(*value, (&metric).of_analyzer(&net, &one, Index(2), analyzer).unwrap().values[0]);
            }
        }
    }
}
