//! Tables of analyzers against metrics: groups, failures, and what stands in them.

use ndarray::{Array2, ArrayView2, Axis, array};
use xai_core::metrics::{
    Better, Evaluate, Evaluation, Gini, Metric, ParameterRandomisation, RandomLogit, Scored, Scores,
};
use xai_core::{Analyzer, BlackBox, Error, Gradient, Index, Result};

use crate::models::{B, Edges, Told, close, deep, linear, numbers};

/// Every sample's first value.
struct First(Better);

impl Metric<B> for First {
    fn name(&self) -> String {
        "first".into()
    }

    fn better(&self) -> Better {
        self.0
    }

    fn score(&self, on: &Scored<'_, B>) -> Result<Scores> {
        let first = |(row, values): (usize, ndarray::ArrayViewD<'_, f64>)| match values.iter().next() {
            Some(value) if *value < 100.0 => Ok(*value),
            _ => Err(Error::InvalidParameter {
                name: "values",
                value: format!("too much of sample {}", on.sample(row)),
                reason: "it must be below 100".into(),
            }),
        };
        Ok(on.values.outer_iter().enumerate().map(first).collect::<Result<Vec<_>>>()?.into())
    }
}

fn told(values: &[f64]) -> Told {
    Told(
        Array2::from_shape_fn((values.len(), 2), |(row, column)| if column == 0 { values[row] } else { 1.0 })
            .into_dyn(),
    )
}

fn table(better: Better, analyzers: &[&Told], groups: Option<&[&str]>) -> Evaluation {
    let analyzers: Vec<&dyn xai_core::AnyAnalyzer<B>> = analyzers.iter().map(|told| *told as _).collect();
    let metric = First(better);
    let mut evaluate = Evaluate::new(&analyzers, &[&metric]);
    if let Some(groups) = groups {
        evaluate = evaluate.groups(groups.iter().copied());
    }
    evaluate.run(&linear(&numbers((2, 2), 1)), &Array2::ones((4, 2)), Index(0)).unwrap()
}

#[test]
fn closer_to_a_number_is_better_from_either_side() {
    let (below, near, above) = (told(&[-0.9; 4]), told(&[0.2; 4]), told(&[0.5; 4]));
    let all = [&below, &near, &above];
    let best = |better| table(better, &all, None).best(0);
    assert_eq!(best(Better::Closer(0.0)), Some(1));
    assert_eq!(best(Better::Closer(0.6)), Some(2));
    assert_eq!((best(Better::Lower), best(Better::Higher)), (Some(0), Some(2)));
    let found = table(Better::Closer(0.0), &all, None);
    let text = found.to_markdown();
    assert!(text.starts_with("| | first → 0 |") && text.contains("| Told | **0.2000 ± 0.0000** |"), "{text}");
    assert!(found.to_csv().lines().nth(1).unwrap().starts_with("Told,first,closer to 0,0,"));
    // What has no place is better than nothing, and nothing is better than it.
    assert!(!Better::Closer(0.0).prefers(f64::NAN, 1.0) && !Better::Closer(0.0).prefers(1.0, f64::NAN));
    let is_zero_right = |metric: &dyn Metric<B>| metric.better() == Better::Closer(0.0);
    assert!(is_zero_right(&ParameterRandomisation::new()) && is_zero_right(&RandomLogit::new()));
}

#[test]
fn intervals_are_students_over_samples_or_groups() {
    let values = told(&[1.0, 2.0, 3.0, 6.0]);
    // Mean 3, s² = 14 / 3, t of three degrees of freedom.
    let alone = table(Better::Higher, &[&values], None);
    close(alone.mean(0, 0).unwrap(), 3.0);
    let half = 3.182_446_305_284_263 * (14.0_f64 / 3.0 / 4.0).sqrt();
    assert!((alone.interval(0, 0).unwrap() - half).abs() < 1e-11);
    // Means 2 and 6: mean 4, s = √8, t of one degree of freedom.
    let groups = ["cat", "cat", "cat", "dog"];
    let grouped = table(Better::Higher, &[&values], Some(&groups));
    close(grouped.mean(0, 0).unwrap(), 4.0);
    assert!((grouped.interval(0, 0).unwrap() - 12.706_204_736_174_71 * 2.0).abs() < 1e-10);
    assert!(grouped.to_csv().contains("Told,first,higher,3,dog,6,,4,25.41"), "{}", grouped.to_csv());
    // One group says nothing about others, and every sample has one.
    assert_eq!(table(Better::Higher, &[&values], Some(&["cat"; 4])).interval(0, 0), None);
    let net = linear(&numbers((2, 2), 1));
    let error = Evaluate::new(&[&values], &[&Gini]).groups(["cat"]).run(&net, &Array2::ones((4, 2)), 0).unwrap_err();
    assert!(error.to_string().contains("groups = 1") && error.to_string().contains("4 sample(s)"), "{error}");
}

#[test]
fn a_sample_that_fails_leaves_the_others_their_scores() {
    let values = told(&[1.0, 200.0, 3.0, 5.0]);
    let found = table(Better::Higher, &[&values], None);
    let cell = &found.cells[0][0];
    assert_eq!((&cell.scores.values[..], &cell.samples[..]), (&[1.0, 3.0, 5.0][..], &[0, 2, 3][..]));
    assert_eq!(cell.failures.len(), 1);
    assert_eq!(cell.failures[0].sample, 1);
    assert!(cell.failures[0].error.to_string().contains("too much of sample 1"));
    close(found.mean(0, 0).unwrap(), 3.0);
    let text = found.to_markdown();
    assert!(text.contains("| Told | **3.0000 ± 4.9683** (1) |"), "{text}");
    assert!(text.contains("(1) Told, first: 1 of 4 samples have no score: values = too much of sample 1"), "{text}");
    let named = table(Better::Higher, &[&values], Some(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"])).to_markdown();
    assert!(named.contains("it must be below 100 (sample 1, b.jpg)"), "{named}");
    let csv = found.to_csv();
    assert!(csv.lines().any(|line| line.starts_with("Told,first,higher,1,,,,3,4.968") && line.contains("below 100")));
    assert_eq!(csv.lines().count(), 1 + 2 * 4);
}

#[test]
fn an_analyzer_that_fails_for_a_sample_leaves_the_others_their_scores() {
    let found = table(Better::Higher, &[&told(&[1.0, f64::NAN, 3.0, 5.0]), &told(&[2.0; 4])], None);
    assert_eq!(found.cells[0][0].samples, [0, 2, 3]);
    assert!(found.cells[0][0].failures[0].error.to_string().contains("NaN"));
    assert_eq!(found.cells[1][0].scores.values, [2.0; 4]);
    // Where nothing is left there is no mean, and the reason is told once.
    let nothing = table(Better::Higher, &[&told(&[200.0; 4]), &told(&[2.0; 4])], None);
    assert_eq!((nothing.mean(0, 0), nothing.best(0)), (None, Some(1)));
    assert!(nothing.to_markdown().contains("| Told | (1) |"), "{}", nothing.to_markdown());
}

#[test]
fn masks_follow_their_samples_when_these_are_taken_one_by_one() {
    use xai_core::metrics::RelevanceMass;
    // The first sample has nothing positive; the others' masses are known.
    let values = array![[-1.0, -1.0], [1.0, 3.0], [2.0, 2.0]];
    let mask = array![[true, true], [false, true], [true, false]];
    let (net, told) = (linear(&numbers((2, 2), 1)), Told(values.into_dyn()));
    let table = Evaluate::new(&[&told], &[&RelevanceMass::new(&mask)]).run(&net, &Array2::ones((3, 2)), 0).unwrap();
    let cell = &table.cells[0][0];
    assert_eq!((&cell.scores.values[..], &cell.samples[..]), (&[0.75, 0.5][..], &[1, 2][..]));
    assert!(cell.failures[0].error.to_string().contains("of sample 0"));
}

#[test]
fn an_error_of_the_model_ends_it() {
    fn service(x: ArrayView2<'_, f64>) -> Result<Array2<f64>, std::io::Error> {
        if x.iter().any(|v| *v == 0.0) { Err(std::io::Error::other("the service is down")) } else { Ok(x.to_owned()) }
    }
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let told = told(&[1.0, 2.0]);
    let deletion = xai_core::metrics::Deletion::new();
    // Calls of several threads say of which rows they were.
    for model in [BlackBox::new(service), BlackBox::new(service).threads(2)] {
        let error = Evaluate::new(&[&told], &[&Gini, &deletion]).run(&model, &x, 0).unwrap_err();
        assert!(matches!(error.root(), Error::Backend { .. }) && error.to_string().contains("is down"), "{error}");
        let zeros = array![[0.0, 1.0], [1.0, 1.0]];
        let error = Evaluate::new(&[&told], &[&Gini]).run(&model, &zeros, 0).unwrap_err();
        assert!(error.to_string().contains("is down"), "{error}");
    }
}

#[test]
fn parts_are_put_together_with_all_they_have() {
    let (net, x) = (deep(6, 5), numbers((4, 6), 3));
    let (test, gini) = (ParameterRandomisation::new(), Gini::new());
    let part = |rows: &[usize], groups: &[&str]| {
        let evaluate = Evaluate::new(&[&Gradient, &Edges], &[&test, &gini]).groups(groups.iter().copied());
        evaluate.run(&net, &x.select(Axis(0), rows), Index(1)).unwrap()
    };
    let whole = part(&[0, 1, 2, 3], &["a", "b", "b", "c"]);
    let mut parts = part(&[0, 1], &["a", "b"]);
    parts.extend(part(&[2, 3], &["b", "c"])).unwrap();
    assert_eq!((parts.samples, &parts.groups), (4, &whole.groups));
    for row in 0..2 {
        let (one, other) = (&whole.cells[row][0], &parts.cells[row][0]);
        assert_eq!((&one.samples, &one.scores.verdicts), (&other.samples, &other.scores.verdicts));
        close(one.scores.values[3], other.scores.values[3]);
        close(whole.mean(row, 0).unwrap(), parts.mean(row, 0).unwrap());
        assert_eq!(other.scores.curve.as_ref().unwrap().y.dim(), (4, 3));
    }
    let words = "it does not depend on the weights: it shows the input, not the model";
    assert!(parts.to_markdown().contains(&format!("parameter randomisation, Edges, RandomMap: {words}")));
    let csv = parts.to_csv();
    assert!(
        csv.lines().filter(|line| line.starts_with("Edges,parameter") && line.contains("not the model")).count() == 4
    );
    // Failures are renumbered, and parts must fit.
    let mut failed = table(Better::Higher, &[&told(&[1.0, 2.0, 3.0, 200.0])], None);
    failed.extend(table(Better::Higher, &[&told(&[200.0; 4])], None)).unwrap();
    let of: Vec<usize> = failed.cells[0][0].failures.iter().map(|failure| failure.sample).collect();
    assert_eq!((of, failed.samples), (vec![3, 4, 5, 6, 7], 8));
    assert!(failed.extend(table(Better::Higher, &[&told(&[1.0; 4])], Some(&["a"; 4]))).is_err());
    assert!(failed.extend(whole).unwrap_err().to_string().contains("analyzers"));
}

#[test]
fn a_turned_map_shows_as_little_of_the_weights() {
    // Whatever the weights are, the second explanation is the first one's opposite.
    struct Turns(std::sync::atomic::AtomicBool);
    impl<M: xai_core::Differentiable + ?Sized> Analyzer<M> for Turns {
        fn name(&self) -> String {
            "Turns".into()
        }
        fn kind(&self) -> xai_core::Kind {
            xai_core::Kind::Attribution
        }
        fn attribute(
            &self,
            model: &M,
            call: &xai_core::Call<'_, M::Backend>,
        ) -> Result<xai_core::Attribution<M::Backend>> {
            let sign = if self.0.fetch_xor(true, std::sync::atomic::Ordering::Relaxed) { -1.0 } else { 1.0 };
            Told(array![[sign, 2.0 * sign, 4.0 * sign]].into_dyn()).attribute(model, call)
        }
    }
    let test = ParameterRandomisation::new().order(xai_core::metrics::Order::AtOnce);
    let (net, x) = (linear(&numbers((2, 3), 5)), numbers((1, 3), 6));
    let scores = test.of_analyzer(&net, &x, Index(0), &Turns(false.into())).unwrap();
    close(scores.values[0], -1.0);
    assert!(scores.verdict().unwrap().contains("does not depend on the weights"));
}
