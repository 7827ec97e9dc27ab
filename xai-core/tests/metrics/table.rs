//! Analyzers against metrics.

use ndarray::Axis;
use xai_core::metrics::{
    Better, Deletion, Evaluate, Gini, Infidelity, Insertion, ParameterRandomisation, PointingGame, RandomMap,
};
use xai_core::{Analyzer, Gradient, Index, InputTimesGradient, IntegratedGradients, SmoothGrad};

use crate::models::{close, deep, linear, numbers};

#[test]
fn the_method_that_is_right_wins_and_the_random_map_is_a_row() {
    let (net, x) = (linear(&numbers((2, 30), 1)), numbers((5, 30), 2));
    let table = Evaluate::new(
        &[&Gradient, &InputTimesGradient, &IntegratedGradients::new()],
        &[&Deletion::new(), &Insertion::new(), &Infidelity::new()],
    )
    .run(&net, &x, Index(1))
    .unwrap();
    assert_eq!(table.analyzers, ["Gradient", "InputTimesGradient", "IntegratedGradients", "RandomMap"]);
    assert_eq!(table.metrics[0], ("deletion".to_owned(), Better::Lower));
    let mean = |row: usize, column: usize| table.mean(row, column).unwrap();
    assert!(mean(1, 0) < mean(3, 0) && mean(1, 1) > mean(3, 1));
    assert!([1, 2].contains(&table.best(0).unwrap()));
    // A gradient is in no output units: its cell says so, and the others are there.
    assert!(table.cells[0][2].failures.len() == 5 && table.first_error().unwrap().to_string().contains("infidelity"));
    let text = table.to_markdown();
    assert!(text.contains("| InputTimesGradient | **") && text.contains("(1) Gradient, infidelity"), "{text}");
    assert_eq!(text.lines().next().unwrap(), "| | deletion ↓ | insertion ↑ | infidelity ↓ |");
    let csv = table.to_csv();
    // Four analyzers, five samples, three metrics, the refused cell's with the reason; and the head.
    assert_eq!(csv.lines().count(), 1 + 4 * 5 * 3);
    assert_eq!(
        csv.lines().filter(|line| line.starts_with("Gradient,infidelity,lower,") && line.contains("kind is")).count(),
        5
    );
    assert!(csv.lines().nth(1).unwrap().starts_with("Gradient,deletion,lower,0,"));
}

#[test]
fn everything_is_refused_before_any_pass() {
    let (net, x) = (deep(6, 5), numbers((1, 6), 3));
    let wrong = IntegratedGradients::new().n(1);
    assert!(Evaluate::new(&[&Gradient, &wrong], &[&Gini]).run(&net, &x, Index(0)).is_err());
    assert!(Evaluate::new(&[&Gradient], &[&Gini]).run(&net, &x, Index(9)).is_err());
    let game = PointingGame::new(&ndarray::Array2::from_elem((1, 6), false));
    assert!(Evaluate::new(&[&Gradient], &[&game]).run(&net, &x, Index(0)).is_err());
}

#[test]
fn the_random_map_is_another_one_for_every_sample() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 4));
    let map = |seed| RandomMap::new().seed(seed).analyze(&net, &x, Index(0)).unwrap().values;
    let all = map(5);
    assert_ne!(all.row(0), all.row(1));
    assert_ne!(all.row(1), all.row(2));
    assert_eq!(all, map(5));
    assert_ne!(all, map(6));
    let one = RandomMap::new().seed(5).analyze(&net, &x.select(Axis(0), &[1]), Index(0)).unwrap();
    assert_eq!(all.row(0), one.values.row(0));
    // Copies of a sample have its map.
    let copies = SmoothGrad::over(RandomMap::new().seed(5)).n(3).analyze(&net, &x, Index(0)).unwrap().values;
    copies.iter().zip(&all).for_each(|(copy, map)| close(*copy, *map));
    // In a table each sample is scored by its own, and another seed has others.
    let random =
        |seed| Evaluate::new(&[&Gradient], &[&Gini]).seed(seed).run(&net, &x, Index(0)).unwrap().cells[1][0].clone();
    let (here, there) = (random(0).scores.values, random(1).scores.values);
    assert!(here[0] != here[1] && here[1] != here[2] && here != there);
    // Whatever the weights are it is the same.
    let table = Evaluate::new(&[&Gradient], &[&ParameterRandomisation::new()]).run(&net, &x, Index(0)).unwrap();
    assert!(table.cells[1][0].scores.values.iter().all(|value| (value - 1.0).abs() < 1e-12));
}
