//! Against direct loops, over odd geometries.

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::{NO_ARGMAX, PathRows, PoolGeometry, SegmentMaxima, avg_forward, avg_vjp, max_forward, max_values, max_vjp};

/// Numbers in -1..1, many of them equal.
fn numbers(len: usize, seed: usize) -> Vec<f64> {
    (0..len).map(|i| ((i * 7919 + seed * 104_729) % 17) as f64 / 8.0 - 1.0).collect()
}

/// Calls `visit(input index in the plane)` for each pixel of a window, in row-major order.
fn window(g: &PoolGeometry, i: usize, j: usize, mut visit: impl FnMut(usize)) {
    let at = |axis: usize, o: usize, k: usize| {
        (o * g.stride[axis] + k).checked_sub(g.pad_before[axis]).filter(|&at| at < g.input[axis])
    };
    for (u, v) in (0..g.kernel[0]).flat_map(|u| (0..g.kernel[1]).map(move |v| (u, v))) {
        if let (Some(y), Some(x)) = (at(0, i, u), at(1, j, v)) {
            visit(y * g.input[1] + x);
        }
    }
}

/// Calls `visit(plane, i, j, output index)` for each output.
fn outputs(g: &PoolGeometry, mut visit: impl FnMut(usize, usize, usize, usize)) {
    for index in 0..g.planes * g.output_plane() {
        let (plane, place) = (index / g.output_plane(), index % g.output_plane());
        visit(plane, place / g.output[1], place % g.output[1], index);
    }
}

fn geometries() -> impl Strategy<Value = PoolGeometry> {
    let axis = (0usize..12, 1usize..6, 1usize..5, 0usize..4, 0usize..4);
    (0usize..4, axis.clone(), axis).prop_map(|(planes, rows, columns)| {
        let out = |(h, k, s, before, after): (usize, usize, usize, usize, usize)| {
            (h + before + after).checked_sub(k).map_or(1, |span| span / s + 1)
        };
        PoolGeometry {
            planes,
            input: [rows.0, columns.0],
            kernel: [rows.1, columns.1],
            output: [out(rows), out(columns)],
            stride: [rows.2, columns.2],
            pad_before: [rows.3, columns.3],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_maximum_is_the_first_of_its_window(g in geometries()) {
        let x = numbers(g.input_shape().iter().product(), 1);
        let dy = numbers(g.output_shape().iter().product(), 2);
        let (y, places) = max_forward(&x, &g).unwrap();
        prop_assert_eq!((y.len(), places.len()), (dy.len(), dy.len()));
        prop_assert_eq!(&max_values(&x, &g).unwrap(), &y);
        let mut dx = vec![0.0; x.len()];
        let mut failure = None;
        outputs(&g, |plane, i, j, o| {
            let mut best = (f64::NEG_INFINITY, NO_ARGMAX);
            window(&g, i, j, |at| {
                let value = x[plane * g.input_plane() + at];
                if value > best.0 {
                    best = (value, at as u32);
                }
            });
            if best != (y[o], places[o]) {
                failure = Some((o, best, y[o], places[o]));
            }
            if best.1 != NO_ARGMAX {
                dx[plane * g.input_plane() + best.1 as usize] += dy[o];
            }
        });
        prop_assert_eq!(failure, None);
        prop_assert_eq!(max_vjp(&dy, &places, &g).unwrap(), dx);
    }

    #[test]
    fn along_paths_every_change_is_met(g in geometries(), nodes in 2usize..4, channels in 1usize..3) {
        let rows = PathRows { nodes, channels };
        let g = PoolGeometry { planes: g.planes * nodes * channels, ..g };
        let x = numbers(g.input_shape().iter().product(), 1);
        let (y, maxima) = SegmentMaxima::forward(&x, &g, rows).unwrap();
        let dy = numbers(y.len(), 2);
        let dx = maxima.vjp(&dy).unwrap();
        let (all, _) = max_forward(&x, &g).unwrap();
        let mut segment = 0;
        for plane in (0..g.planes).filter(|plane| plane / channels % nodes > 0) {
            let part = |numbers: &[f64], plane: usize, length: usize| numbers[plane * length..][..length].to_vec();
            let [from, to] = [plane - channels, plane].map(|plane| part(&all, plane, g.output_plane()));
            let [a, b] = [plane - channels, plane].map(|plane| part(&x, plane, g.input_plane()));
            let (dy, dx) = (part(&dy, segment, g.output_plane()), part(&dx, segment, g.input_plane()));
            prop_assert_eq!(&part(&y, segment, g.output_plane()), &to);
            let changes = from.iter().zip(&to).zip(&dy).filter(|((from, _), _)| from.is_finite());
            let change: f64 = changes.map(|((from, to), dy)| (to - from) * dy).sum();
            let pulled: f64 = a.iter().zip(&b).zip(&dx).map(|((a, b), dx)| (b - a) * dx).sum();
            prop_assert!((change - pulled).abs() < 1e-9, "{} instead of {}", pulled, change);
            segment += 1;
        }
        prop_assert_eq!(segment * g.output_plane(), y.len());
    }

    #[test]
    fn the_mean_is_over_its_window(g in geometries(), count_include_pad: bool) {
        let x = numbers(g.input_shape().iter().product(), 3);
        let dy = numbers(g.output_shape().iter().product(), 4);
        let y = avg_forward(&x, &g, count_include_pad).unwrap();
        prop_assert_eq!(y.len(), dy.len());
        let mut dx = vec![0.0; x.len()];
        let mut worst = 0.0f64;
        outputs(&g, |plane, i, j, o| {
            let (mut total, mut count) = (0.0, 0);
            window(&g, i, j, |at| {
                total += x[plane * g.input_plane() + at];
                count += 1;
            });
            let divisor = if count_include_pad { g.kernel[0] * g.kernel[1] } else { count.max(1) } as f64;
            worst = worst.max((y[o] - total / divisor).abs());
            window(&g, i, j, |at| dx[plane * g.input_plane() + at] += dy[o] / divisor);
        });
        prop_assert!(worst < 1e-12, "off by {}", worst);
        for (got, expected) in avg_vjp(&dy, &g, count_include_pad).unwrap().iter().zip(&dx) {
            prop_assert!((got - expected).abs() < 1e-12);
        }
    }
}

fn two_by_two(input: [usize; 2]) -> PoolGeometry {
    PoolGeometry {
        planes: 1,
        input,
        kernel: [2, 2],
        output: [input[0] / 2, input[1] / 2],
        stride: [2, 2],
        pad_before: [0, 0],
    }
}

#[test]
fn a_nan_wins_wherever_it_is() {
    let nan = f32::NAN;
    for (x, place) in [([nan, 5.0, 1.0, 2.0], 0), ([1.0, 5.0, nan, 2.0], 2), ([nan, 1.0, 2.0, nan], 3)] {
        let (y, places) = max_forward(&x, &two_by_two([2, 2])).unwrap();
        assert!(y[0].is_nan());
        assert_eq!(places, [place]);
    }
}

#[test]
fn the_first_of_minus_infinities_wins() {
    let (y, places) = max_forward(&[f32::NEG_INFINITY; 4], &two_by_two([2, 2])).unwrap();
    assert_eq!((y[0], places[0]), (f32::NEG_INFINITY, 0));
}

#[test]
fn a_global_mean_is_one_window() {
    let g = PoolGeometry { planes: 2, kernel: [9, 11], output: [1, 1], ..two_by_two([9, 11]) };
    let x: Vec<f64> = (0..198).map(f64::from).collect();
    assert_eq!(avg_forward(&x, &g, true).unwrap(), [49.0, 148.0]);
    assert_eq!(avg_vjp(&[99.0, 198.0], &g, false).unwrap()[98..100], [1.0, 2.0]);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let g = PoolGeometry {
        planes: 37,
        input: [50, 41],
        kernel: [3, 3],
        output: [25, 21],
        stride: [2, 2],
        pad_before: [1, 1],
    };
    let x: Vec<f32> = numbers(37 * 50 * 41, 5).into_iter().map(|v| v as f32 * 1.1).collect();
    let run = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (y, places) = max_forward(&x, &g).unwrap();
            let mean = avg_forward(&x, &g, false).unwrap();
            let back = (max_vjp(&y, &places, &g).unwrap(), avg_vjp(&y, &g, true).unwrap());
            (y, places, mean, back)
        })
    };
    assert!(run(1) == run(4));
}

#[test]
fn wrong_lengths_and_sizes_are_errors() {
    let g = two_by_two([4, 4]);
    let (x, dy) = ([0.0f32; 16], [0.0f32; 4]);
    assert!(max_forward(&x[1..], &g).is_err() && avg_forward(&x[1..], &g, true).is_err());
    for (planes, nodes, channels) in [(1, 1, 1), (3, 2, 1), (4, 2, 4), (4, 0, 0), (4, usize::MAX, usize::MAX)] {
        let (g, x) = (PoolGeometry { planes, ..g }, vec![0.0f32; 16 * planes]);
        assert!(SegmentMaxima::forward(&x, &g, PathRows { nodes, channels }).is_err(), "{planes}, {nodes}, {channels}");
    }
    let two = PoolGeometry { planes: 2, ..g };
    let (_, maxima) = SegmentMaxima::forward(&[0.0f32; 32], &two, PathRows { nodes: 2, channels: 1 }).unwrap();
    assert!(maxima.vjp(&dy[1..]).is_err() && maxima.vjp(&dy).is_ok());
    assert!(max_vjp(&dy[1..], &[0; 3], &g).is_err() && avg_vjp(&dy[1..], &g, true).is_err());
    assert!(max_vjp(&dy, &[0; 3], &g).is_err());
    assert!(max_vjp(&dy, &[0, 1, 2, 16], &g).is_err());
    for wrong in [
        PoolGeometry { kernel: [0, 2], ..g },
        PoolGeometry { stride: [2, 0], ..g },
        PoolGeometry { kernel: [2, usize::MAX], ..g },
        PoolGeometry { planes: usize::MAX, ..g },
    ] {
        assert!(max_forward(&x, &wrong).is_err() && avg_forward(&x, &wrong, true).is_err(), "{wrong:?}");
    }
    let far = PoolGeometry { kernel: [1 << 40; 2], pad_before: [1 << 39; 2], output: [1, 1], ..g };
    assert_eq!(max_forward(&x, &far).unwrap().1, [0]);
}
