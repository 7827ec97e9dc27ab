use ndarray::{Array5, ArrayD, Ix5};
use xai_core::nn::{Upsample1d, Upsample3d};

use crate::layers::cases::check;
use crate::nn_ops::jacobian::is_affine;
use crate::nn_ops::numbers::noise;

/// Where an entry of the output lies among the input's, of `from` and of `to` entries.
type Place = fn(f64, f64, f64) -> f64;

const FLOOR: Place = |i, from, to| (i * from / to).floor();
const FLOOR_OF_CENTRES: Place = |i, from, to| ((i + 0.5) * from / to).floor();
const CENTRES: Place = |i, from, to| ((i + 0.5) * from / to - 0.5).clamp(0.0, from - 1.0);
const ENDS: Place = |i, from, to| if to == 1.0 { 0.0 } else { i * (from - 1.0) / (to - 1.0) };

/// Each number of the output from the eight around its place.
fn resized(x: &ArrayD<f64>, size: [usize; 3], place: Place) -> ArrayD<f64> {
    let x = x.view().into_dimensionality::<Ix5>().unwrap();
    let lengths = [x.dim().2, x.dim().3, x.dim().4];
    let y = Array5::from_shape_fn((x.dim().0, x.dim().1, size[0], size[1], size[2]), |(b, c, d, h, w)| {
        let at = [0, 1, 2].map(|a| place([d, h, w][a] as f64, lengths[a] as f64, size[a] as f64));
        let mut sum = 0.0;
        for corner in 0..8 {
            let up = [0, 1, 2].map(|a| corner >> a & 1);
            let share: f64 = (0..3).map(|a| if up[a] == 1 { at[a].fract() } else { 1.0 - at[a].fract() }).product();
            let [d, h, w] = [0, 1, 2].map(|a| (at[a] as usize + up[a]).min(lengths[a] - 1));
            sum += share * x[[b, c, d, h, w]];
        }
        sum
    });
    y.into_dyn()
}

#[test]
fn volumes_by_the_formula() {
    let x = noise(1, &[2, 2, 3, 4, 5]);
    for size in [[6, 8, 10], [5, 4, 3], [1, 7, 2], [3, 4, 5], [1, 1, 1]] {
        for (layer, place) in [
            (Upsample3d::nearest(size), FLOOR),
            (Upsample3d::nearest_exact(size), FLOOR_OF_CENTRES),
            (Upsample3d::trilinear(size), CENTRES),
            (Upsample3d::trilinear_aligned(size), ENDS),
        ] {
            check(&layer, &x, &resized(&x, size, place));
            assert!(is_affine(&layer, x.shape()));
        }
    }
    assert_eq!(Upsample3d::trilinear(4), Upsample3d::trilinear([4, 4, 4]));
}

#[test]
fn sequences_by_the_formula() {
    let x = noise(2, &[2, 3, 5]);
    let volume = x.to_shape(vec![2, 3, 1, 1, 5]).unwrap().to_owned();
    for length in [1, 2, 5, 7, 10] {
        for (layer, place) in [
            (Upsample1d::nearest(length), FLOOR),
            (Upsample1d::nearest_exact(length), FLOOR_OF_CENTRES),
            (Upsample1d::linear(length), CENTRES),
            (Upsample1d::linear_aligned(length), ENDS),
        ] {
            let expected = resized(&volume, [1, 1, length], place);
            check(&layer, &x, &expected.to_shape(vec![2, 3, length]).unwrap().to_owned());
        }
    }
}
