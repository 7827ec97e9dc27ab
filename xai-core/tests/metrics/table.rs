//! Analyzers against metrics.

use ndarray::Axis;
use xai_core::metrics::{
    Better, Deletion, Gini, Infidelity, Insertion, ParameterRandomisation, PointingGame, RandomMap, evaluate,
};
use xai_core::{Analyzer, Gradient, Index, InputTimesGradient, IntegratedGradients};

use crate::models::{deep, linear, numbers};

#[test]
fn the_method_that_is_right_wins_and_the_random_map_is_a_row() {
    let (net, x) = (linear(&numbers((2, 30), 1)), numbers((5, 30), 2));
    let table = evaluate(
        &net,
        &x,
        Index(1),
        &[&Gradient, &InputTimesGradient, &IntegratedGradients::new()],
        &[&Deletion::new(), &Insertion::new(), &Infidelity::new()],
    )
    .unwrap();
    assert_eq!(table.analyzers, ["Gradient", "InputTimesGradient", "IntegratedGradients", "RandomMap"]);
    assert_eq!(table.metrics[0], ("deletion".to_owned(), Better::Lower));
    let mean = |row: usize, column: usize| {
        let values = &table.cells[row][column].as_ref().unwrap().values;
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!(mean(1, 0) < mean(3, 0) && mean(1, 1) > mean(3, 1));
    assert!([1, 2].contains(&table.best(0).unwrap()));
    // A gradient is in no output units: its cell says so, and the others are there.
    assert!(table.cells[0][2].is_err() && table.first_error().unwrap().to_string().contains("infidelity"));
    let text = table.to_markdown();
    assert!(text.contains("| InputTimesGradient | **") && text.contains("(1) Gradient, infidelity"), "{text}");
    assert_eq!(text.lines().next().unwrap(), "| | deletion ↓ | insertion ↑ | infidelity ↓ |");
    let csv = table.to_csv();
    // Four analyzers, five samples, three metrics, but for the refused cell; and the head.
    assert_eq!(csv.lines().count(), 1 + 4 * 5 * 3 - 5);
    assert!(csv.lines().nth(1).unwrap().starts_with("Gradient,deletion,lower,0,"));
}

#[test]
fn everything_is_refused_before_any_pass() {
    let (net, x) = (deep(6, 5), numbers((1, 6), 3));
    let wrong = IntegratedGradients::new().n(1);
    assert!(evaluate(&net, &x, Index(0), &[&Gradient, &wrong], &[&Gini]).is_err());
    assert!(evaluate(&net, &x, Index(9), &[&Gradient], &[&Gini]).is_err());
    let game = PointingGame::new(&ndarray::Array2::from_elem((1, 6), false));
    assert!(evaluate(&net, &x, Index(0), &[&Gradient], &[&game]).is_err());
}

#[test]
fn the_random_map_is_the_same_for_every_sample() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 4));
    let all = RandomMap::new().seed(5).analyze(&net, &x, Index(0)).unwrap();
    assert_eq!(all.values.row(0), all.values.row(2));
    let one = RandomMap::new().seed(5).analyze(&net, &x.select(Axis(0), &[1]), Index(0)).unwrap();
    assert_eq!(all.values.row(1), one.values.row(0));
    assert_ne!(RandomMap::new().analyze(&net, &x, Index(0)).unwrap().values, all.values);
    let table = evaluate(&net, &x, Index(0), &[&Gradient], &[&ParameterRandomisation::new()]).unwrap();
    let random = table.cells[1][0].as_ref().unwrap();
    assert!(random.values.iter().all(|value| (value - 1.0).abs() < 1e-12));
}
