//! Models that are written for one sample.

use candle_core::{DType, Device, Result, Tensor};
use ndarray::{Array3, Axis, s};
use xai_candle::{Candle, module};
use xai_core::{Analyzer, Gradient, Index, IntegratedGradients, Net};

/// (1, 3, 2) to (1, 2): with a class token that is not repeated for a batch.
fn one_sample(x: &Tensor) -> Result<Tensor> {
    let class = Tensor::ones((1, 1, 2), DType::F32, &Device::Cpu)?;
    Tensor::cat(&[&class, x], 1)?.sin()?.sqr()?.sum(1)
}

fn input() -> Array3<f32> {
    Array3::from_shape_fn((2, 3, 2), |(b, t, f)| ((b * 5 + t * 3 + f * 2) as f32).cos())
}

#[test]
fn several_rows_are_an_error_that_says_what_to_do() {
    let closure = Net::<Candle, _>::new(one_sample);
    for error in [
        Gradient.analyze(&closure, &input(), Index(0)).unwrap_err(),
        IntegratedGradients::new().n(4).analyze(&closure, &input().slice_move(s![..1, .., ..]), Index(0)).unwrap_err(),
    ] {
        assert!(error.to_string().contains("one_by_one"), "{error}");
    }
    // An error of one row too is the model's own.
    let broken = Net::<Candle, _>::new(|x: &Tensor| x.reshape((17, 17)));
    let error = Gradient.analyze(&broken, &input(), Index(0)).unwrap_err();
    assert!(!error.to_string().contains("one_by_one"), "{error}");
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
