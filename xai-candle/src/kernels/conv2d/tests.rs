//! Against direct loops, over odd geometries.

use proptest::prelude::*;
use pulp::Arch;
use rayon::ThreadPoolBuilder;

use super::correlation::Correlation;
use super::ends::{Finish, Source};
use super::winograd::Winograd;
use super::{ConvGeometry, forward, input_vjp};
use crate::kernels::Real;

/// Numbers in -1..1 that are exact in both float types.
fn numbers(len: usize, seed: usize) -> Vec<f64> {
    (0..len).map(|i| ((i * 7919 + seed * 104_729 + 13) % 257) as f64 / 128.0 - 1.0).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn size(shape: [usize; 4]) -> usize {
    shape.iter().product()
}

/// Calls `visit(weight index, input index, output index)` for each product of a convolution.
fn products(g: &ConvGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    let (cg, kg) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let source = |axis: usize, o: usize, k: usize| {
        let at = (o * g.stride[axis] + k * g.dilation[axis]).checked_sub(g.pad_before[axis])?;
        (at < g.input[axis]).then_some(at)
    };
    for b in 0..g.batch {
        for k in 0..g.out_channels {
            for c in 0..cg {
                for (u, v) in (0..g.kernel[0]).flat_map(|u| (0..g.kernel[1]).map(move |v| (u, v))) {
                    for (i, j) in (0..g.output[0]).flat_map(|i| (0..g.output[1]).map(move |j| (i, j))) {
                        let (Some(y), Some(x)) = (source(0, i, u), source(1, j, v)) else { continue };
                        let weight = ((k * cg + c) * g.kernel[0] + u) * g.kernel[1] + v;
                        let channel = b * g.in_channels + k / kg * cg + c;
                        let input = (channel * g.input[0] + y) * g.input[1] + x;
                        let output = ((b * g.out_channels + k) * g.output[0] + i) * g.output[1] + j;
                        visit(weight, input, output);
                    }
                }
            }
        }
    }
}

/// The instruction sets to test on this machine: the best one, and those that others may have to do with.
fn instruction_sets() -> Vec<Arch> {
    let all = vec![Arch::new(), Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    let all = all.into_iter().chain(pulp::x86::V3::try_new().map(Arch::V3)).collect();
    all
}

/// Compares both directions with the products summed one by one.
fn compare<T: Real + Into<f64>>(g: &ConvGeometry, cast: fn(f64) -> T, tolerance: f64) -> Result<(), TestCaseError> {
    let x = numbers(size(g.input_shape()), 1);
    let weight = numbers(size(g.weight_shape()), 2);
    let bias = numbers(g.out_channels, 3);
    let dy = numbers(size(g.output_shape()), 4);
    let plane = (g.output[0] * g.output[1]).max(1);
    let mut y: Vec<f64> = (0..dy.len()).map(|i| bias[i / plane % g.out_channels]).collect();
    let mut dx = vec![0.0; x.len()];
    products(g, |w, i, o| {
        y[o] += weight[w] * x[i];
        dx[i] += weight[w] * dy[o];
    });
    let cast_all = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| cast(v)).collect() };
    let (x, weight, bias, dy) = (cast_all(&x), cast_all(&weight), cast_all(&bias), cast_all(&dy));
    let there = forward(&x, &weight, Some(&bias), g).unwrap();
    let back = input_vjp(&dy, &weight, g).unwrap();
    let mut results = vec![("y", there, &y), ("dx", back, &dx)];
    let biased = Finish { shift: Some(&bias[..]), ..Finish::default() };
    let plain = Finish::default();
    for arch in instruction_sets() {
        // What was in the memory must not matter.
        let [mut there, mut back] = [vec![T::nan(); y.len()], vec![T::nan(); dx.len()]];
        Correlation::forward(g).run(arch, x[..].into(), &weight, biased, &mut there);
        Correlation::transposed(g).run(arch, dy[..].into(), &weight, plain, &mut back);
        results.extend([("y", there, &y), ("dx", back, &dx)]);
        if let (Some(forward), Some(transposed)) = (Winograd::forward(g), Winograd::transposed(g)) {
            let [mut there, mut back] = [vec![T::nan(); y.len()], vec![T::nan(); dx.len()]];
            forward.run(arch, x[..].into(), &weight, biased, &mut there);
            transposed.run(arch, dy[..].into(), &weight, plain, &mut back);
            results.extend([("y at points", there, &y), ("dx at points", back, &dx)]);
        }
    }
    for (what, got, expected) in results {
        prop_assert_eq!(got.len(), expected.len());
        for (i, (&got, expected)) in got.iter().zip(expected).enumerate() {
            let got: f64 = got.into();
            prop_assert!(
                (got - expected).abs() <= tolerance,
                "{}[{}]: {} instead of {} in {:?}",
                what,
                i,
                got,
                expected,
                g
            );
        }
    }
    Ok(())
}

fn geometries() -> impl Strategy<Value = ConvGeometry> {
    let axis = (0usize..14, 1usize..6, 1usize..4, 1usize..4, 0usize..7, 0usize..5);
    let channels = prop_oneof![Just((1usize, 1usize)), (1usize..5, 1usize..14), Just((1, 3)), Just((9, 17))];
    (1usize..4, 1usize..5, channels, axis.clone(), axis).prop_map(|(batch, groups, (cg, kg), rows, columns)| {
        let out = |(h, k, s, d, before, after): (usize, usize, usize, usize, usize, usize)| {
            (h + before + after).checked_sub(d * (k - 1) + 1).map_or(1, |span| span / s + 1)
        };
        ConvGeometry {
            batch,
            in_channels: groups * cg,
            out_channels: groups * kg,
            groups,
            input: [rows.0, columns.0],
            kernel: [rows.1, columns.1],
            output: [out(rows), out(columns)],
            stride: [rows.2, columns.2],
            dilation: [rows.3, columns.3],
            pad_before: [rows.4, columns.4],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_geometry_gives_the_sum_of_its_products(g in geometries()) {
        compare::<f64>(&g, |v| v, 1e-11)?;
        compare::<f32>(&g, |v| v as f32, 1e-3)?;
    }

    #[test]
    fn the_vjp_is_the_adjoint(g in geometries()) {
        let (x, v) = (numbers(size(g.input_shape()), 5), numbers(size(g.output_shape()), 6));
        let weight = numbers(size(g.weight_shape()), 7);
        let there = dot(&forward(&x, &weight, None, &g).unwrap(), &v);
        let back = dot(&x, &input_vjp(&v, &weight, &g).unwrap());
        let scale = (x.len() * weight.len().max(1)) as f64;
        prop_assert!((there - back).abs() <= 1e-12 * scale.max(1.0), "{} and {} in {:?}", there, back, g);
    }
}

/// A square convolution that keeps the image's size when its stride is 1.
fn square(
    batch: usize,
    channels: [usize; 2],
    groups: usize,
    side: usize,
    kernel: usize,
    stride: usize,
) -> ConvGeometry {
    let out = (side + 2 * (kernel / 2) - kernel) / stride + 1;
    ConvGeometry {
        batch,
        in_channels: channels[0],
        out_channels: channels[1],
        groups,
        input: [side; 2],
        kernel: [kernel; 2],
        output: [out; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        pad_before: [kernel / 2; 2],
    }
}

/// Sizes that are cut into several bands, blocks and registers.
fn large() -> Vec<ConvGeometry> {
    vec![
        square(1, [3, 20], 1, 61, 7, 2),
        square(2, [70, 37], 1, 29, 3, 1),
        square(1, [300, 50], 1, 19, 3, 2),
        square(1, [33, 130], 1, 40, 1, 1),
        square(2, [24, 48], 24, 45, 5, 2),
        square(1, [40, 40], 40, 57, 3, 1),
    ]
}

#[test]
fn large_convolutions_give_the_sum_of_their_products() {
    for g in large() {
        compare::<f64>(&g, |v| v, 1e-9).unwrap();
        compare::<f32>(&g, |v| v as f32, 2e-2).unwrap();
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for g in large() {
        let x: Vec<f32> = numbers(size(g.input_shape()), 8).into_iter().map(|v| v as f32 * 1.1).collect();
        let dy: Vec<f32> = numbers(size(g.output_shape()), 9).into_iter().map(|v| v as f32 * 1.1).collect();
        let weight: Vec<f32> = numbers(size(g.weight_shape()), 10).into_iter().map(|v| v as f32 * 0.9).collect();
        let run = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (forward(&x, &weight, None, &g).unwrap(), input_vjp(&dy, &weight, &g).unwrap()))
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads differ in {g:?}");
        }
    }
}

#[test]
fn a_depthwise_multiplier_reads_its_own_channel() {
    let g = ConvGeometry { input: [1, 1], kernel: [1, 1], output: [1, 1], ..square(1, [2, 4], 2, 1, 1, 1) };
    assert_eq!(forward(&[10.0, 100.0], &[1.0, 2.0, 3.0, 4.0], None, &g).unwrap(), [10.0, 20.0, 300.0, 400.0]);
    assert_eq!(input_vjp(&[1.0, 1.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 4.0], &g).unwrap(), [3.0, 7.0]);
}

#[test]
fn empty_values_are_possible() {
    let none = ConvGeometry { batch: 0, ..square(1, [2, 2], 1, 4, 3, 1) };
    assert!(forward::<f32>(&[], &[0.5; 36], None, &none).unwrap().is_empty());
    let no_channels = square(1, [0, 2], 1, 2, 3, 1);
    assert_eq!(forward(&[], &[], Some(&[1.0, 2.0]), &no_channels).unwrap(), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    assert!(input_vjp(&[0.0f64; 8], &[], &no_channels).unwrap().is_empty());
}

#[test]
fn large_outputs_may_depend_on_no_input() {
    let no_channels = square(2, [0, 9], 1, 40, 3, 1);
    let y = forward(&[], &[], Some(&[0.5; 9]), &no_channels).unwrap();
    assert!(y.len() == 2 * 9 * 1600 && y.iter().all(|&y| y == 0.5));
    let beside = ConvGeometry { pad_before: [100; 2], ..square(1, [1, 9], 1, 40, 3, 1) };
    let y = forward(&[1.0; 1600], &[1.0; 81], None, &beside).unwrap();
    assert!(y.len() == 9 * 1600 && y.iter().all(|&y| y == 0.0));
    assert_eq!(input_vjp(&[1.0; 9 * 1600], &[1.0; 81], &beside).unwrap(), [0.0; 1600]);
}

#[test]
fn wrong_lengths_and_sizes_are_errors() {
    let g = square(1, [2, 2], 1, 4, 3, 1);
    let (x, weight) = ([0.0f32; 32], [0.0f32; 36]);
    assert!(forward(&x[1..], &weight, None, &g).is_err());
    assert!(forward(&x, &weight[1..], None, &g).is_err());
    assert!(forward(&x, &weight, Some(&x[..1]), &g).is_err());
    assert!(input_vjp(&x[1..], &weight, &g).is_err());
    for wrong in [
        ConvGeometry { groups: 0, ..g },
        ConvGeometry { groups: 3, ..g },
        ConvGeometry { stride: [1, 0], ..g },
        ConvGeometry { dilation: [0, 1], ..g },
        ConvGeometry { dilation: [usize::MAX, 1], ..g },
        ConvGeometry { pad_before: [0, usize::MAX], ..g },
    ] {
        assert!(forward(&x, &weight, None, &wrong).is_err(), "{wrong:?}");
        assert!(input_vjp(&x, &weight, &wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn far_padding_and_dilation_cost_no_memory() {
    let far = ConvGeometry {
        pad_before: [1 << 40; 2],
        dilation: [1 << 40; 2],
        stride: [1 << 30; 2],
        output: [1; 2],
        ..square(1, [1, 1], 1, 2, 2, 1)
    };
    assert_eq!(forward(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0, 100.0, 1000.0], None, &far).unwrap(), [1000.0]);
    assert_eq!(input_vjp(&[2.0], &[1.0, 10.0, 100.0, 1000.0], &far).unwrap(), [2000.0, 0.0, 0.0, 0.0]);
}

/// Sizes that are computed at points: one tile, tiles that are cut off, many samples, many rows at a time.
fn of_tiles() -> Vec<ConvGeometry> {
    let padded = |pad: usize, g: ConvGeometry| {
        let output = g.input.map(|len| len + 2 * pad - 2);
        ConvGeometry { pad_before: [pad; 2], output, ..g }
    };
    vec![
        square(1, [16, 24], 1, 24, 3, 1),
        square(3, [17, 9], 1, 13, 3, 1),
        square(2, [64, 64], 1, 29, 3, 1),
        square(5, [40, 33], 1, 7, 3, 1),
        padded(0, square(1, [33, 16], 1, 19, 3, 1)),
        padded(3, square(2, [12, 18], 1, 9, 3, 1)),
        square(1, [300, 8], 1, 40, 3, 1),
    ]
}

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

/// What is done at both ends of a convolution, as passes of its own.
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
                let call = if directions == 0 { super::forward_into } else { super::input_vjp_into };
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
    let run =
        |source: Source<'_, f32>, finish: Finish<'_, f32>| super::forward_into(source, &weight, finish, &g, Vec::new());
    let plain = Source::from(&x[..]);
    assert!(run(plain, Finish::default()).is_ok());
    assert!(run(Source { scale: Some(&x[..3]), ..plain }, Finish::default()).is_err());
    assert!(run(Source { mask: Some(&[true; 31]), ..plain }, Finish::default()).is_err());
    assert!(run(plain, Finish { scale: Some(&x[..2]), ..Finish::default() }).is_err());
    assert!(run(plain, Finish { shift: Some(&x[..2]), ..Finish::default() }).is_err());
    assert!(run(plain, Finish { add: Some(&x), ..Finish::default() }).is_err());
}
