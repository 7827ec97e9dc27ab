//! Guided integrated gradients.

use ndarray::{Array2, Axis, array, s};
use xai_core::nn::{Activation, Linear, Sequential};
use xai_core::{
    Analyzer, Differentiable, Element, Error, Given, GuidedIg, Index, IntegratedGradients, MaxActivation, NdArray, Net,
    NoiseAugmentation, OverReferences, Progress, Quadrature, Reference, Result, Tensor, Var,
};

use super::same::{background, inputs, known};
use crate::models::{B, TanhNet, scalar};

fn apart(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
}

fn of_a_linear_model<E: Element>(tolerance: f64) {
    let weights = [3.0, -1.0, 0.5];
    let matrix = ndarray::arr2(&[weights.map(E::of)]);
    let linear = Linear::<NdArray<E>>::new(Tensor::upload(matrix.view().into_dyn(), &()).unwrap(), None).unwrap();
    let x0 = background().slice(s![..3, ..]).to_owned();
    let exact = (inputs() - &x0) * &ndarray::arr1(&weights);
    for (n, fraction, distance) in [(1, 0.25, 0.02), (7, 0.1, 1.0), (30, 0.25, 0.02), (30, 1.0, 0.5), (5, 0.5, 0.0)] {
        let guided = GuidedIg::new().n(n).fraction(fraction).max_distance(distance).reference(&x0);
        let why = guided.analyze(&Net::new(linear.clone()), &inputs().mapv(E::of), Index(0)).unwrap();
        assert!(apart(&why.values.mapv(Element::as_f64), &exact) < tolerance, "{n} {fraction} {distance}");
        assert!(why.extras.completeness_gap.unwrap().iter().all(|gap| gap.abs() < tolerance));
    }
}

#[test]
fn a_linear_model_gives_its_weights_times_the_distance() {
    of_a_linear_model::<f64>(1e-12);
    of_a_linear_model::<f32>(1e-5);
}

#[test]
fn without_room_beside_the_line_it_is_integrated_gradients() {
    let model = known();
    let path = IntegratedGradients::new().n(13).quadrature(Quadrature::Trapezoid).reference(Reference::Constant(0.2));
    let path = path.analyze(&model, &inputs(), MaxActivation).unwrap();
    // All at a time go together, too.
    for guided in [GuidedIg::new().max_distance(0.0), GuidedIg::new().max_distance(1.0).fraction(1.0)] {
        let why = guided.n(12).reference(Reference::Constant(0.2)).analyze(&model, &inputs(), MaxActivation).unwrap();
        assert!(apart(&why.values, &path.values) < 1e-9);
        assert_eq!((why.output, why.selection), (path.output.clone(), path.selection.clone()));
    }
}

#[test]
fn the_smaller_gradient_goes_first() {
    // y = a² b + b / 10, from 0 to (1, 1). At first ∂y/∂a = 0 < ∂y/∂b: a goes all the way, at b = 0, where it changes
    // nothing; then b, with a gradient of 1.1. All of the change is b's.
    let net = scalar(|x| x[0] * x[0] * x[1] + x[1] / 10.0, |x| vec![2.0 * x[0] * x[1], x[0] * x[0] + 0.1]);
    let guided = GuidedIg::new().n(40).fraction(0.1).max_distance(1.0);
    let why = guided.analyze(&net, &array![[1.0, 1.0]], Index(0)).unwrap();
    assert!(apart(&why.values, &array![[0.0, 1.1]]) < 1e-9, "{}", why.values);
    // Bound to the line it is near to its third and two thirds.
    let bound = GuidedIg::new().n(400).max_distance(0.001).analyze(&net, &array![[1.0, 1.0]], Index(0)).unwrap();
    assert!(apart(&bound.values, &array![[2.0 / 3.0, 1.0 / 3.0 + 0.1]]) < 0.01, "{}", bound.values);
}

#[test]
fn it_adds_up_as_the_steps_become_small() {
    let model = TanhNet::default();
    let gap = |n| {
        let guided = GuidedIg::new().n(n).max_distance(0.1).reference(Reference::Constant(-0.5));
        let why = guided.analyze(&model, &inputs(), MaxActivation).unwrap();
        why.extras.completeness_gap.unwrap().iter().fold(0.0, |most: f64, gap| most.max(gap.abs()))
    };
    let (few, many) = (gap(10), gap(200));
    assert!(many < 1e-3 && many < few / 20.0, "{few}, {many}");
}

/// Along the kinks of rectifiers no number of steps closes the gap of gradients at points; that of secants is closed by
/// few.
#[test]
fn secants_add_up_at_once_on_a_network_with_kinks() {
    let layer = |seed, outputs, inputs| crate::models::differences::linear(seed, outputs, inputs);
    let net = Sequential::<B>::new()
        .push(layer(1, 16, 3))
        .push(Activation::Relu)
        .push(layer(2, 12, 16))
        .push(Activation::Relu)
        .push(layer(3, 2, 12));
    let of = |n, rule| {
        let told = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = std::sync::Arc::clone(&told);
        let guided = GuidedIg::new().n(n).max_distance(1.0).fraction(0.1).quadrature(rule);
        let guided = guided.reference(Reference::Constant(-2.0)).on_progress(move |step: Progress| {
            assert!(step.done <= step.total);
            seen.store(step.done, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(step.total, 3 * if rule == Quadrature::Secant { 2 * n + 1 } else { n + 1 });
        });
        let why = guided.analyze(&net, &inputs(), MaxActivation).unwrap();
        let passes = told.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(passes, 3 * if rule == Quadrature::Secant { 2 * n + 1 } else { n + 1 });
        (why.extras.completeness_gap.unwrap().iter().fold(0.0, |most: f64, gap| most.max(gap.abs())), why.values)
    };
    for n in [1, 2, 10, 50] {
        let (gap, _) = of(n, Quadrature::Secant);
        assert!(gap < 1e-10, "{n}: {gap}");
    }
    let (gap, _) = of(50, Quadrature::Trapezoid);
    assert!(gap > 1e-3, "{gap}");
    // Along a straight line they are those of integrated gradients with even steps.
    let straight = GuidedIg::new().n(1).quadrature(Quadrature::Secant).analyze(&net, &inputs(), Index(0)).unwrap();
    let line =
        IntegratedGradients::new().n(2).quadrature(Quadrature::Secant).analyze(&net, &inputs(), Index(0)).unwrap();
    assert!(apart(&straight.values, &line.values) < 1e-12);
    let midpoints = GuidedIg::new().quadrature(Quadrature::Midpoint).analyze(&net, &inputs(), Index(0)).unwrap_err();
    assert!(
        midpoints.to_string().contains("quadrature = Midpoint")
            && midpoints.to_string().contains("`Quadrature::Secant`")
    );
}

#[test]
fn a_batch_equals_its_samples_in_any_chunks() {
    fn check(model: &impl Differentiable<Backend = B>) {
        let guided = |own: &Array2<f64>| GuidedIg::new().n(9).max_distance(0.3).reference(own);
        let own = background().slice(s![..3, ..]).to_owned();
        let over = || OverReferences::new(GuidedIg::new().n(5).max_distance(0.3), &background());
        let noisy = |own: &Array2<f64>| NoiseAugmentation::new(guided(own), 4).std(0.1);
        for chunk in [1, 2, 5, 64] {
            let all = [
                guided(&own).chunk(chunk).analyze(model, &inputs(), MaxActivation).unwrap().values,
                over().chunk(chunk).analyze(model, &inputs(), MaxActivation).unwrap().values,
                noisy(&own).chunk(chunk).analyze(model, &inputs(), MaxActivation).unwrap().values,
            ];
            for sample in 0..3 {
                let (x, own) = (inputs().select(Axis(0), &[sample]), own.select(Axis(0), &[sample]));
                let alone = [
                    guided(&own).analyze(model, &x, MaxActivation).unwrap().values,
                    over().analyze(model, &x, MaxActivation).unwrap().values,
                    noisy(&own).analyze(model, &x, MaxActivation).unwrap().values,
                ];
                for (all, alone) in all.iter().zip(&alone) {
                    assert!(apart(&all.select(Axis(0), &[sample]), alone) < 1e-11, "{sample} in chunks of {chunk}");
                }
            }
        }
    }
    check(&TanhNet::default());
    check(&known());
}

#[test]
fn the_mean_over_references_is_the_mean_of_analyses() {
    let guided = || GuidedIg::new().n(6);
    let over = OverReferences::new(guided(), &background()).analyze(&known(), &inputs(), Index(1)).unwrap();
    let mut mean = Array2::zeros((3, 3));
    for row in background().outer_iter() {
        let from = guided().reference(Reference::sample(&row)).analyze(&known(), &inputs(), Index(1)).unwrap();
        mean = mean + from.values / 4.0;
    }
    assert!(apart(&over.values, &mean) < 1e-12);
}

#[test]
fn an_input_at_its_reference_has_nothing() {
    let why = GuidedIg::new().n(3).reference(&inputs()).analyze(&known(), &inputs(), Index(0)).unwrap();
    assert!(why.values.iter().all(|&value| value == 0.0));
    assert!(why.extras.completeness_gap.unwrap().iter().all(|&gap| gap == 0.0));
}

/// y = Σ (a · b) c, of two explained inputs and a given one.
struct Three;

impl Differentiable for Three {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        Ok((&x[0] * &x[1] * &x[2]).sum(&[1]))
    }
}

#[test]
fn several_inputs_go_together_and_a_given_one_stays() {
    let x = inputs();
    let (a, b, c) =
        (x.slice(s![.., ..2]).to_owned(), x.slice(s![.., 1..]).to_owned(), background().slice(s![..3, ..2]).to_owned());
    let guided = GuidedIg::new().n(50).max_distance(0.5).references([Reference::Constant(1.0)]);
    let why = guided.analyze(&Three, (&a, &b, Given(&c)), Index([0])).unwrap();
    let change = (&a * &b * &c).sum_axis(Axis(1));
    let total = (&why.values.0 + &why.values.1).sum_axis(Axis(1));
    assert!((&total - &change).iter().all(|gap| gap.abs() < 2e-2), "{total} {change}");
    let gaps = why.extras.completeness_gap.unwrap();
    assert!(gaps.iter().zip(total - change).all(|(gap, expected)| (gap - expected).abs() < 1e-12));
}

#[test]
fn progress_counts_gradients_and_can_stop() {
    use std::ops::ControlFlow;
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&seen);
    let listen = move |progress: Progress| listener.lock().unwrap().push((progress.done, progress.total));
    GuidedIg::new().n(3).on_progress(listen).analyze(&known(), &inputs(), Index(0)).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(3, 12), (6, 12), (9, 12), (12, 12)]);
    let stopped = GuidedIg::new().n(3).on_progress(|_| ControlFlow::Break(()));
    let stopped = stopped.analyze(&known(), &inputs(), Index(0));
    assert!(matches!(stopped, Err(Error::Cancelled { .. })));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |guided: GuidedIg| guided.analyze(&known(), &inputs(), Index(0)).unwrap_err().to_string();
    assert!(refused(GuidedIg::new().n(0)).contains("n = 0"));
    assert!(refused(GuidedIg::new().chunk(0)).contains("chunk = 0"));
    for fraction in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(refused(GuidedIg::new().fraction(fraction)).contains("fraction"));
    }
    for distance in [-0.1, 1.1, f64::NAN] {
        assert!(refused(GuidedIg::new().max_distance(distance)).contains("max_distance"));
    }
    assert!(refused(GuidedIg::new().reference(&array![[1.0]])).contains("[3, 3]"));
    assert!(refused(GuidedIg::new().references([Reference::Zeros, Reference::Zeros])).contains("2 references"));
    let net = Net::new(Sequential::<B>::new().push(Activation::Tanh));
    GuidedIg::new().n(2).analyze(&net, &inputs(), Index(0)).unwrap();
}
