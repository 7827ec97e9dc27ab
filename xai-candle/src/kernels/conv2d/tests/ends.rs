//! What is done at both ends of a convolution.

use super::super::ends::{Finish, Source};
use super::super::{forward_into, input_vjp_into};
use super::{large, numbers, of_tiles, size, square};

#[test]
fn both_ends_are_what_passes_of_their_own_would_be() {
    let all = large().into_iter().chain(of_tiles()).chain([square(2, [6, 9], 3, 11, 3, 2)]);
    for g in all {
        let (x, y) = (size(g.input_shape()), size(g.output_shape()));
        let (weight, add) = (numbers(size(g.weight_shape()), 21), numbers(y, 22));
        let channels = |count: usize, seed: usize| numbers(count, seed);
        let plane = |shape: [usize; 4]| shape[2] * shape[3];
        for directions in 0..2 {
            let (from, to) =
                if directions == 0 { (g.input_shape(), g.output_shape()) } else { (g.output_shape(), g.input_shape()) };
            let values = numbers(size(from), 23);
            let scale = channels(from[1], 24);
            let mask: Vec<bool> = numbers(size(from), 25).into_iter().map(|v| v > 0.0).collect();
            let (out_scale, shift) = (channels(to[1], 26), channels(to[1], 27));
            let add = if directions == 0 { add.clone() } else { numbers(x, 28) };
            let clamp = [-1.5, 6.0];
            let read: Vec<f64> = (0..values.len())
                .map(|i| if mask[i] { values[i] * scale[i / plane(from) % from[1]] } else { 0.0 })
                .collect();
            let run = |source: Source<'_, f64>, finish: Finish<'_, f64>| {
                let call = if directions == 0 { forward_into } else { input_vjp_into };
                call(source, &weight, finish, &g, vec![f64::NAN; size(to) + 5]).unwrap()
            };
            let sums = run(read[..].into(), Finish::default());
            let got = run(
                Source { values: &values, scale: Some(&scale), mask: Some(&mask) },
                Finish { scale: Some(&out_scale), shift: Some(&shift), add: Some(&add), clamp: Some(clamp) },
            );
            assert_eq!(got.len(), sums.len());
            for (i, (got, sum)) in got.into_iter().zip(sums).enumerate() {
                let channel = i / plane(to) % to[1];
                let expected = (out_scale[channel] * sum + shift[channel] + add[i]).clamp(clamp[0], clamp[1]);
                assert!((got - expected).abs() <= 1e-10, "[{i}]: {got} instead of {expected} in {g:?}");
            }
        }
    }
}

#[test]
fn ends_of_a_wrong_length_are_errors() {
    let g = square(1, [2, 3], 1, 4, 3, 1);
    let (x, weight) = ([0.0f32; 32], [0.0f32; 54]);
    let run = |source: Source<'_, f32>, finish: Finish<'_, f32>| forward_into(source, &weight, finish, &g, Vec::new());
    let plain = Source::from(&x[..]);
    assert!(run(plain, Finish::default()).is_ok());
    assert!(run(Source { scale: Some(&x[..3]), ..plain }, Finish::default()).is_err());
    assert!(run(Source { mask: Some(&[true; 31]), ..plain }, Finish::default()).is_err());
    assert!(run(plain, Finish { scale: Some(&x[..2]), ..Finish::default() }).is_err());
    assert!(run(plain, Finish { shift: Some(&x[..2]), ..Finish::default() }).is_err());
    assert!(run(plain, Finish { add: Some(&x), ..Finish::default() }).is_err());
}
