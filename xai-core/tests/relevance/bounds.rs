//! Bounds of the z-box that are arrays: of the model's inputs, wherever these are moved before the first layer.

use ndarray::{Array, ArrayD, Dimension, IxDyn};
use xai_core::nn::{Conv1d, Conv2d, Conv3d, Flatten, Pad2d, PaddingNd, Sequential};
use xai_core::rules::{Composite, LrpRule};
use xai_core::{Analyzer, Error, Index, Lrp};

use crate::models::B;
use crate::models::differences::{noise, weight};
use crate::relevance::by_hand::{Then, as_dense};
use crate::relevance::nets::{assert_close, values};

fn boxed(low: &ArrayD<f64>, high: &ArrayD<f64>) -> Lrp {
    Lrp::new(Composite::new().first(LrpRule::z_box(low, high))).stabilizer(1e-14)
}

fn bounds(shape: &[usize]) -> (ArrayD<f64>, ArrayD<f64>) {
    (noise(1, shape) - 1.5, noise(2, shape) + 1.5)
}

/// As the dense layer that the model is, with a bound for each of its inputs.
fn is_dense(model: &Sequential<B>, sample: &[usize], bound: &[usize]) {
    let (low, high) = bounds(bound);
    let x = noise(3, &[&[2], sample].concat());
    let count = sample.iter().product();
    let flat = |a: &ArrayD<f64>| a.clone().into_shape_with_order(IxDyn(&[a.len() / count, count])).unwrap();
    let each = |bound: &ArrayD<f64>| Array::from_iter(bound.broadcast(sample).unwrap().iter().copied()).into_dyn();
    let dense = Sequential::new().push(as_dense(model, x.shape()));
    let rows = flat(&x).into_dimensionality::<ndarray::Ix2>().unwrap();
    for output in [0, 5, 11] {
        let expected = values(&boxed(&each(&low), &each(&high)), &dense, &rows, output);
        let got = values(&boxed(&low, &high), model, &x, output);
        assert_close(&flat(&got), &flat(&expected), 1e-10, &format!("{sample:?}, {bound:?}"));
    }
}

#[test]
fn bounds_of_sequences_and_volumes_are_those_of_dense_layers() {
    let conv = Conv1d::new(weight(1, &[3, 2, 3]), None).unwrap().padding(1);
    let sequence = Sequential::<B>::new().push(conv).push(Flatten::default());
    for bound in [&[2, 1][..], &[2, 7], &[7], &[1]] {
        is_dense(&sequence, &[2, 7], bound);
    }
    let volume = |kernel, inputs, padding: [usize; 3]| {
        let conv = Conv3d::new(weight(1, &[3, inputs, kernel, 3, 2]), None).unwrap().padding(PaddingNd::from(padding));
        Sequential::<B>::new().push(conv).push(Flatten::default())
    };
    for padding in [[0, 1, 1], [1, 1, 0]] {
        for bound in [&[2, 1, 1, 1][..], &[2, 3, 4, 4], &[4, 4], &[3, 1, 1], &[1]] {
            is_dense(&volume(3, 2, padding), &[2, 3, 4, 4], bound);
        }
    }
    // Two slices, which are not the two channels of its images.
    is_dense(&volume(1, 2, [0, 1, 1]), &[2, 2, 4, 4], &[2, 1, 1]);
    is_dense(&volume(3, 2, [0, 0, 0]), &[2, 6, 4, 4], &[6, 1, 1]);
}

#[test]
fn bounds_go_with_the_numbers_that_are_moved() {
    let conv = || Conv2d::new(weight(1, &[3, 2, 3, 3]), None).unwrap();
    let padded = Sequential::<B>::new().push(Pad2d::new(1)).push(conv()).push(Flatten::default());
    let last = Then(|x| x.permute(&[0, 3, 1, 2]).affine(-0.5, 0.0));
    let last = Sequential::<B>::new().push(last).push(conv().padding(1)).push(Flatten::default());
    let cut = Then(|x| x.narrow(2, 1, 4).concat(&[&x.index_select(2, &[0])], 2));
    let cut = Sequential::<B>::new().push(cut).push(conv().padding(1)).push(Flatten::default());
    for bound in [&[2, 1, 1][..], &[2, 5, 5], &[5]] {
        is_dense(&padded, &[2, 5, 5], bound);
        is_dense(&cut, &[2, 5, 5], bound);
    }
    // What scales them on the way does not scale the bounds, which a dense layer by itself has to be given turned.
    let (low, high) = bounds(&[5, 5, 2]);
    let x = noise(3, &[2, 5, 5, 2]);
    let turned = |a: &ArrayD<f64>, order: &[usize]| a.view().permuted_axes(order).as_standard_layout().into_owned();
    let plain = Sequential::<B>::new().push(conv().padding(1)).push(Flatten::default());
    let lrp = boxed(&turned(&low, &[2, 0, 1]), &turned(&high, &[2, 0, 1]));
    let expected = values(&lrp, &plain, &(turned(&x, &[0, 3, 1, 2]) * -0.5), 5);
    assert_close(&values(&boxed(&low, &high), &last, &x, 5), &turned(&expected, &[0, 2, 3, 1]), 1e-12, "channels last");
    // Bounds of what the layer is given, which are none of the model's input.
    let tokens = Then(|x| x.reshape(&[2, 2, 5, 5]));
    let folded = Sequential::<B>::new().push(tokens).push(conv().padding(1)).push(Flatten::default());
    let (low, high) = bounds(&[2, 1, 1]);
    let x = noise(3, &[2, 2, 5, 5]);
    let flat = x.clone().into_shape_with_order(IxDyn(&[2, 50])).unwrap();
    let expected = values(&boxed(&low, &high), &plain, &x, 5).into_shape_with_order(IxDyn(&[2, 50])).unwrap();
    assert_close(&values(&boxed(&low, &high), &folded, &flat, 5), &expected, 1e-14, "of its own");
}

#[test]
fn bounds_of_no_sample_are_refused() {
    fn refused<D: Dimension>(model: &Sequential<B>, x: &Array<f64, D>, bound: &[usize]) -> Error {
        let (low, high) = bounds(bound);
        boxed(&low, &high).analyze(model, &x.clone().into_dyn(), Index(0)).unwrap_err()
    }
    let conv = Conv3d::new(weight(1, &[3, 2, 2, 3, 3]), None).unwrap();
    let volume = Sequential::<B>::new().push(conv).push(Flatten::default());
    let x = noise(3, &[2, 2, 3, 4, 4]);
    // The four are channels and slices of the images that the volume is computed as.
    for bound in [&[4, 1, 1][..], &[3, 1, 1, 1], &[5]] {
        let error = refused(&volume, &x, bound);
        let named = matches!(error.root(), Error::Shape { expected, .. } if expected[..] == [2, 3, 4, 4]);
        assert!(named && error.to_string().contains("a sample of the model's input"), "{error}");
    }
}

/// Each value is looked at once, however many steps read it.
#[test]
fn rolls_upon_rolls_take_no_time() {
    let rolled = Then(|x| (0..5 * 12).fold(x, |x, _| x.narrow(1, 1, 4).concat(&[&x.narrow(1, 0, 1)], 1)));
    let dense = || crate::models::differences::linear(1, 3, 5);
    let (turned, plain) = (Sequential::<B>::new().push(rolled).push(dense()), Sequential::<B>::new().push(dense()));
    let (x, (low, high)) = (noise(3, &[2, 5]), bounds(&[5]));
    for lrp in [boxed(&low, &high), Lrp::new(Composite::new().first(LrpRule::Flat))] {
        assert_close(&values(&lrp, &turned, &x, 1), &values(&lrp, &plain, &x, 1), 1e-14, "rolls");
    }
}
