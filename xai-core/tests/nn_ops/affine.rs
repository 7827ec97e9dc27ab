use ndarray::{Axis, Ix2};
use xai_core::nn::{BatchNorm2d, ChannelAffine, Linear};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{F64, array, assert_close, noise, tensor, weight};

#[test]
fn linear_by_hand() {
    let linear =
        Linear::new(tensor(&array(&[2, 3], &[1.0, 2.0, 3.0, -1.0, 0.0, 1.0])), tensor(&array(&[2], &[10.0, 20.0])))
            .unwrap();
    let x = array(&[1, 3], &[1.0, 2.0, 3.0]);
    assert_eq!(forward(&linear, &x), array(&[1, 2], &[24.0, 22.0]));
    assert_eq!(pulled(&linear, &x, &array(&[1, 2], &[1.0, 10.0])), array(&[1, 3], &[-9.0, 2.0, 13.0]));
}

#[test]
fn linear_over_the_last_of_any_axes() {
    let linear = Linear::<F64>::new(weight(1, &[4, 3]), weight(2, &[4])).unwrap();
    for shape in [vec![3], vec![5, 3], vec![2, 3, 3], vec![2, 1, 2, 3]] {
        let x = noise(3, &shape);
        let rows = x.to_shape((x.len() / 3, 3)).unwrap();
        let w = linear.weight.tensor().download().unwrap().into_dimensionality::<Ix2>().unwrap();
        let expected = rows.dot(&w.t()) + &noise(2, &[4]).into_dimensionality::<ndarray::Ix1>().unwrap();
        let mut output = shape.clone();
        *output.last_mut().unwrap() = 4;
        assert_close(&forward(&linear, &x), &expected.into_shape_with_order(output).unwrap().into_dyn(), 1e-14);
        assert_jacobian(&linear, &x);
    }
    assert!(is_affine(&linear, &[5, 3]));
}

#[test]
fn scale_and_shift_of_each_channel() {
    let affine = ChannelAffine::<F64>::new(weight(1, &[3]), weight(2, &[3])).unwrap();
    for shape in [vec![4, 3], vec![2, 3, 5], vec![2, 3, 2, 3]] {
        let x = noise(3, &shape);
        let y = forward(&affine, &x);
        for channel in 0..3 {
            let (scale, shift) = (noise(1, &[3])[channel], noise(2, &[3])[channel]);
            let expected = x.index_axis(Axis(1), channel).mapv(|v| scale * v + shift);
            assert_close(&y.index_axis(Axis(1), channel).to_owned(), &expected, 1e-15);
        }
        assert_jacobian(&affine, &x);
    }
}

#[test]
fn batch_norm_by_hand() {
    let (one, two) = (array(&[2], &[2.0, 3.0]), array(&[2], &[0.5, -0.5]));
    let (mean, var) = (array(&[2], &[1.0, -1.0]), array(&[2], &[3.0, 0.25]));
    let norm =
        BatchNorm2d::<F64>::batch_norm(Some(one.view()), Some(two.view()), mean.view(), var.view(), 1.0, &()).unwrap();
    let x = array(&[1, 2, 1, 2], &[1.0, 5.0, -1.0, 0.0]);
    // (5 - 1) / √4 · 2 + 0.5 = 4.5, and 1 / √1.25 · 3 - 0.5
    let expected = array(&[1, 2, 1, 2], &[0.5, 4.5, -0.5, 3.0 / 1.25_f64.sqrt() - 0.5]);
    assert_close(&forward(&norm, &x), &expected, 1e-15);
    let plain = BatchNorm2d::<F64>::batch_norm(None, None, mean.view(), var.view(), 1.0, &()).unwrap();
    let expected = array(&[1, 2, 1, 2], &[0.0, 2.0, 0.0, 1.0 / 1.25_f64.sqrt()]);
    assert_close(&forward(&plain, &x), &expected, 1e-15);
}
