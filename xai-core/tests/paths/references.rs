//! Means over sets of references, by all paths or by draws.

use ndarray::{Array2, Axis, array};
use xai_core::nn::Linear;
use xai_core::{
    Analyzer, Differentiable, Element, Error, ExpectedGradients, Given, GradientShap, Index, IntegratedGradients,
    MaxActivation, NdArray, Net, OverReferences, Progress, Quadrature, Reference, ReferenceSet, Result, Tensor, Var,
};

use crate::models::differences::noise;
use crate::models::{B, TanhNet};
use crate::paths::same::{background, inputs, known, standard_error};

const WEIGHTS: [f64; 3] = [2.0, -1.0, 0.5];

fn linear<E: Element>() -> Net<NdArray<E>, Linear<NdArray<E>>> {
    let weights = Array2::from_shape_vec((1, 3), WEIGHTS.map(E::of).to_vec()).unwrap();
    Net::new(Linear::new(Tensor::upload(weights.view().into_dyn(), &()).unwrap(), None).unwrap())
}

/// w · (x - mean of the references).
fn exact(x: &Array2<f64>, references: &Array2<f64>) -> Array2<f64> {
    (x - &references.mean_axis(Axis(0)).unwrap()) * &ndarray::arr1(&WEIGHTS)
}

fn apart(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
}

fn of_a_linear_model<E: Element>(tolerance: f64) {
    let model = linear::<E>();
    let x = inputs().mapv(E::of);
    let expected = exact(&inputs(), &background());
    let check = |analyzer: Box<dyn Analyzer<Net<NdArray<E>, Linear<NdArray<E>>>>>| {
        let why = analyzer.analyze(&model, &x, Index(0)).unwrap();
        let far = apart(&why.values.mapv(Element::as_f64), &expected);
        assert!(far < tolerance, "{}: {far}", why.analyzer);
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < tolerance), "{}", why.analyzer);
        assert!(why.extras.estimated_error.unwrap().iter().all(|&error| error > 0.01));
    };
    // As many draws for each reference, or not: the weights are the same.
    for n in [4, 5, 7, 50] {
        for seed in 0..3 {
            check(Box::new(ExpectedGradients::new(&background()).n(n).seed(seed)));
        }
    }
    for rule in Quadrature::ALL {
        check(Box::new(OverReferences::new(IntegratedGradients::new().n(3).quadrature(rule), &background())));
    }
}

#[test]
fn a_linear_model_gives_its_weights_times_the_distance_from_the_mean() {
    of_a_linear_model::<f64>(1e-12);
    of_a_linear_model::<f32>(1e-5);
}

#[test]
fn the_mean_over_references_is_the_mean_of_analyses() {
    fn check(model: &impl Differentiable<Backend = B>) {
        let set = background();
        for rule in Quadrature::ALL {
            let path = || IntegratedGradients::new().n(6).quadrature(rule);
            let why = OverReferences::new(path(), &set).analyze(model, &inputs(), MaxActivation).unwrap();
            let alone: Vec<Array2<f64>> = set
                .outer_iter()
                .map(|row| path().reference(Reference::sample(&row)).analyze(model, &inputs(), MaxActivation).unwrap())
                .map(|why| why.values)
                .collect();
            let mean = alone.iter().fold(Array2::zeros((3, 3)), |sum, values| sum + values) / 4.0;
            assert!(apart(&why.values, &mean) < 1e-12, "{rule}");
            let errors = standard_error(&why);
            for (sample, error) in errors.iter().enumerate() {
                let squares: f64 =
                    alone.iter().map(|values| (&values.row(sample) - &mean.row(sample)).mapv(|v| v * v).sum()).sum();
                assert!((error - (squares / 3.0 / 4.0).sqrt()).abs() < 1e-12, "{rule}");
            }
        }
    }
    check(&TanhNet::default());
    check(&known());
}

#[test]
fn black_and_white_are_two_references() {
    let model = known();
    let set = ReferenceSet::constants([-1.0, 1.0]);
    let why = OverReferences::new(IntegratedGradients::new(), set).n(40).quadrature(Quadrature::GaussLegendre);
    let why = why.analyze(&model, &inputs(), Index(1)).unwrap();
    let from = |value| {
        let path = IntegratedGradients::new().n(40).quadrature(Quadrature::GaussLegendre);
        path.reference(Reference::Constant(value)).analyze(&model, &inputs(), Index(1)).unwrap().values
    };
    assert!(apart(&why.values, &((from(-1.0) + from(1.0)) / 2.0)) < 1e-12);
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-9));
}

#[test]
fn draws_come_to_the_mean_over_references() {
    let model = TanhNet::default();
    let truth =
        OverReferences::new(IntegratedGradients::new().n(60).quadrature(Quadrature::GaussLegendre), &background());
    let truth = truth.analyze(&model, &inputs(), Index(0)).unwrap().values;
    let run =
        |n, seed| ExpectedGradients::new(&background()).n(n).seed(seed).analyze(&model, &inputs(), Index(0)).unwrap();
    let norm = |values: &Array2<f64>, i: usize| values.row(i).mapv(|v| v * v).sum().sqrt();
    let (mut squares, mut told) = (0.0, 0.0);
    for seed in 0..60 {
        let why = run(20, seed);
        let gaps = why.extras.completeness_gap.clone().unwrap();
        let wrong = &why.values - &truth;
        let errors = standard_error(&why);
        for (i, (gap, error)) in gaps.iter().zip(errors).enumerate() {
            squares += norm(&wrong, i).powi(2);
            told += error.powi(2);
            // The path integrals are complete: what the values lack is what the gap says.
            assert!((gap - wrong.row(i).sum()).abs() < 1e-9);
        }
    }
    assert!(squares < told, "the standard error is a bound: {squares} of {told}");
    let error = |n| (0..8).map(|seed| apart(&run(n, seed).values, &truth)).sum::<f64>();
    assert!(error(2000) < 0.05 * error(20), "strata gain more than 1 / √n: {} of {}", error(2000), error(20));
}

#[test]
fn fewer_draws_than_references_take_as_many_of_them() {
    let why = ExpectedGradients::new(&background()).n(2).analyze(&linear::<f64>(), &inputs(), Index(0)).unwrap();
    let pairs = (0..4).flat_map(|a| (0..a).map(move |b| [a, b]));
    let of_pair = |pair: [usize; 2]| exact(&inputs(), &background().select(Axis(0), &pair));
    assert!(pairs.map(of_pair).any(|expected| apart(&why.values, &expected) < 1e-12));
    assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < 1e-12));
}

#[test]
fn seeds_decide_the_draws_and_noise_is_part_of_the_distance() {
    let model = TanhNet::default();
    let run = |analyzer: GradientShap| analyzer.analyze(&model, &inputs(), Index(0)).unwrap().values;
    let base = || ExpectedGradients::new(&background()).n(6);
    assert_eq!(run(base()), run(base().seed(0)));
    assert_eq!(run(base().seed(4)), run(base().seed(4)));
    assert_ne!(run(base().seed(4)), run(base().seed(5)));
    assert_eq!(run(base().std(0.0)), run(base()));
    assert_ne!(run(base().std(0.1)), run(base()));
    assert_ne!(run(base().std(0.1).seed(1)), run(base().std(0.1).seed(2)));
    // Of a linear model, w · (x + mean noise - mean of the references): Captum's formula.
    let noisy = ExpectedGradients::new(&background()).n(4000).std(0.5).analyze(&linear::<f64>(), &inputs(), Index(0));
    let noisy = noisy.unwrap().values;
    let far = &(&noisy - &exact(&inputs(), &background())) / &ndarray::arr1(&WEIGHTS);
    assert!(far.iter().all(|mean| mean.abs() > 1e-6 && mean.abs() < 4.0 * 0.5 / 4000_f64.sqrt()), "{far}");
}

/// y = Σ (a + b)² c, of two explained inputs and a given one.
struct Three;

impl Differentiable for Three {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let sum = &x[0] + &x[1];
        Ok((&sum * &sum * &x[2]).sum(&[1]))
    }
}

#[test]
fn several_inputs_have_a_set_each_and_a_given_one_stays() {
    let of = |seed, rows| noise(seed, &[rows, 2]).into_dimensionality::<ndarray::Ix2>().unwrap();
    let (a, b, c) = (of(1, 3), of(2, 3), of(3, 3));
    let sets = || [ReferenceSet::samples(&of(4, 5)), ReferenceSet::samples(&of(5, 5))];
    let at = |a: &Array2<f64>, b: &Array2<f64>| ((a + b).mapv(|s| s * s) * &c).sum_axis(Axis(1));
    let mean: ndarray::Array1<f64> = (0..5)
        .map(|k| at(&of(4, 5).select(Axis(0), &[k, k, k]), &of(5, 5).select(Axis(0), &[k, k, k])))
        .fold(ndarray::Array1::zeros(3), |sum, at| sum + at)
        / 5.0;
    let change = at(&a, &b) - mean;
    let path = IntegratedGradients::new().n(2).quadrature(Quadrature::Midpoint);
    let over = OverReferences::new(path, ReferenceSet::default()).references_of_inputs(sets());
    let why = over.analyze(&Three, (&a, &b, Given(&c)), Index([0])).unwrap();
    let total = |values: &(Array2<f64>, Array2<f64>, ())| (&values.0 + &values.1).sum_axis(Axis(1));
    assert!((total(&why.values) - &change).iter().all(|gap| gap.abs() < 1e-12));
    for chunk in [1, 4, 64] {
        let draws = ExpectedGradients::default().references_of_inputs(sets()).n(12).chunk(chunk);
        let why = draws.analyze(&Three, (&a, &b, Given(&c)), Index([0])).unwrap();
        let gaps = why.extras.completeness_gap.clone().unwrap();
        for (gap, expected) in gaps.iter().zip(total(&why.values) - &change) {
            assert!((gap - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn progress_is_told_in_analyses_and_gradients() {
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listen = || {
        let seen = Arc::clone(&seen);
        move |progress: Progress| seen.lock().unwrap().push((progress.done, progress.total))
    };
    let over = OverReferences::new(IntegratedGradients::new().n(2), &background()).chunk(6).on_progress(listen());
    over.analyze(&known(), &inputs(), Index(0)).unwrap();
    assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), [(3, 12), (6, 12), (12, 12)]);
    let draws = ExpectedGradients::new(&background()).n(4).chunk(6).on_progress(listen());
    draws.analyze(&known(), &inputs(), Index(0)).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(6, 12), (12, 12)]);
}

#[test]
fn what_cannot_be_is_refused_before_any_pass() {
    let model = linear::<f64>();
    let words = |result: Result<_>| -> String {
        result.map(|_: xai_core::Explanation<f64, ndarray::Ix2>| ()).unwrap_err().to_string()
    };
    let draws = |analyzer: ExpectedGradients| words(analyzer.analyze(&model, &inputs(), Index(0)));
    let over = |set: ReferenceSet| {
        words(OverReferences::new(IntegratedGradients::new(), set).analyze(&model, &inputs(), Index(0)))
    };
    let empty = || ReferenceSet::new([]);
    assert!(draws(ExpectedGradients::new(empty())).contains("at least one"));
    assert!(over(empty()).contains("at least one"));
    let narrow = || ReferenceSet::samples(&array![[1.0, 2.0]]);
    assert!(draws(ExpectedGradients::new(narrow())).contains("[1, 2]"));
    assert!(over(narrow()).contains("a row for each reference"));
    assert!(over(ReferenceSet::samples(&array![1.0, 2.0, 3.0])).contains("[3]"));
    assert!(over(ReferenceSet::samples(&array![[1.0, f64::NAN, 2.0]])).contains("NaN at [0, 1]"));
    assert!(over(ReferenceSet::constants([0.0, f64::INFINITY])).contains("inf"));
    assert!(over(ReferenceSet::new([Reference::array(&array![[1.0, 2.0, 3.0]])])).contains("expected shape [3, 3]"));
    assert!(draws(ExpectedGradients::default().n(0)).contains("n = 0"));
    assert!(draws(ExpectedGradients::default().chunk(0)).contains("chunk = 0"));
    assert!(draws(ExpectedGradients::default().std(-1.0)).contains("-1"));
    let two = [narrow(), ReferenceSet::default()];
    assert!(draws(ExpectedGradients::default().references_of_inputs(two)).contains("2 set(s) of references"));
    let uneven = [ReferenceSet::constants([0.0, 1.0]), ReferenceSet::default()];
    let (a, b) = (inputs(), inputs());
    let uneven =
        ExpectedGradients::default().references_of_inputs(uneven).analyze(&Three, (&a, &b, Given(&a)), Index([0]));
    assert!(matches!(uneven, Err(Error::Unsupported { .. })));
    let own = OverReferences::new(IntegratedGradients::new().n(1), &background()).analyze(&model, &inputs(), Index(0));
    assert!(own.unwrap_err().to_string().contains("n = 1"), "what is wrapped is asked too");
}

#[test]
fn a_set_tells_what_it_has() {
    assert_eq!(ReferenceSet::samples(&background()).len(), 4);
    let collected: ReferenceSet = background().outer_iter().map(|row| row.to_owned()).collect();
    assert_eq!(collected.len(), 4);
    assert_eq!(format!("{:?}", ReferenceSet::default()), "[Zeros]");
    assert!(ReferenceSet::new([]).is_empty());
    let run = |set: ReferenceSet| {
        OverReferences::new(IntegratedGradients::new().n(4), set).analyze(&known(), &inputs(), Index(0)).unwrap().values
    };
    assert!(apart(&run(collected), &run((&background()).into())) < 1e-14);
}
