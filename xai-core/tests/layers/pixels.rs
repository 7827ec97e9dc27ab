//! PReLU, local response norm and pixel shuffle.

use ndarray::{Array4, ArrayD, Axis};
use xai_core::nn::{LocalResponseNorm, PRelu, PixelShuffle, PixelUnshuffle, Weights};

use crate::layers::cases::check;
use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{F64, array, noise, tensor};

#[test]
fn prelu_by_the_formula_with_one_slope_and_many() {
    for (slopes, shape) in [
        (vec![0.25], vec![2, 3, 2, 2]),
        (vec![-0.5], vec![4]),
        (vec![0.25, -0.5, 2.0], vec![2, 3]),
        (vec![0.25, -0.5, 2.0], vec![2, 3, 4]),
        (vec![0.25, -0.5, 2.0], vec![2, 3, 2, 3]),
    ] {
        let layer = PRelu::<F64>::new(tensor(&array(&[slopes.len()], &slopes))).unwrap();
        let x = noise(3, &shape);
        let mut expected = x.clone();
        for (place, value) in expected.indexed_iter_mut() {
            let slope = if slopes.len() == 1 { slopes[0] } else { slopes[place[1]] };
            *value = if *value > 0.0 { *value } else { slope * *value };
        }
        check(&layer, &x, &expected);
        assert_jacobian(&layer, &x);
    }
}

#[test]
fn prelu_has_the_slope_at_zero() {
    let zeros = array(&[1, 2], &[0.0, 0.0]);
    let back = |slopes: &[f64]| {
        let layer = PRelu::<F64>::new(tensor(&array(&[slopes.len()], slopes))).unwrap();
        pulled(&layer, &zeros, &array(&[1, 2], &[1.0, 1.0]))
    };
    assert_eq!(back(&[0.25]), array(&[1, 2], &[0.25, 0.25]));
    assert_eq!(back(&[0.25, -3.0]), array(&[1, 2], &[0.25, -3.0]));
    let w = Weights::<F64>::new([("act.weight", array(&[1], &[0.25]))], ()).unwrap();
    let loaded = PRelu::load(&w.at("act")).unwrap();
    assert_eq!(forward(&loaded, &array(&[1, 2], &[-4.0, 4.0])), array(&[1, 2], &[-1.0, 4.0]));
}

#[test]
fn local_response_norm_by_the_formula() {
    for (size, alpha, beta, k) in [(1, 0.5, 0.75, 1.0), (2, 1.5, 0.75, 1.0), (5, 2.0, 1.25, 0.5), (9, 1e-4, 0.75, 1.0)]
    {
        for shape in [vec![2, 6], vec![2, 6, 3], vec![2, 6, 2, 2], vec![2, 6, 1, 2, 2]] {
            let x = noise(4, &shape);
            let mut expected = x.clone();
            for (c, mut values) in expected.axis_iter_mut(Axis(1)).enumerate() {
                let near = c.saturating_sub(size / 2)..(c + (size - 1) / 2 + 1).min(6);
                let mut squares = ArrayD::<f64>::zeros(values.raw_dim());
                for other in near {
                    squares += &x.index_axis(Axis(1), other).mapv(|v| v * v);
                }
                let sums = squares.mapv(|sum| (k + alpha / size as f64 * sum).powf(beta));
                values /= &sums;
            }
            check(&LocalResponseNorm::new(size).alpha(alpha).beta(beta).k(k), &x, &expected);
        }
    }
    let plain = forward(&LocalResponseNorm::new(2), &array(&[1, 1], &[2.0]));
    assert!((plain[[0, 0]] - 2.0 / (1.0 + 1e-4 / 2.0 * 4.0_f64).powf(0.75)).abs() < 1e-15);
}

#[test]
fn pixels_and_channels() {
    let x = noise(5, &[2, 12, 2, 3]);
    let by_loop = Array4::from_shape_fn((2, 3, 4, 6), |(b, c, y, z)| {
        let (h, i, w, j) = (y / 2, y % 2, z / 2, z % 2);
        x[[b, c * 4 + i * 2 + j, h, w]]
    });
    let by_loop = by_loop.into_dyn();
    check(&PixelShuffle::new(2), &x, &by_loop);
    check(&PixelUnshuffle::new(2), &by_loop, &x);
    check(&PixelShuffle::new(1), &x, &x);
    let wide = noise(6, &[1, 9, 1, 2]);
    assert_eq!(forward(&PixelUnshuffle::new(3), &forward(&PixelShuffle::new(3), &wide)), wide);
    assert!(is_affine(&PixelShuffle::new(2), &[2, 12, 2, 3]) && is_affine(&PixelUnshuffle::new(3), &[1, 1, 3, 6]));
}
