//! Every operation that analyzers are written in, on each backend, on what a chunk of photos is.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use ndarray::ArrayD;
use xai::candle::Candle;
use xai::{Backend, NdArray, Result, Tensor};
use xai_tch::LibTorch;

/// Eight photos: a chunk.
const CHUNK: [usize; 4] = [8, 3, 224, 224];

/// ResNet-18's last maps, of which Grad-CAM makes one.
const MAPS: [usize; 4] = [8, 512, 7, 7];

fn numbers(shape: &[usize]) -> ArrayD<f32> {
    let count = shape.iter().product();
    let numbers = (0..count).map(|i: usize| f32::from(u8::try_from(i * 7919 % 251).unwrap_or(0)) / 125.0 - 1.0);
    ArrayD::from_shape_vec(shape, numbers.collect()).unwrap_or_default()
}

fn operation<T>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut run: impl FnMut() -> Result<T>) {
    group.bench_function(name, |b| b.iter(|| black_box(run())));
}

fn backend<B: Backend<Elem = f32>>(c: &mut Criterion) -> Result<()> {
    let place = B::Placement::default();
    let tensor = |shape: &[usize]| Tensor::<B>::upload(numbers(shape).view(), &place);
    let host = numbers(&CHUNK);
    let (x, one, alphas) = (tensor(&CHUNK)?, tensor(&[1, 3, 224, 224])?, tensor(&[8, 1, 1, 1])?);
    let (maps, weights, logits) = (tensor(&MAPS)?, tensor(&[8, 512, 1, 1])?, tensor(&[8, 1000])?);
    let mut group = c.benchmark_group(B::NAME);
    let g = &mut group;
    operation(g, "upload", || Tensor::<B>::upload(host.view(), &place));
    operation(g, "download", || x.download());
    operation(g, "add", || x.add(&x));
    operation(g, "add, one photo to each", || x.add(&one));
    operation(g, "sub", || x.sub(&x));
    operation(g, "mul", || x.mul(&x));
    operation(g, "mul, a number for each photo", || x.mul(&alphas));
    operation(g, "affine", || x.affine(0.5, 1.0));
    operation(g, "relu", || x.relu());
    operation(g, "sum over copies", || x.sum(&[0]));
    operation(g, "sum of each photo", || x.sum(&[1, 2, 3]));
    operation(g, "max of each photo", || x.max(&[1, 2, 3]));
    operation(g, "reshape", || x.reshape(&[1, 8, 3, 224, 224]));
    operation(g, "narrow", || x.narrow(0, 2, 4));
    operation(g, "concat", || Tensor::concat(&[&x, &x], 0));
    operation(g, "broadcast_to", || one.broadcast_to(&CHUNK));
    operation(g, "widen", || x.widen());
    operation(g, "mean of maps", || maps.mean(&[2, 3]));
    operation(g, "weighted sum of maps", || maps.mul(&weights)?.sum(&[1]));
    operation(g, "one_hot", || Tensor::<B>::one_hot(&logits.shape(), &[5, 1005, 2005, 3005], &place));
    group.finish();
    Ok(())
}

fn all(c: &mut Criterion) {
    for done in [backend::<NdArray<f32>>(c), backend::<Candle<f32>>(c), backend::<LibTorch<f32>>(c)] {
        if let Err(error) = done {
            panic!("the operands could not be made: {error}");
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(600));
    targets = all
}
criterion_main!(benches);
