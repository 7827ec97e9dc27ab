use ndarray::ArrayD;
use xai_core::nn::{GroupNorm, LayerNorm, RmsNorm};

use crate::nn_ops::jacobian::{assert_directions, assert_jacobian, forward};
use crate::nn_ops::numbers::{F64, array, assert_close, noise, weight};

/// (x - mean) / √(var + ε) over runs of numbers.
fn normalised(x: &ArrayD<f64>, run: usize, eps: f64) -> ArrayD<f64> {
    let rows = x.to_shape((x.len() / run, run)).unwrap();
    let mut y = rows.to_owned();
    for mut row in y.rows_mut() {
        let mean = row.mean().unwrap();
        let var = row.var(0.0);
        row.mapv_inplace(|v| (v - mean) / (var + eps).sqrt());
    }
    y.into_shape_with_order(x.raw_dim()).unwrap()
}

#[test]
fn layer_norm_by_hand() {
    // mean 2.5, variance 1.25
    let norm = LayerNorm::<F64>::plain(1, 0.0).unwrap();
    let expected = [-1.5, -0.5, 0.5, 1.5].map(|v| v / 1.25_f64.sqrt());
    assert_close(&forward(&norm, &array(&[1, 4], &[1.0, 2.0, 3.0, 4.0])), &array(&[1, 4], &expected), 1e-15);
}

#[test]
fn layer_norm_over_one_and_more_axes() {
    for (shape, axes) in [(vec![3, 5], 1), (vec![2, 3, 4], 1), (vec![2, 3, 4], 2), (vec![2, 2, 3, 2], 3)] {
        let x = noise(3, &shape);
        let last = &shape[shape.len() - axes..];
        let norm = LayerNorm::<F64>::new(weight(1, last), weight(2, last), 1e-3).unwrap();
        assert_eq!(norm.axes, axes);
        let expected = normalised(&x, last.iter().product(), 1e-3) * noise(1, last) + noise(2, last);
        assert_close(&forward(&norm, &x), &expected, 1e-13);
        assert_jacobian(&norm, &x);
        assert_jacobian(&LayerNorm::<F64>::plain(axes, 1e-5).unwrap(), &x);
    }
}

#[test]
fn layer_norm_of_a_constant_is_the_bias() {
    let norm = LayerNorm::<F64>::new(weight(1, &[3]), weight(2, &[3]), 1e-5).unwrap();
    let x = ArrayD::from_elem(vec![1, 3], 7.0);
    assert_close(&forward(&norm, &x), &noise(2, &[3]).into_shape_with_order(vec![1, 3]).unwrap(), 1e-15);
}

#[test]
fn rms_norm_by_hand_and_by_differences() {
    let norm = RmsNorm::<F64>::new(None, 0.5).unwrap();
    // mean square 12.5
    let expected = [3.0, 4.0].map(|v| v / 13.0_f64.sqrt());
    assert_close(&forward(&norm, &array(&[1, 2], &[3.0, 4.0])), &array(&[1, 2], &expected), 1e-15);
    let x = noise(3, &[2, 3, 4]);
    assert_jacobian(&norm, &x);
    assert_jacobian(&RmsNorm::<F64>::new(weight(1, &[4]), 1e-6).unwrap(), &x);
}

#[test]
fn group_norm_of_each_number_of_groups() {
    let shape = [2, 6, 2, 3];
    let x = noise(3, &shape);
    for groups in [1, 2, 3, 6] {
        let norm = GroupNorm::<F64>::new(groups, weight(1, &[6]), weight(2, &[6]), 1e-4).unwrap();
        let each = |seed| noise(seed, &[6]).into_shape_with_order(vec![1, 6, 1, 1]).unwrap();
        let expected = normalised(&x, 6 / groups * 6, 1e-4) * each(1) + each(2);
        assert_close(&forward(&norm, &x), &expected, 1e-13);
        assert_jacobian(&norm, &x);
    }
    assert_jacobian(&GroupNorm::<F64>::new(2, None, None, 1e-5).unwrap(), &noise(3, &[3, 4]));
    assert_directions(&GroupNorm::<F64>::new(4, None, weight(2, &[8]), 1e-5).unwrap(), &noise(3, &[3, 8, 7]));
}
