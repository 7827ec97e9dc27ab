use ndarray::{Array4, ArrayD, Ix4};
use xai_core::nn::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d, Padding};

use crate::nn_ops::jacobian::{assert_directions, assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{array, assert_close, noise};

/// All the numbers under each window, `None` for those in the padding, folded to one.
fn windows(
    x: &ArrayD<f64>,
    kernel: [usize; 2],
    stride: [usize; 2],
    p: Padding,
    fold: impl Fn(Vec<Option<f64>>) -> f64,
) -> ArrayD<f64> {
    let x = x.view().into_dimensionality::<Ix4>().unwrap();
    let (b, c, h, w) = x.dim();
    let places = |n: usize, k: usize, s: usize| (n - k) / s + 1;
    let rows = places(h + p.top + p.bottom, kernel[0], stride[0]);
    let columns = places(w + p.left + p.right, kernel[1], stride[1]);
    let y = Array4::from_shape_fn((b, c, rows, columns), |(b, c, oy, ox)| {
        let mut under = Vec::new();
        for ky in 0..kernel[0] {
            for kx in 0..kernel[1] {
                let y = (oy * stride[0] + ky).wrapping_sub(p.top);
                let x_ = (ox * stride[1] + kx).wrapping_sub(p.left);
                under.push(x.get((b, c, y, x_)).copied());
            }
        }
        fold(under)
    });
    y.into_dyn()
}

fn highest(under: Vec<Option<f64>>) -> f64 {
    under.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max)
}

const LOPSIDED: Padding = Padding { top: 1, bottom: 0, left: 0, right: 2 };

/// Kernel, stride, padding and input.
type Geometry = ([usize; 2], [usize; 2], Padding, [usize; 4]);

fn geometries() -> Vec<Geometry> {
    vec![
        ([2, 2], [2, 2], Padding::default(), [2, 2, 4, 4]),
        // with a remainder
        ([2, 2], [2, 2], Padding::default(), [1, 2, 5, 7]),
        ([2, 3], [3, 4], Padding::default(), [1, 1, 6, 9]),
        // overlapping
        ([3, 3], [2, 2], Padding::all(1), [1, 2, 6, 5]),
        ([3, 2], [1, 1], Padding::default(), [1, 2, 4, 4]),
        ([2, 3], [1, 2], LOPSIDED, [2, 1, 4, 5]),
        // larger than the image
        ([3, 3], [1, 1], Padding::all(1), [1, 2, 1, 2]),
    ]
}

#[test]
fn max_pools_of_every_geometry() {
    for (kernel, stride, padding, input) in geometries() {
        let pool = MaxPool2d::new(kernel).stride(stride).padding(padding);
        let x = noise(3, &input);
        assert_eq!(forward(&pool, &x), windows(&x, kernel, stride, padding, highest));
        assert_jacobian(&pool, &x);
    }
}

#[test]
fn average_pools_of_every_geometry() {
    for (kernel, stride, padding, input) in geometries() {
        let x = noise(3, &input);
        for counts in [true, false] {
            let pool = AvgPool2d::new(kernel).stride(stride).padding(padding).count_include_pad(counts);
            let mean = |under: Vec<Option<f64>>| {
                let inside: Vec<f64> = under.iter().copied().flatten().collect();
                inside.iter().sum::<f64>() / if counts { under.len() } else { inside.len() } as f64
            };
            assert_close(&forward(&pool, &x), &windows(&x, kernel, stride, padding, mean), 1e-14);
            assert_jacobian(&pool, &x);
        }
    }
}

#[test]
fn the_first_of_equal_numbers_gets_the_gradient() {
    let x = array(&[1, 1, 2, 4], &[0.0, 5.0, 1.0, 1.0, 5.0, 5.0, 1.0, 1.0]);
    let v = array(&[1, 1, 1, 2], &[2.0, 3.0]);
    let expected = array(&[1, 1, 2, 4], &[0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(pulled(&MaxPool2d::new(2), &x, &v), expected);
    assert_eq!(pulled(&AdaptiveMaxPool2d::new([1, 2]), &x, &v), expected);
}

#[test]
fn padding_is_no_candidate_for_a_maximum() {
    let x = array(&[1, 1, 1, 2], &[-3.0, -1.0]);
    let pool = MaxPool2d::new(2).stride(1).padding(1);
    assert_eq!(forward(&pool, &x), array(&[1, 1, 2, 3], &[-3.0, -1.0, -1.0, -3.0, -1.0, -1.0]));
    // Not even where all is -∞.
    let lowest = array(&[1, 1, 1, 2], &[f64::NEG_INFINITY; 2]);
    assert_eq!(forward(&pool, &lowest), array(&[1, 1, 2, 3], &[f64::NEG_INFINITY; 6]));
}

#[test]
fn a_nan_is_passed_on() {
    let x = array(&[1, 1, 1, 4], &[1.0, f64::NAN, 3.0, 4.0]);
    let y = forward(&MaxPool2d::new([1, 2]), &x);
    assert!(y[[0, 0, 0, 0]].is_nan());
    assert_eq!(y[[0, 0, 0, 1]], 4.0);
}

#[test]
fn overlapping_windows_add_their_gradients() {
    let x = array(&[1, 1, 1, 3], &[1.0, 9.0, 2.0]);
    let pool = MaxPool2d::new([1, 2]).stride(1);
    assert_eq!(pulled(&pool, &x, &array(&[1, 1, 1, 2], &[2.0, 3.0])), array(&[1, 1, 1, 3], &[0.0, 5.0, 0.0]));
}

#[test]
fn the_stride_is_the_window_unless_set() {
    assert_eq!(MaxPool2d::new([2, 3]).stride, [2, 3]);
    assert_eq!(AvgPool2d::new(4).stride, [4, 4]);
}

#[test]
fn adaptive_windows_by_hand() {
    // 5 columns to 3: 0..2, 1..4, 3..5
    let x = array(&[1, 1, 1, 5], &[1.0, 2.0, 6.0, 4.0, 9.0]);
    assert_eq!(forward(&AdaptiveAvgPool2d::new([1, 3]), &x), array(&[1, 1, 1, 3], &[1.5, 4.0, 6.5]));
    assert_eq!(forward(&AdaptiveMaxPool2d::new([1, 3]), &x), array(&[1, 1, 1, 3], &[2.0, 6.0, 9.0]));
    // More than there are: each is repeated.
    let x = array(&[1, 1, 1, 2], &[1.0, 3.0]);
    assert_eq!(forward(&AdaptiveAvgPool2d::new([1, 4]), &x), array(&[1, 1, 1, 4], &[1.0, 1.0, 3.0, 3.0]));
}

#[test]
fn adaptive_pools_of_many_sizes() {
    for (size, input) in [
        ([1, 1], [2, 3, 4, 5]),
        ([2, 3], [1, 2, 5, 7]),
        ([3, 2], [1, 1, 3, 2]),
        ([4, 5], [1, 1, 3, 2]),
        ([1, 4], [1, 2, 3, 6]),
    ] {
        let x = noise(3, &input);
        assert_jacobian(&AdaptiveAvgPool2d::new(size), &x);
        assert_jacobian(&AdaptiveMaxPool2d::new(size), &x);
    }
}

#[test]
fn global_pools_are_means_and_maxima() {
    let x = noise(3, &[2, 3, 4, 5]);
    let rows = x.to_shape((6, 20)).unwrap();
    let mean = rows.mean_axis(ndarray::Axis(1)).unwrap().into_shape_with_order(vec![2, 3, 1, 1]).unwrap();
    assert_close(&forward(&AdaptiveAvgPool2d::global(), &x), &mean, 1e-14);
    let most = rows.map_axis(ndarray::Axis(1), |r| r.fold(-9.0_f64, |a, b| a.max(*b)));
    assert_eq!(forward(&AdaptiveMaxPool2d::global(), &x), most.into_shape_with_order(vec![2, 3, 1, 1]).unwrap());
}

#[test]
fn a_resnet_stem_pool_along_random_directions() {
    assert_directions(&MaxPool2d::new(3).stride(2).padding(1), &noise(4, &[2, 4, 17, 16]));
}

#[test]
fn means_are_affine_and_maxima_are_not() {
    let image = [1, 2, 4, 4];
    assert!(is_affine(&AvgPool2d::new(2), &image) && is_affine(&AdaptiveAvgPool2d::global(), &image));
    assert!(!is_affine(&MaxPool2d::new(2), &image) && !is_affine(&AdaptiveMaxPool2d::global(), &image));
}
