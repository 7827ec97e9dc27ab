//! Models that are written for one sample.

use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array3, Axis, s};
use xai_candle::{Candle, model, module};
use xai_core::{Analyzer, Gradient, Index, IntegratedGradients, Net, Note, check_gradient};

/// (1, 3, 2) to (1, 2): with a class token that is not repeated for a batch.
fn one_sample(x: &Tensor) -> Result<Tensor> {
    let class = Tensor::ones((1, 1, 2), DType::F32, &Device::Cpu)?;
    Tensor::cat(&[&class, x], 1)?.sin()?.sqr()?.sum(1)
}

fn input() -> Array3<f32> {
    Array3::from_shape_fn((2, 3, 2), |(b, t, f)| ((b * 5 + t * 3 + f * 2) as f32).cos())
}

/// Closures and modules that are known by nothing but their failing passes.
#[test]
fn rows_of_code_for_one_sample_are_run_one_by_one_with_a_note() {
    let paths = IntegratedGradients::new().n(20);
    let known = Net::<Candle, _>::new(module(one_sample).one_by_one());
    let expected = paths.analyze(&known, &input(), Index(1)).unwrap();
    assert_eq!(expected.extras.notes, []);
    let (closure, whole) = (Net::<Candle, _>::new(one_sample), model(one_sample));
    let found = [paths.analyze(&closure, &input(), Index(1)), paths.analyze(&whole, &input(), Index(1))];
    for why in found.map(std::result::Result::unwrap) {
        let [Note::OneByOne { error }] = &why.extras.notes[..] else { panic!("{:?}", why.extras.notes) };
        assert!(error.contains("shape mismatch in cat"), "{error}");
        assert_eq!(why.values, expected.values);
        assert_eq!(why.sample(1).unwrap().extras.notes, why.extras.notes);
    }
    let one = input().slice_move(s![..1, .., ..]);
    assert_eq!(Gradient.analyze(&closure, &one, Index(0)).unwrap().extras.notes, []);
    assert!(check_gradient(&closure, &input()).unwrap().is_trusted());
}

#[test]
fn other_errors_stay_what_they_are() {
    // An error of one row too is the model's own.
    let broken = Net::<Candle, _>::new(|x: &Tensor| x.reshape((17, 17)));
    let error = Gradient.analyze(&broken, &input(), Index(0)).unwrap_err();
    assert!(error.to_string().contains("17, 17") && !error.to_string().contains("captured"), "{error}");
    // A batch that the code captured has to be given, so that its rows are repeated with the others.
    let second = Tensor::ones((3, 3, 2), DType::F32, &Device::Cpu).unwrap();
    let captured = Net::<Candle, _>::new(move |x: &Tensor| x.broadcast_mul(&second)?.sum(1));
    let error = Gradient.analyze(&captured, &input(), Index(0)).unwrap_err();
    assert!(error.to_string().contains("captured") && error.to_string().contains("[3, 2]"), "{error}");
}

#[test]
fn one_by_one_is_each_sample_by_itself() {
    let net = Net::<Candle, _>::new(module(one_sample).one_by_one());
    let paths = IntegratedGradients::new().n(200);
    let all = paths.analyze(&net, &input(), Index(1)).unwrap();
    for (i, sample) in input().axis_chunks_iter(Axis(0), 1).enumerate() {
        let alone = paths.analyze(&net, &sample.to_owned(), Index(1)).unwrap();
        let gap = (&all.values.slice(s![i..=i, .., ..]) - &alone.values).mapv(f32::abs).sum();
        assert!(gap < 1e-5, "{gap}");
        // Each row's own sum of what leads from 0 to it.
        let expected = sample.mapv(|x| x.sin().powi(2)).slice(s![0, .., 1]).sum();
        assert!((alone.values.sum() - expected).abs() < 5e-3, "{} {expected}", alone.values.sum());
    }
    let flat = Net::<Candle, _>::new(module(|x: &Tensor| one_sample(x)?.squeeze(0)).one_by_one());
    assert!(Gradient.analyze(&flat, &input(), Index(0)).is_err());
}
