use ndarray::Axis;
use xai_core::nn::{LogSoftmax, Softmax};

use crate::nn_ops::jacobian::{assert_jacobian, forward};
use crate::nn_ops::numbers::{array, assert_close, noise};

#[test]
fn softmax_by_hand() {
    let y = forward(&Softmax::new(1), &array(&[1, 3], &[1.0, 2.0, 3.0]));
    let expected = [0.090_030_573_170_380_46, 0.244_728_471_054_797_64, 0.665_240_955_774_821_9];
    assert_close(&y, &array(&[1, 3], &expected), 1e-15);
    let logs = forward(&LogSoftmax::new(-1), &array(&[1, 3], &[1.0, 2.0, 3.0]));
    assert_close(&logs, &array(&[1, 3], &expected.map(f64::ln)), 1e-15);
}

#[test]
fn along_every_axis() {
    let x = noise(3, &[2, 3, 4]) * 3.0;
    for axis in -3..3_isize {
        let y = forward(&Softmax::new(axis), &x);
        let from_front = usize::try_from(axis.rem_euclid(3)).unwrap();
        assert!(y.sum_axis(Axis(from_front)).iter().all(|total| (total - 1.0).abs() < 1e-14));
        let exps = x.mapv(f64::exp);
        let expected = &exps / &exps.sum_axis(Axis(from_front)).insert_axis(Axis(from_front));
        assert_close(&y, &expected, 1e-14);
        assert_close(&forward(&LogSoftmax::new(axis), &x), &expected.mapv(f64::ln), 1e-13);
        assert_jacobian(&Softmax::new(axis), &x);
        assert_jacobian(&LogSoftmax::new(axis), &x);
    }
}

#[test]
fn large_numbers_do_not_overflow() {
    let x = array(&[1, 3], &[1e4, 1e4 - 1.0, -1e4]);
    let small = 1.0 / (1.0 + 1.0_f64.exp());
    assert_close(&forward(&Softmax::new(1), &x), &array(&[1, 3], &[1.0 - small, small, 0.0]), 1e-15);
    let logs = forward(&LogSoftmax::new(1), &x);
    assert_close(&logs, &array(&[1, 3], &[(1.0 - small).ln(), small.ln(), (1.0 - small).ln() - 2e4]), 1e-14);
}
