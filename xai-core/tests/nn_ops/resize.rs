use xai_core::nn::{Pad2d, Padding, Upsample2d};

use crate::nn_ops::jacobian::{assert_jacobian, forward, is_affine, pulled};
use crate::nn_ops::numbers::{array, assert_close, noise};

fn all(size: [usize; 2]) -> [Upsample2d; 6] {
    [
        Upsample2d::nearest(size),
        Upsample2d::nearest_exact(size),
        Upsample2d::bilinear(size),
        Upsample2d::bilinear_aligned(size),
        Upsample2d::bicubic(size),
        Upsample2d::bicubic_aligned(size),
    ]
}

#[test]
fn nearest_by_hand() {
    let x = array(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let y = forward(&Upsample2d::nearest([2, 3]), &x);
    assert_eq!(y, array(&[1, 1, 2, 3], &[1.0, 1.0, 2.0, 3.0, 3.0, 4.0]));
    let v = array(&[1, 1, 2, 3], &[1.0, 10.0, 100.0, 2.0, 20.0, 200.0]);
    assert_eq!(pulled(&Upsample2d::nearest([2, 3]), &x, &v), array(&[1, 1, 2, 2], &[11.0, 100.0, 22.0, 200.0]));
    // An infinite neighbour leaks into no other pixel.
    let x = array(&[1, 1, 1, 2], &[f64::INFINITY, 1.0]);
    assert_eq!(forward(&Upsample2d::nearest([1, 2]), &x), x);
}

#[test]
fn bilinear_by_hand() {
    let x = array(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let rows = [[1.0, 1.25, 1.75, 2.0], [1.5, 1.75, 2.25, 2.5], [2.5, 2.75, 3.25, 3.5], [3.0, 3.25, 3.75, 4.0]];
    assert_close(&forward(&Upsample2d::bilinear(4), &x), &array(&[1, 1, 4, 4], rows.as_flattened()), 1e-15);
    let third = 1.0 / 3.0;
    let row = [1.0, 1.0 + third, 2.0 - third, 2.0];
    let expected: Vec<f64> = (0..4).flat_map(|y| row.map(|v| v + 2.0 * f64::from(y) * third)).collect();
    assert_close(&forward(&Upsample2d::bilinear_aligned(4), &x), &array(&[1, 1, 4, 4], &expected), 1e-15);
}

#[test]
fn nearest_by_the_centres_by_hand() {
    // 5 of 3: ⌊(i + ½) · 3 / 5⌋ = 0, 0, 1, 2, 2, where ⌊i · 3 / 5⌋ = 0, 0, 1, 1, 2. 2 of 5: 1 and 3 for 0 and 2.
    let x = array(&[1, 1, 1, 3], &[1.0, 2.0, 3.0]);
    assert_eq!(forward(&Upsample2d::nearest_exact([1, 5]), &x), array(&[1, 1, 1, 5], &[1.0, 1.0, 2.0, 3.0, 3.0]));
    let v = array(&[1, 1, 1, 5], &[1.0, 10.0, 100.0, 1000.0, 10000.0]);
    assert_eq!(pulled(&Upsample2d::nearest_exact([1, 5]), &x, &v), array(&[1, 1, 1, 3], &[11.0, 100.0, 11000.0]));
    let x = array(&[1, 1, 1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(forward(&Upsample2d::nearest_exact([1, 2]), &x), array(&[1, 1, 1, 2], &[2.0, 4.0]));
    assert_eq!(forward(&Upsample2d::nearest([1, 2]), &x), array(&[1, 1, 1, 2], &[1.0, 3.0]));
}

#[test]
fn bicubic_by_hand() {
    // Half way between two pixels: -3/32, 19/32, 19/32, -3/32 of the four around, the border's beyond it.
    let x = array(&[1, 1, 1, 4], &[1.0, 2.0, 4.0, 8.0]);
    let y = forward(&Upsample2d::bicubic([1, 2]), &x);
    let mean = |a: f64, b: f64, c: f64, d: f64| (19.0 * (b + c) - 3.0 * (a + d)) / 32.0;
    assert_close(&y, &array(&[1, 1, 1, 2], &[mean(1.0, 1.0, 2.0, 4.0), mean(2.0, 4.0, 8.0, 8.0)]), 1e-15);
    let y = forward(&Upsample2d::bicubic_aligned([1, 7]), &x);
    let halves = [mean(1.0, 1.0, 2.0, 4.0), mean(1.0, 2.0, 4.0, 8.0), mean(2.0, 4.0, 8.0, 8.0)];
    let expected = [1.0, halves[0], 2.0, halves[1], 4.0, halves[2], 8.0];
    assert_close(&y, &array(&[1, 1, 1, 7], &expected), 1e-15);
    // A quarter past a pixel, by Keys' kernel with a = -0.75, which PyTorch takes.
    let y = forward(&Upsample2d::bicubic([1, 8]), &x);
    let quarter = [-0.10546875, 0.87890625, 0.26171875, -0.03515625];
    let expected: f64 = quarter.iter().zip([1.0, 2.0, 4.0, 8.0]).map(|(share, v)| share * v).sum();
    assert!((y[[0, 0, 0, 3]] - expected).abs() < 1e-15, "{y}");
}

#[test]
fn up_and_down_to_many_sizes() {
    for (size, input) in [
        ([4, 6], [2, 2, 2, 3]),
        ([5, 7], [1, 2, 3, 4]),
        ([2, 3], [1, 1, 5, 4]),
        ([1, 1], [1, 2, 3, 2]),
        ([3, 2], [1, 1, 1, 1]),
    ] {
        let x = noise(3, &input);
        for layer in all(size) {
            assert_jacobian(&layer, &x);
            // Weights of each output pixel add up to 1.
            assert_close(&forward(&layer, &(x.mapv(|_| 2.5))), &forward(&layer, &x).mapv(|_| 2.5), 1e-14);
        }
    }
}

#[test]
fn the_same_size_changes_nothing() {
    let x = noise(3, &[1, 2, 5, 3]);
    for layer in all([5, 3]) {
        assert_eq!(forward(&layer, &x), x);
    }
}

#[test]
fn borders_of_any_value() {
    let x = array(&[1, 1, 1, 2], &[1.0, 2.0]);
    let pad = Pad2d::new(Padding { top: 1, bottom: 0, left: 0, right: 2 }).value(-7.0);
    assert_eq!(forward(&pad, &x), array(&[1, 1, 2, 4], &[-7.0, -7.0, -7.0, -7.0, 1.0, 2.0, -7.0, -7.0]));
    assert_jacobian(&pad, &noise(3, &[2, 2, 3, 2]));
    assert_jacobian(&Pad2d::new([1, 2]), &noise(3, &[1, 1, 2, 3]));
    assert!(is_affine(&pad, &[1, 1, 2, 3]) && is_affine(&Upsample2d::nearest(2), &[1, 1, 2, 3]));
}
