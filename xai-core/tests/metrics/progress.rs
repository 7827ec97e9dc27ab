//! What is told of metrics' passes, and how they are stopped.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use xai_core::metrics::{
    AverageDrop, Completeness, Deletion, Evaluate, FaithfulnessCorrelation, FaithfulnessEstimate, Gini, Infidelity,
    Insertion, LocalLipschitz, MaxSensitivity, Metric, Monotonicity, Order, ParameterRandomisation, Road, SensitivityN,
};
use xai_core::{Error, Features, Fill, Index, InputTimesGradient, IntegratedGradients, Progress};

use crate::models::{B, deep, numbers};

type Log = Arc<Mutex<Vec<Progress>>>;
type Listen = Box<dyn Fn(Progress) -> ControlFlow<()> + Send + Sync>;

/// Every metric that takes many passes, in chunks of two, and how many evaluations it has for three samples.
fn all(listen: &dyn Fn() -> Listen) -> Vec<(Box<dyn Metric<B>>, usize)> {
    vec![
        (Box::new(Deletion::new().steps(4).random_orders(2).chunk(2).on_progress(listen())), 5 * 3 * 3),
        (Box::new(Insertion::new().steps(3).random_orders(0).chunk(2).on_progress(listen())), 4 * 3),
        (Box::new(Road::new().fill(Fill::default()).shares([0.3, 0.6]).chunk(2).on_progress(listen())), 4 * 3),
        (Box::new(FaithfulnessCorrelation::new().n(7).chunk(2).on_progress(listen())), 7 * 3),
        // One feature and two of six.
        (Box::new(SensitivityN::new().n(5).shares([0.1, 0.2, 0.3]).chunk(2).on_progress(listen())), 2 * 5 * 3),
        (Box::new(FaithfulnessEstimate::new().chunk(2).on_progress(listen())), 6 * 3),
        (Box::new(Monotonicity::new().features(Features::groups([0..3, 3..5])).chunk(2).on_progress(listen())), 3 * 3),
        (Box::new(Infidelity::new().n(5).chunk(2).on_progress(listen())), 5 * 3),
        (Box::new(AverageDrop::new().chunk(2).on_progress(listen())), 3),
        (Box::new(Completeness::new().chunk(2).on_progress(listen())), 3),
        (Box::new(ParameterRandomisation::new().order(Order::BottomUp).on_progress(listen())), 3 * 3),
        (Box::new(MaxSensitivity::new().n(4).on_progress(listen())), 4 * 3),
        (Box::new(LocalLipschitz::new().n(4).on_progress(listen())), 4 * 3),
    ]
}

#[test]
fn every_pass_is_told_and_the_last_is_the_end() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 1));
    let log = Log::default();
    let listen = || -> Listen {
        let log = Arc::clone(&log);
        Box::new(move |progress| {
            log.lock().unwrap().push(progress);
            ControlFlow::Continue(())
        })
    };
    for (metric, total) in all(&listen) {
        log.lock().unwrap().clear();
        metric.of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap();
        let told = log.lock().unwrap().clone();
        assert!(told.windows(2).all(|pair| pair[0].done < pair[1].done), "{}: {told:?}", metric.name());
        assert!(told.iter().all(|step| step.total == total), "{}: {told:?}", metric.name());
        assert_eq!(told.last().unwrap().done, total, "{}", metric.name());
    }
}

#[test]
fn any_of_them_can_be_stopped_and_ends_the_table() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 2));
    for (metric, total) in all(&|| Box::new(|_| ControlFlow::Break(()))) {
        let error = metric.of_analyzer(&net, &x, Index(0), &InputTimesGradient).unwrap_err();
        assert!(matches!(error, Error::Cancelled { done, total: of } if done <= total && of == total), "{error}");
        let error = Evaluate::new(&[&InputTimesGradient], &[&*metric]).run(&net, &x, Index(0)).unwrap_err();
        assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    }
    let stopped = IntegratedGradients::new().on_progress(|_| ControlFlow::Break(()));
    let error = Evaluate::new(&[&stopped], &[&Gini]).run(&net, &x, Index(0)).unwrap_err();
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
}

#[test]
fn a_table_tells_samples_and_is_asked_within_a_metric() {
    let (net, x) = (deep(6, 5), numbers((3, 6), 3));
    let log = Log::default();
    let to = Arc::clone(&log);
    let deletion = Deletion::new().steps(4).random_orders(0).chunk(3);
    let evaluate = Evaluate::new(&[&InputTimesGradient], &[&Gini, &deletion]);
    evaluate.on_progress(move |p| to.lock().unwrap().push(p)).run(&net, &x, Index(0)).unwrap();
    let told = log.lock().unwrap().clone();
    // Two rows, each explained once and scored twice, of three samples.
    assert!(told.iter().all(|step| step.total == 18) && told.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let mut done: Vec<usize> = told.iter().map(|step| step.done).collect();
    // Five passes of each deletion curve, with nothing done meanwhile.
    assert_eq!(done.len(), 6 + 2 * 5, "{told:?}");
    done.dedup();
    assert_eq!(done, [3, 6, 9, 12, 15, 18]);

    // Stopped in the middle of the first curve: the model is not asked again.
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let stop = move |step: Progress| {
        let within = step.done == 9 && counts.fetch_add(1, Ordering::Relaxed) == 2;
        if within { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let evaluate = Evaluate::new(&[&InputTimesGradient], &[&Gini, &deletion]).on_progress(stop);
    assert!(matches!(evaluate.run(&net, &x, Index(0)), Err(Error::Cancelled { .. })));
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
