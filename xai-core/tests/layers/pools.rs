use ndarray::{Array3, Array5, ArrayD, Ix3, Ix5};
use xai_core::nn::{
    AdaptiveAvgPool1d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool3d, AvgPool1d, AvgPool3d, MaxPool1d,
    MaxPool3d,
};

use crate::layers::cases::{check, read};
use crate::nn_ops::jacobian::{is_affine, pulled};
use crate::nn_ops::numbers::{array, noise};

/// What is made of the numbers of a window, of which so many places there are with their padding.
type Of = fn(&[f64], usize) -> f64;

const MAX: Of = |values, _| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
const MEAN: Of = |values, places| values.iter().sum::<f64>() / places as f64;
const MEAN_OF_INSIDE: Of = |values, _| values.iter().sum::<f64>() / values.len() as f64;

/// A window over three axes; one over sequences spans nothing of the first two.
struct Window {
    kernel: [usize; 3],
    stride: [usize; 3],
    sides: [(usize, usize); 3],
}

impl Window {
    fn of(&self, x: &ArrayD<f64>, of: Of) -> ArrayD<f64> {
        let x = x.view().into_dimensionality::<Ix5>().unwrap();
        let size = [x.dim().2, x.dim().3, x.dim().4];
        let places =
            [0, 1, 2].map(|a| (size[a] + self.sides[a].0 + self.sides[a].1 - self.kernel[a]) / self.stride[a] + 1);
        let seen = |a: usize, place: usize| -> Vec<usize> {
            (0..self.kernel[a]).filter_map(|tap| read(place, self.stride[a], tap, self.sides[a].0, size[a])).collect()
        };
        let y = Array5::from_shape_fn((x.dim().0, x.dim().1, places[0], places[1], places[2]), |(b, c, d, h, w)| {
            let mut values = Vec::new();
            for &z in &seen(0, d) {
                for &row in &seen(1, h) {
                    for &column in &seen(2, w) {
                        values.push(x[[b, c, z, row, column]]);
                    }
                }
            }
            of(&values, self.kernel.iter().product())
        });
        y.into_dyn()
    }
}

/// ⌊i·n/size⌋ .. ⌈(i+1)·n/size⌉ on each axis.
fn adaptive(x: &ArrayD<f64>, size: [usize; 3], of: Of) -> ArrayD<f64> {
    let x = x.view().into_dimensionality::<Ix5>().unwrap();
    let lengths = [x.dim().2, x.dim().3, x.dim().4];
    let span = |a: usize, i: usize| (i * lengths[a] / size[a])..((i + 1) * lengths[a]).div_ceil(size[a]);
    let y = Array5::from_shape_fn((x.dim().0, x.dim().1, size[0], size[1], size[2]), |(b, c, d, h, w)| {
        let mut values = Vec::new();
        for z in span(0, d) {
            for row in span(1, h) {
                for column in span(2, w) {
                    values.push(x[[b, c, z, row, column]]);
                }
            }
        }
        of(&values, values.len())
    });
    y.into_dyn()
}

/// A sequence as a volume of one slice and one row, and back.
fn as_sequence(f: impl Fn(&ArrayD<f64>) -> ArrayD<f64>, x: &ArrayD<f64>) -> ArrayD<f64> {
    let (batch, channels, length) = x.view().into_dimensionality::<Ix3>().unwrap().dim();
    let y = f(&x.to_shape(vec![batch, channels, 1, 1, length]).unwrap().to_owned());
    let places = y.shape()[4];
    Array3::from_shape_vec((batch, channels, places), y.iter().copied().collect()).unwrap().into_dyn()
}

#[test]
fn sequences_by_the_formula() {
    let x = noise(1, &[2, 3, 9]);
    for (kernel, stride, sides) in [(2, 2, (0, 0)), (3, 2, (1, 1)), (4, 3, (0, 2)), (3, 1, (2, 0)), (1, 2, (0, 0))] {
        let window = Window { kernel: [1, 1, kernel], stride: [1, 1, stride], sides: [(0, 0), (0, 0), sides] };
        let by_loop = |of: Of| as_sequence(|x| window.of(x, of), &x);
        check(&MaxPool1d::new(kernel).stride(stride).padding(sides), &x, &by_loop(MAX));
        let mean = AvgPool1d::new(kernel).stride(stride).padding(sides);
        check(&mean, &x, &by_loop(MEAN));
        check(&mean.count_include_pad(false), &x, &by_loop(MEAN_OF_INSIDE));
    }
    for length in [1, 2, 4, 9, 12] {
        let by_loop = |of: Of| as_sequence(|x| adaptive(x, [1, 1, length], of), &x);
        check(&AdaptiveAvgPool1d::new(length), &x, &by_loop(MEAN_OF_INSIDE));
        check(&AdaptiveMaxPool1d::new(length), &x, &by_loop(MAX));
    }
    assert_eq!(AdaptiveAvgPool1d::global(), AdaptiveAvgPool1d::new(1));
    assert_eq!(AdaptiveMaxPool1d::global(), AdaptiveMaxPool1d::new(1));
}

#[test]
fn volumes_by_the_formula() {
    let x = noise(1, &[2, 2, 5, 4, 6]);
    for (kernel, stride, sides) in [
        ([2, 2, 2], [2, 2, 2], [(0, 0); 3]),
        ([3, 2, 3], [1, 2, 2], [(1, 1), (0, 1), (2, 0)]),
        ([1, 3, 3], [1, 1, 1], [(0, 0), (1, 1), (1, 1)]),
        ([4, 1, 1], [3, 1, 1], [(0, 3), (0, 0), (0, 0)]),
    ] {
        let window = Window { kernel, stride, sides };
        check(&MaxPool3d::new(kernel).stride(stride).padding(sides), &x, &window.of(&x, MAX));
        let mean = AvgPool3d::new(kernel).stride(stride).padding(sides);
        check(&mean, &x, &window.of(&x, MEAN));
        check(&mean.count_include_pad(false), &x, &window.of(&x, MEAN_OF_INSIDE));
        assert!(is_affine(&mean, x.shape()));
    }
    for size in [[1, 1, 1], [2, 3, 4], [5, 4, 6], [3, 1, 7]] {
        check(&AdaptiveAvgPool3d::new(size), &x, &adaptive(&x, size, MEAN_OF_INSIDE));
        check(&AdaptiveMaxPool3d::new(size), &x, &adaptive(&x, size, MAX));
    }
    assert_eq!(AdaptiveAvgPool3d::global(), AdaptiveAvgPool3d::new(1));
    assert_eq!(AdaptiveMaxPool3d::global(), AdaptiveMaxPool3d::new(1));
}

/// The first of equal numbers in row-major order gets it all: over the slice first, and then over the slices.
#[test]
fn ties_go_to_the_first() {
    let one = array(&[1, 1, 1], &[1.0]);
    let ties = array(&[1, 1, 4], &[3.0, 7.0, 7.0, 7.0]);
    assert_eq!(pulled(&MaxPool1d::new(4), &ties, &one), array(&[1, 1, 4], &[0.0, 1.0, 0.0, 0.0]));
    assert_eq!(pulled(&AdaptiveMaxPool1d::global(), &ties, &one), array(&[1, 1, 4], &[0.0, 1.0, 0.0, 0.0]));

    let one = array(&[1, 1, 1, 1, 1], &[1.0]);
    let gets = |values: [f64; 8], place: usize| {
        let x = array(&[1, 1, 2, 2, 2], &values);
        let mut expected = array(&[1, 1, 2, 2, 2], &[0.0; 8]);
        *expected.iter_mut().nth(place).unwrap() = 1.0;
        assert_eq!(pulled(&MaxPool3d::new(2), &x, &one), expected, "{values:?}");
        assert_eq!(pulled(&AdaptiveMaxPool3d::global(), &x, &one), expected, "{values:?}");
    };
    gets([5.0; 8], 0);
    gets([1.0, 2.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], 2);
    gets([1.0, 2.0, 1.0, 2.0, 0.0, 4.0, 4.0, 3.0], 5);
    gets([1.0, 9.0, 1.0, 2.0, 9.0, 4.0, 4.0, 3.0], 1);
}
