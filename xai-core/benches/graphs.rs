//! What it costs to write a model's graph down, as is done anew for each pass: blocks of four nodes, with a shortcut.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::ArrayD;
use xai_core::nn::{BatchNorm2d, Conv2d};
use xai_core::{Differentiable, NdArray, Result, Tensor, Var};

type B = NdArray<f32>;

struct Block {
    conv: Conv2d<B>,
    norm: BatchNorm2d<B>,
}

/// x + relu(norm(conv(x))), as often as there are blocks.
struct Blocks(Vec<Block>);

impl Blocks {
    fn new(count: usize) -> Result<Self> {
        let ones = |shape: &[usize]| Tensor::<B>::new(ArrayD::from_elem(shape, 1.0).into());
        let block = || -> Result<Block> {
            Ok(Block {
                conv: Conv2d::new(ones(&[8, 8, 3, 3]), None)?.padding(1),
                norm: BatchNorm2d::new(ones(&[8]), ones(&[8]))?,
            })
        };
        Ok(Self((0..count).map(|_| block()).collect::<Result<_>>()?))
    }
}

impl Differentiable for Blocks {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let mut x = Var::only(inputs)?;
        for (place, block) in self.0.iter().enumerate() {
            x = x.within(place, || Ok(x.layer("conv", &block.conv)?.layer("norm", &block.norm)?.relu() + x.clone()))?;
        }
        Ok(x)
    }
}

fn show(c: &mut Criterion) {
    let mut group = c.benchmark_group("show the graph");
    for blocks in [25, 250] {
        let model = Blocks::new(blocks).unwrap_or_else(|error| panic!("{error}"));
        let shapes = [vec![1, 8, 56, 56]];
        let nodes = model.graph(&shapes).map_or(0, |graph| graph.nodes().len());
        group.bench_function(BenchmarkId::new("nodes", nodes), |b| b.iter(|| black_box(model.graph(&shapes)).is_ok()));
    }
    group.finish();
}

criterion_group!(benches, show);
criterion_main!(benches);
