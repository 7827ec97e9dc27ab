//! The array kernels on layers of ResNet-18 and EfficientNet-Lite0, beside candle's own convolution.

use std::hint::black_box;
use std::time::Duration;

use candle_core::{Device, Tensor};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use xai_candle::kernels::conv2d::{self, ConvGeometry};
use xai_candle::kernels::elementwise;
use xai_candle::kernels::pool::{self, PoolGeometry};

/// A layer that keeps the image's size when its stride is 1: channels in and out, groups, side, kernel, stride.
type Layer = (&'static str, [usize; 2], usize, usize, usize, usize);

const LAYERS: [Layer; 11] = [
    ("resnet 3-64 7x7/2 224", [3, 64], 1, 224, 7, 2),
    ("resnet 64-64 3x3 56", [64, 64], 1, 56, 3, 1),
    ("resnet 64-128 3x3/2 56", [64, 128], 1, 56, 3, 2),
    ("resnet 256-256 3x3 14", [256, 256], 1, 14, 3, 1),
    ("resnet 512-512 3x3 7", [512, 512], 1, 7, 3, 1),
    ("lite0 3-32 3x3/2 224", [3, 32], 1, 224, 3, 2),
    ("lite0 24-144 1x1 56", [24, 144], 1, 56, 1, 1),
    ("lite0 144-24 1x1 56", [144, 24], 1, 56, 1, 1),
    ("lite0 96 depthwise 3x3/2 112", [96, 96], 96, 112, 3, 2),
    ("lite0 240 depthwise 5x5 28", [240, 240], 240, 28, 5, 1),
    ("lite0 320-1280 1x1 7", [320, 1280], 1, 7, 1, 1),
];

fn geometry(batch: usize, (_, channels, groups, side, kernel, stride): Layer) -> ConvGeometry {
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

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919) % 257) as f32 / 128.0 - 1.0).collect()
}

fn convolutions(c: &mut Criterion) {
    for layer in LAYERS {
        let mut group = c.benchmark_group(layer.0);
        for batch in [1, 8] {
            let g = geometry(batch, layer);
            let x = numbers(batch * g.in_channels * g.input[0] * g.input[1]);
            let weight_shape = (g.out_channels, g.in_channels / g.groups, g.kernel[0], g.kernel[1]);
            let weight = numbers(weight_shape.0 * weight_shape.1 * weight_shape.2 * weight_shape.3);
            let dy = numbers(batch * g.out_channels * g.output[0] * g.output[1]);
            group.bench_function(BenchmarkId::new("forward", batch), |b| {
                b.iter(|| black_box(conv2d::forward(&x, &weight, None, &g)));
            });
            group.bench_function(BenchmarkId::new("input vjp", batch), |b| {
                b.iter(|| black_box(conv2d::input_vjp(&dy, &weight, &g)));
            });
            let x = Tensor::from_vec(x, (batch, g.in_channels, g.input[0], g.input[1]), &Device::Cpu);
            let weight = Tensor::from_vec(weight, weight_shape, &Device::Cpu);
            if let (Ok(x), Ok(weight)) = (x, weight) {
                group.bench_function(BenchmarkId::new("candle forward", batch), |b| {
                    b.iter(|| black_box(x.conv2d(&weight, g.pad_before[0], g.stride[0], 1, g.groups)));
                });
            }
        }
    }
}

fn pools(c: &mut Criterion) {
    let mut group = c.benchmark_group("pools");
    let stem = PoolGeometry {
        planes: 64,
        input: [112; 2],
        kernel: [3; 2],
        output: [56; 2],
        stride: [2; 2],
        pad_before: [1; 2],
    };
    let (x, dy) = (numbers(64 * 112 * 112), numbers(64 * 56 * 56));
    group.bench_function("max forward", |b| b.iter(|| black_box(pool::max_forward(&x, &stem))));
    if let Ok((_, places)) = pool::max_forward(&x, &stem) {
        group.bench_function("max vjp", |b| b.iter(|| black_box(pool::max_vjp(&dy, &places, &stem))));
    }
    group.bench_function("average forward", |b| b.iter(|| black_box(pool::avg_forward(&x, &stem, true))));
    group.bench_function("average vjp", |b| b.iter(|| black_box(pool::avg_vjp(&dy, &stem, true))));
}

fn maps(c: &mut Criterion) {
    let mut group = c.benchmark_group("elementwise 64 x 56 x 56");
    let (x, scale) = (numbers(64 * 56 * 56), numbers(64));
    group.bench_function("relu", |b| b.iter(|| black_box(elementwise::map(&x, |v| v.max(0.0)))));
    group.bench_function("relu vjp", |b| {
        b.iter(|| black_box(elementwise::zip_map(&x, &x, |x, dy| if x > 0.0 { dy } else { 0.0 })));
    });
    group.bench_function("channel affine", |b| {
        b.iter(|| black_box(elementwise::channel_affine(&x, &scale, &scale, 64, 56 * 56)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    targets = convolutions, pools, maps
}
criterion_main!(benches);
