//! Against direct loops.

mod direct;
mod ends;
mod tiles;

use proptest::prelude::*;
use pulp::Arch;

use super::correlation::Correlation;
use super::ends::Finish;
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

/// A square convolution that keeps the image's size when its stride is 1.
pub(super) fn square(
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

/// Sizes that are cut into several bands, blocks and registers, and summed over some source channels after the other,
/// there or back, whatever the step of the outputs is.
fn large() -> Vec<ConvGeometry> {
    vec![
        square(1, [3, 20], 1, 61, 7, 2),
        square(2, [70, 37], 1, 29, 3, 1),
        square(1, [300, 50], 1, 19, 3, 2),
        square(1, [33, 130], 1, 40, 1, 1),
        square(2, [24, 48], 24, 45, 5, 2),
        square(1, [40, 40], 40, 57, 3, 1),
        square(2, [1030, 9], 1, 7, 1, 1),
        square(1, [5, 1100], 1, 14, 1, 1),
        square(1, [6, 600], 1, 9, 3, 2),
        square(1, [5, 530], 1, 10, 3, 3),
        square(2, [1040, 4], 2, 5, 1, 1),
    ]
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
