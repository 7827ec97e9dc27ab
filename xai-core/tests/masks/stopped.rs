//! Models that fail in the middle, and users that stop.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::{Array2, ArrayView2, Axis, array};
use xai_core::nn::{Activation, Sequential};
use xai_core::{
    Analyzer, BlackBox, Call, Differentiable, Error, FeatureAblation, Features, Fill, Index, IntegratedGradients,
    KernelShap, Lime, Masked, NdArray, Owen, Progress, Quadrature, ShapleySampling, SmoothGrad, SobolIndices, Target,
    Tensor,
};

use super::cases::{Down, numbers, of_row};

#[test]
fn nan_is_told_with_its_copy_and_sample() {
    let model = of_row(|x| if x[2] == 0.0 && x[0] < 0.0 { f64::NAN } else { x.iter().sum() });
    let x = array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [-1.0, 1.0, 1.0], [3.0, 3.0, 3.0]];
    for chunk in [1, 2, 3, 8, 100] {
        let error = FeatureAblation::new().chunk(chunk).analyze(&model, &x, Index(0)).unwrap_err();
        let Error::Copies { copies, samples, source } = &error else { panic!("{error:?}") };
        assert_eq!((copies.clone(), samples.clone()), (2..3, 2..3));
        assert!(matches!(**source, Error::NotFinite { value } if value.is_nan()));
        assert!(error.to_string().starts_with("on masked copy 2 of sample 2: the explained output is NaN"), "{error}");
    }
}

#[test]
fn an_output_that_is_not_finite_on_the_input_itself_is_told_so() {
    let model = of_row(|_| f64::INFINITY);
    let error = FeatureAblation::new().analyze(&model, &array![[1.0]], Index(0)).unwrap_err();
    assert!(matches!(error, Error::NotFinite { value } if value.is_infinite()), "{error:?}");
}

#[test]
fn a_failure_in_the_middle_says_which_copies_and_keeps_what_was_there() {
    let calls = AtomicUsize::new(0);
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        if calls.fetch_add(1, Ordering::Relaxed) == 3 { Err(Down(7)) } else { Ok(x.to_owned()) }
    });
    let inputs = [Tensor::<NdArray<f64>>::upload(numbers::<f64, _>((2, 5)).view().into_dyn(), &()).unwrap()];
    let target = Index(1);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0, 1] };
    let masked = Masked::in_chunks(&model, &call, &Features::each(), &Fill::default(), Some(4)).unwrap();
    let mut kept = Vec::new();
    // The clean pass, two passes of two copies, and the third fails.
    let masks = (0..9).map(|m| vec![m % 2 == 0; 5]);
    let error = masked
        .for_each(masks, |copy, y| {
            kept.push((copy, y.to_vec()));
            Ok(())
        })
        .unwrap_err();
    assert_eq!(kept.iter().map(|(copy, _)| *copy).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let Error::Copies { copies, samples, .. } = &error else { panic!("{error:?}") };
    assert_eq!((copies.clone(), samples.clone()), (4..6, 0..2));
    let Error::Backend { source, .. } = error.root() else { panic!("{error:?}") };
    assert_eq!(source.downcast_ref::<Down>().unwrap().0, 7);
    assert!(error.to_string().starts_with("on masked copies 4 to 5 of samples 0 to 1: "), "{error}");
}

/// One by one, the clean input first: what fails at a call is the copy of that number, in whatever rounds it was asked.
#[test]
fn copies_are_counted_over_all_of_an_analysis() {
    let x = numbers::<f64, _>((1, 9));
    let at = |call: usize| {
        let calls = AtomicUsize::new(0);
        BlackBox::new(move |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
            let wave = |x: ArrayView2<f64>| x.sum_axis(Axis(1)).mapv(f64::sin).insert_axis(Axis(1));
            if calls.fetch_add(1, Ordering::Relaxed) == call { Err(Down(7)) } else { Ok(wave(x)) }
        })
    };
    fn copy_of<M: Differentiable<Backend = NdArray<f64>>>(by: &impl Analyzer<M>, model: &M, x: &Array2<f64>) -> usize {
        let error = by.analyze(model, x, Index(0)).unwrap_err();
        let Error::Copies { copies, samples, .. } = error else { panic!("{error}") };
        assert_eq!((copies.len(), samples), (1, 0..1));
        copies.start
    }
    for copy in [0, 1, 2, 17, 63, 64, 80, 150, 250] {
        let model = at(copy + 1);
        assert_eq!(copy_of(&ShapleySampling::new().n(30).chunk(1), &model, &x), copy);
        let model = at(copy + 1);
        assert_eq!(copy_of(&ShapleySampling::new().tolerance(1e-9).chunk(1), &model, &x), copy);
        let model = at(copy + 1);
        assert_eq!(copy_of(&KernelShap::new().n(300).chunk(1), &model, &x), copy);
        let model = at(copy + 1);
        assert_eq!(copy_of(&KernelShap::new().tolerance(1e-9).max_n(400).chunk(1), &model, &x), copy);
        let model = at(copy + 1);
        assert_eq!(copy_of(&Lime::new().tolerance(1e-9).max_n(400).chunk(1), &model, &x), copy);
        let model = at(copy + 1);
        assert_eq!(copy_of(&SobolIndices::new().tolerance(1e-9).chunk(1), &model, &x), copy);
    }
    for copy in [0, 1, 2, 9] {
        let model = at(copy + 1);
        assert_eq!(copy_of(&Owen::new().chunk(1), &model, &x), copy);
    }
}

/// A pass of four copies of each sample, in calls of so many rows: sample by sample.
#[test]
fn a_call_that_fails_names_its_own_copies() {
    let x = array![[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
    let failing = |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        // Of the second sample the copy without the first column.
        if x.column(1).iter().zip(x.column(0)).any(|(one, zero)| *one == 6.0 && *zero == 0.0) {
            Err(Down(9))
        } else {
            Ok(x.to_owned())
        }
    };
    let told = |model: &dyn Differentiable<Backend = NdArray<f64>>| {
        let error = FeatureAblation::new().chunk(8).analyze(model, &x, Index(0)).unwrap_err();
        let Error::Copies { copies, samples, source } = error else { panic!("{error}") };
        assert!(matches!(*source, Error::Backend { .. }), "{source}");
        (copies, samples)
    };
    // Of the rows 0 to 7 row 4 fails.
    assert_eq!(told(&BlackBox::new(failing)), (0..4, 0..2));
    assert_eq!(told(&BlackBox::new(failing).rows_of_a_call(1)), (0..1, 1..2));
    assert_eq!(told(&BlackBox::new(failing).rows_of_a_call(2).threads(3)), (0..2, 1..2));
    assert_eq!(told(&BlackBox::new(failing).rows_of_a_call(1).threads(3)), (0..1, 1..2));
    assert_eq!(told(&BlackBox::new(failing).rows_of_a_call(3)), (0..4, 0..2));
    let all = BlackBox::new(failing).rows_of_a_call(2);
    let batch = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [0.0, 6.0], [1.0, 1.0]];
    let error = all.predict(batch.view().into_dyn()).unwrap_err();
    assert_eq!(error.to_string(), "on rows 2 to 3: black box: the service is down: 9");
}

#[test]
fn another_number_of_rows_is_refused() {
    let calls = AtomicUsize::new(0);
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        let rows = x.nrows() - usize::from(calls.fetch_add(1, Ordering::Relaxed) == 1);
        Ok(x.slice(ndarray::s![..rows, ..]).to_owned())
    });
    let error = FeatureAblation::new().analyze(&model, &numbers::<f64, _>((1, 3)), Index(0)).unwrap_err();
    assert!(matches!(&error, Error::Copies { .. }) && matches!(error.root(), Error::InvalidShape { .. }), "{error:?}");
    assert!(error.to_string().contains("a row for each sample"), "{error}");
    // One that sums over the batch is refused on the input itself.
    let summing = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        Ok(x.sum_axis(Axis(0)).insert_axis(Axis(0)))
    });
    let error = FeatureAblation::new().analyze(&summing, &numbers::<f64, _>((2, 3)), Index(0)).unwrap_err();
    assert!(matches!(error, Error::InvalidShape { .. }), "{error:?}");
}

#[test]
fn an_output_that_changes_its_shape_is_refused() {
    let calls = AtomicUsize::new(0);
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        let columns = if calls.fetch_add(1, Ordering::Relaxed) == 0 { 3 } else { 2 };
        Ok(x.slice(ndarray::s![.., ..columns]).to_owned())
    });
    let error = FeatureAblation::new().analyze(&model, &numbers::<f64, _>((1, 3)), Index(2)).unwrap_err();
    assert!(matches!(error.root(), Error::OutputIndex { .. }), "{error:?}");
}

#[test]
fn progress_is_told_and_ends_where_the_work_does() {
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let log = Arc::clone(&seen);
    let analyzer = FeatureAblation::new().chunk(4).on_progress(move |p| log.lock().unwrap().push(p));
    analyzer.analyze(&of_row(|x| x[0]), &numbers::<f64, _>((2, 5)), Index(0)).unwrap();
    let seen = seen.lock().unwrap();
    let expected = [4, 8, 10].map(|done| Progress { done, total: 10 });
    assert_eq!(*seen, expected);
}

#[test]
fn masked_copies_tell_their_progress_too() {
    let model = of_row(|x| x[0]);
    let inputs = [Tensor::<NdArray<f64>>::upload(numbers::<f64, _>((2, 5)).view().into_dyn(), &()).unwrap()];
    let target = Index(0);
    let call = Call { inputs: &inputs, explained: &[true], target: Target::Choose(&target), samples: &[0, 1] };
    let fill = Fill::background(&numbers::<f64, _>((3, 5)));
    let masked = || Masked::in_chunks(&model, &call, &Features::each(), &fill, Some(4)).unwrap();
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let log = Arc::clone(&seen);
    let talking = masked().on_progress(move |p| log.lock().unwrap().push(p));
    let mask = vec![true; 5];
    // Two samples, three fills, two copies in a pass.
    talking.values(vec![mask.clone(); 3]).unwrap();
    let known = [4, 8, 12, 14, 16, 18].map(|done| Progress { done, total: 18 });
    assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), known);
    let mut left = 3;
    let unknown = std::iter::from_fn(|| {
        left -= 1;
        (left >= 0).then(|| mask.clone())
    });
    talking.for_each(unknown, |_, _| Ok(())).unwrap();
    let so_far = [(4, 12), (8, 12), (12, 12), (14, 18), (16, 18), (18, 18)];
    assert_eq!(*seen.lock().unwrap(), so_far.map(|(done, total)| Progress { done, total }));
    let mut handed = 0;
    let stopped = masked().on_progress(stop_at(14)).for_each(std::iter::repeat(mask.clone()), |_, _| {
        handed += 1;
        Ok(())
    });
    assert!(matches!(stopped, Err(Error::Cancelled { done: 16, .. })), "{stopped:?}");
    assert_eq!(handed, 2);
}

fn stop_at(done: usize) -> impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static {
    move |p| if p.done >= done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[test]
fn a_callback_stops_every_analyzer_that_has_one() {
    let x = numbers::<f64, _>((1, 40));
    let stopped = FeatureAblation::new().chunk(4).on_progress(stop_at(8)).analyze(&of_row(|x| x[0]), &x, Index(0));
    assert!(matches!(stopped, Err(Error::Cancelled { done: 8, total: 40 })), "{stopped:?}");
    let net = Sequential::<NdArray<f64>>::new().push(Activation::Tanh);
    let stopped = SmoothGrad::new().n(20).chunk(2).on_progress(stop_at(6)).analyze(&net, &x, Index(0));
    assert!(matches!(stopped, Err(Error::Cancelled { done: 6, total: 20 })), "{stopped:?}");
    for rule in [Quadrature::EndpointMean, Quadrature::Secant, Quadrature::GaussLegendre] {
        let path = IntegratedGradients::new().n(20).chunk(2).quadrature(rule).on_progress(stop_at(5));
        let stopped = path.analyze(&net, &x, Index(0));
        assert!(matches!(stopped, Err(Error::Cancelled { .. })), "{rule}: {stopped:?}");
    }
    let path = IntegratedGradients::new().tolerance(1e-9).on_progress(stop_at(5)).analyze(&net, &x, Index(0));
    assert!(matches!(path, Err(Error::Cancelled { .. })), "{path:?}");
    assert_eq!(path.unwrap_err().to_string().split(" after").next(), Some("stopped by the progress callback"));
}
