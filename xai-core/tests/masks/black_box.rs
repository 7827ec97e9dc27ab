//! A function on arrays as a model.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, ArrayView4, ArrayViewD, Axis, IxDyn, array};
use xai_core::{
    Analyzer, BlackBox, Differentiable, Error, FeatureAblation, Features, Gradient, Index, MaxActivation, NdArray,
    Progress,
};

use super::cases::{Down, numbers};

#[test]
fn any_dimension_and_number_type_in_one_line() {
    let images = BlackBox::new(|batch: ArrayView4<f32>| -> Result<Array2<f32>, Down> {
        Ok(batch.sum_axis(Axis(3)).sum_axis(Axis(2)))
    });
    let x = numbers::<f32, _>((2, 3, 4, 5));
    let why = FeatureAblation::new().features(Features::channels()).analyze(&images, &x, Index(1)).unwrap();
    let sums = x.sum_axis(Axis(3)).sum_axis(Axis(2));
    for (sample, values) in why.values.outer_iter().enumerate() {
        for (channel, values) in values.outer_iter().enumerate() {
            let expected = if channel == 1 { sums[[sample, 1]] } else { 0.0 };
            assert!(values.iter().all(|v| (v - expected).abs() < 1e-5));
        }
    }
    let sequences =
        BlackBox::new(|batch: ArrayView3<f64>| -> Result<Array3<f64>, std::io::Error> { Ok(batch.to_owned()) });
    let x = numbers::<f64, _>((1, 2, 3));
    let why = FeatureAblation::new().features(Features::each()).analyze(&sequences, &x, Index([1, 2])).unwrap();
    assert_eq!(why.values[[0, 1, 2]], x[[0, 1, 2]]);
    assert_eq!(why.values.iter().filter(|v| **v != 0.0).count(), 1);
    let one_number =
        BlackBox::new(|batch: ArrayView2<f64>| -> Result<Array1<f64>, String> { Ok(batch.sum_axis(Axis(1))) });
    let why = FeatureAblation::new().analyze(&one_number, &array![[1.0, 2.0]], Index([])).unwrap();
    assert_eq!(why.values, array![[1.0, 2.0]]);
    let dynamic = BlackBox::new(|batch: ArrayViewD<f64>| -> Result<_, Error> { Ok(batch.to_owned()) });
    let why = FeatureAblation::new().analyze(&dynamic, &array![[1.0, 2.0]], Index(1)).unwrap();
    assert_eq!(why.values, array![[0.0, 2.0]]);
}

#[test]
fn what_needs_a_gradient_is_refused_before_any_call() {
    let calls = AtomicUsize::new(0);
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(x.to_owned())
    });
    let refused = Gradient.analyze(&model, &array![[1.0]], Index(0)).unwrap_err();
    assert!(matches!(refused.root(), Error::NotDifferentiable { .. }), "{refused}");
    assert!(refused.to_string().contains("forward passes"));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[test]
fn an_input_with_other_axes_is_refused() {
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> { Ok(x.to_owned()) });
    let refused = FeatureAblation::new().analyze(&model, &numbers::<f64, _>((1, 2, 3)), Index(0)).unwrap_err();
    assert!(matches!(refused.root(), Error::InvalidShape { .. }), "{refused}");
    assert!(refused.to_string().contains("2 axes"), "{refused}");
}

#[test]
fn calls_go_out_at_the_same_time_and_come_back_in_order() {
    // Every call waits for three others.
    let barrier = Barrier::new(4);
    let rows = Mutex::new(Vec::new());
    let waiting = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        barrier.wait();
        rows.lock().unwrap().push(x.nrows());
        Ok(x.mapv(|v| 2.0 * v))
    })
    .threads(4);
    let x = numbers::<f64, _>((16, 3)).into_dyn();
    assert_eq!(waiting.predict(x.view()).unwrap(), x.mapv(|v| 2.0 * v));
    assert_eq!(rows.into_inner().unwrap(), [4, 4, 4, 4]);
}

#[test]
fn a_call_has_at_most_so_many_rows() {
    let rows = Mutex::new(Vec::new());
    let record = |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        rows.lock().unwrap().push(x.nrows());
        Ok(x.to_owned())
    };
    let x = numbers::<f64, _>((10, 3)).into_dyn();
    assert_eq!(BlackBox::new(record).rows_of_a_call(4).predict(x.view()).unwrap(), x);
    assert_eq!(std::mem::take(&mut *rows.lock().unwrap()), [4, 4, 2]);
    assert_eq!(BlackBox::new(record).rows_of_a_call(1).threads(3).predict(x.view()).unwrap(), x);
    assert_eq!(rows.lock().unwrap().len(), 10);
}

/// A photo's own pass has eight rows.
#[test]
fn a_pass_has_a_row_for_each_thread_unless_it_is_said() {
    let photo = numbers::<f32, _>((1, 3, 224, 224));
    let calls = AtomicUsize::new(0);
    let f = |x: ArrayView4<f32>| -> Result<Array2<f32>, Down> {
        calls.fetch_add(1, Ordering::Relaxed);
        Ok(x.sum_axis(Axis(3)).sum_axis(Axis(2)))
    };
    let passes = |model: &dyn Differentiable<Backend = NdArray<f32>>, chunk: Option<usize>| {
        let seen = Arc::new(Mutex::new(vec![0]));
        let log = Arc::clone(&seen);
        let ablation = FeatureAblation::new().features(Features::grid([4, 5]));
        let ablation = chunk.map_or(ablation.clone(), |chunk| ablation.chunk(chunk));
        let ablation = ablation.on_progress(move |p: Progress| log.lock().unwrap().push(p.done));
        ablation.analyze(&model, &photo, Index(0)).unwrap();
        let seen = seen.lock().unwrap();
        seen.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    };
    assert_eq!(passes(&BlackBox::new(f), None), [8, 8, 4]);
    calls.store(0, Ordering::Relaxed);
    assert_eq!(passes(&BlackBox::new(f).threads(20), None), [20]);
    assert_eq!(calls.load(Ordering::Relaxed), 1 + 20);
    assert_eq!(passes(&BlackBox::new(f).threads(3), None), [8, 8, 4]);
    assert_eq!(passes(&BlackBox::new(f).threads(20), Some(5)), [5; 4]);
    // No more than 64 MB of copies, however many threads.
    let large = numbers::<f64, _>((1, 1, 1000, 1000));
    let rows = Mutex::new(0);
    let most = BlackBox::new(|x: ArrayView4<f64>| -> Result<Array2<f64>, Down> {
        *rows.lock().unwrap() += x.dim().0;
        Ok(x.sum_axis(Axis(3)).sum_axis(Axis(2)))
    })
    .threads(usize::MAX);
    let done = Arc::new(AtomicUsize::new(0));
    let log = Arc::clone(&done);
    let first = FeatureAblation::new().features(Features::grid([3, 4])).on_progress(move |p: Progress| {
        log.store(p.done, Ordering::Relaxed);
        ControlFlow::Break(())
    });
    assert!(first.analyze(&most, &large, Index(0)).is_err());
    assert_eq!(done.load(Ordering::Relaxed), 8);
}

#[test]
fn threads_change_nothing_in_an_explanation() {
    let f = |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        Ok(x.map_axis(Axis(1), |row| row[0] * row[1] - row[2]).insert_axis(Axis(1)))
    };
    let x = numbers::<f64, _>((3, 3));
    let analyzer = FeatureAblation::new();
    let alone = analyzer.analyze(&BlackBox::new(f), &x, MaxActivation).unwrap();
    let together = analyzer.analyze(&BlackBox::new(f).threads(3), &x, MaxActivation).unwrap();
    assert_eq!(alone, together);
}

#[test]
fn errors_keep_their_source() {
    let failing = |x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        if x[[0, 0]] == 0.0 { Err(Down(503)) } else { Ok(x.to_owned()) }
    };
    for model in
        [&BlackBox::new(failing) as &dyn Differentiable<Backend = NdArray<f64>>, &BlackBox::new(failing).threads(2)]
    {
        let error = FeatureAblation::new().chunk(2).analyze(&model, &array![[1.0, 2.0, 3.0]], Index(0)).unwrap_err();
        let Error::Backend { backend: "black box", source } = error.root() else { panic!("{error:?}") };
        assert_eq!(source.downcast_ref::<Down>().unwrap().0, 503);
        assert!(error.to_string().contains("the service is down: 503"), "{error}");
    }
}

#[test]
fn a_panic_on_a_thread_is_a_panic() {
    let model = BlackBox::new(|x: ArrayView2<f64>| -> Result<Array2<f64>, Down> {
        assert!(x[[0, 0]] < 2.0, "as user code may");
        Ok(x.to_owned())
    })
    .threads(2);
    let run = std::panic::AssertUnwindSafe(|| model.predict(array![[1.0], [3.0]].view().into_dyn()));
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn a_batch_without_rows_runs_nothing_wrong() {
    let model = BlackBox::new(|x: ArrayViewD<f64>| -> Result<_, Down> { Ok(x.to_owned()) });
    let refused = FeatureAblation::new().analyze(&model, &ndarray::ArrayD::<f64>::zeros(IxDyn(&[0, 2])), Index(0));
    assert!(matches!(refused, Err(Error::InvalidShape { .. })));
}
