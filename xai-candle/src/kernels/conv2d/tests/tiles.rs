//! Tiles at points.

use pulp::Arch;
use rayon::ThreadPoolBuilder;

use super::super::ConvGeometry;
use super::super::correlation::Correlation;
use super::super::ends::Finish;
use super::super::winograd::Winograd;
use super::{compare, dot, numbers, of_tiles, size};
use crate::kernels::Real;

#[test]
fn tiles_at_points_give_the_sum_of_their_products() {
    for g in of_tiles() {
        compare::<f64>(&g, |v| v, 1e-10).unwrap();
        compare::<f32>(&g, |v| v as f32, 2e-3).unwrap();
    }
}

/// ‖a - b‖ / ‖b‖
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / dot(b, b)).sqrt()
}

/// Direct sums and tiles at points, of both directions, as f64.
fn both_ways<T: Real + Into<f64>>(g: &ConvGeometry, cast: fn(f64) -> T) -> [(Vec<f64>, Vec<f64>); 2] {
    let cast_all = |values: Vec<f64>| -> Vec<T> { values.into_iter().map(cast).collect() };
    let wide = |values: Vec<T>| -> Vec<f64> { values.into_iter().map(Into::into).collect() };
    let (x, weight) = (cast_all(numbers(size(g.input_shape()), 11)), cast_all(numbers(size(g.weight_shape()), 12)));
    let dy = cast_all(numbers(size(g.output_shape()), 13));
    let arch = Arch::new();
    let mut there = [vec![T::nan(); dy.len()], vec![T::nan(); dy.len()]];
    Correlation::forward(g).run(arch, x[..].into(), &weight, Finish::default(), &mut there[0]);
    Winograd::forward(g).unwrap().run(arch, x[..].into(), &weight, Finish::default(), &mut there[1]);
    let mut back = [vec![T::nan(); x.len()], vec![T::nan(); x.len()]];
    Correlation::transposed(g).run(arch, dy[..].into(), &weight, Finish::default(), &mut back[0]);
    Winograd::transposed(g).unwrap().run(arch, dy[..].into(), &weight, Finish::default(), &mut back[1]);
    [there, back].map(|[direct, at_points]| (wide(direct), wide(at_points)))
}

#[test]
fn tiles_at_points_are_as_exact_as_direct_sums_up_to_a_few_roundings() {
    for g in of_tiles() {
        for (direct, at_points) in both_ways::<f64>(&g, |v| v) {
            let gap = distance(&at_points, &direct);
            assert!(gap < 1e-14, "{gap} in {g:?}");
        }
        for (direct, at_points) in both_ways::<f32>(&g, |v| v as f32) {
            let gap = distance(&at_points, &direct);
            assert!(gap < 5e-6, "{gap} in {g:?}");
        }
    }
}

#[test]
fn tiles_at_points_give_the_same_bits_for_any_number_of_threads() {
    for g in of_tiles() {
        let run = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| both_ways::<f32>(&g, |v| v as f32 * 1.1))
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads differ in {g:?}");
        }
    }
}
