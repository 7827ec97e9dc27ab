//! Any geometry.

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::super::{ConvGeometry, forward, input_vjp};
use super::{compare, dot, large, numbers, size, square};

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
