//! The array functions of augmentation, on photos of 224 × 224.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use half::f16;
use ndarray::{Array4, NdFloat};
use num_traits::Float;
use xai_core::{augment_batch_dim, interpolate_batch, reduce_augmentation};

/// Photos, and copies of each: the same number of copies in all.
const CASES: [(usize, usize); 2] = [(1, 48), (8, 6)];

fn photos<T: Float>(count: usize) -> Array4<T> {
    let number = |(n, channel, row, column)| (n * 31 + channel * 17 + row * 7 + column * 3) % 255;
    Array4::from_shape_fn((count, 3, 224, 224), |place| T::from(number(place)).unwrap_or_else(T::zero))
}

/// Throughput is in elements of the copies.
fn cases<T: Float>(c: &mut Criterion, name: &str, mut run: impl FnMut(&Array4<T>, usize)) {
    let mut group = c.benchmark_group(name);
    for (count, n) in CASES {
        let photos = photos::<T>(count);
        group.throughput(Throughput::Elements((photos.len() * n) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{count} x {n}")), |b| b.iter(|| run(&photos, n)));
    }
}

fn augmentation<T: NdFloat>(c: &mut Criterion, kind: &str) {
    cases::<T>(c, &format!("augment_batch_dim {kind}"), |photos, n| {
        drop(black_box(augment_batch_dim(photos, n)));
    });
}

fn interpolation<T: Float>(c: &mut Criterion, kind: &str) {
    let zeros = CASES.map(|(count, _)| Array4::from_elem((count, 3, 224, 224), T::zero()));
    cases::<T>(c, &format!("interpolate_batch {kind}"), |photos, n| {
        for zeros in zeros.iter().filter(|zeros| zeros.dim() == photos.dim()) {
            drop(black_box(interpolate_batch(photos, zeros, n)));
        }
    });
}

fn reduction<T: Float>(c: &mut Criterion, kind: &str) {
    let mut group = c.benchmark_group(format!("reduce_augmentation {kind}"));
    for (count, n) in CASES {
        let copies = photos::<T>(count * n);
        group.throughput(Throughput::Elements(copies.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{count} x {n}")), |b| {
            b.iter(|| black_box(reduce_augmentation(&copies, n)));
        });
    }
}

fn all(c: &mut Criterion) {
    augmentation::<f32>(c, "f32");
    augmentation::<f64>(c, "f64");
    interpolation::<f32>(c, "f32");
    interpolation::<f64>(c, "f64");
    interpolation::<f16>(c, "f16");
    reduction::<f32>(c, "f32");
    reduction::<f64>(c, "f64");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(1500));
    targets = all
}
criterion_main!(benches);
