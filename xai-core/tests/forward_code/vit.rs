//! A vision transformer: patches, a class token, positions, and blocks of attention.

use xai_core::nn::{Conv2d, LayerNorm, Linear};
use xai_core::{Analyzer, Differentiable, Index, IntegratedGradients, Quadrature, Result, Var, Weight};

use crate::forward_code::attention::{Block, block, layer_norm};
use crate::forward_code::checks::{
    a_batch_equals_its_samples, a_place_is_that_of_differences, gaps_of_secants, gradient_is_that_of_differences,
    places_that_are_none_are_refused,
};
use crate::models::B;
use crate::models::differences::{linear, noise, relative_error, weight};

const WIDTH: usize = 6;

/// How an image (B, 2, 4, 6) becomes six patches (B, 6, WIDTH).
enum Patches {
    /// By a convolution whose stride is its kernel.
    Conv(Conv2d<B>),
    /// By moving the pixels of each patch side by side, and a linear layer of them.
    Moved(Linear<B>),
}

impl Patches {
    fn trace<'m>(&'m self, x: &Var<'m, B>) -> Result<Var<'m, B>> {
        let batch = x.shape()?[0];
        match self {
            Patches::Conv(conv) => Ok(x.layer("conv", conv)?.flatten(2, 3).permute(&[0, 2, 1])),
            Patches::Moved(linear) => {
                let parts = x.reshape(&[batch, 2, 2, 2, 3, 2]).permute(&[0, 2, 4, 1, 3, 5]);
                parts.reshape(&[batch, 6, 8]).layer("linear", linear)
            }
        }
    }
}

struct Vit {
    patches: Patches,
    class: Weight<B>,
    positions: Weight<B>,
    blocks: Vec<Block>,
    norm: LayerNorm<B>,
    classes: Linear<B>,
}

fn vit(patches: Patches) -> Vit {
    Vit {
        patches,
        class: weight(1, &[1, 1, WIDTH]).into(),
        positions: weight(2, &[1, 7, WIDTH]).into(),
        blocks: vec![block(10, WIDTH, 2), block(30, WIDTH, 3)],
        norm: layer_norm(50, WIDTH),
        classes: linear(52, 3, WIDTH),
    }
}

fn by_conv() -> Vit {
    vit(Patches::Conv(Conv2d::new(weight(3, &[WIDTH, 2, 2, 2]), None).unwrap().stride(2)))
}

fn by_moving() -> Vit {
    vit(Patches::Moved(Linear::new(weight(3, &[WIDTH, 8]), None).unwrap()))
}

impl Differentiable for Vit {
    type Backend = B;
    fn trace<'m>(&'m self, x: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let patches = x[0].within("patches", || self.patches.trace(&x[0]))?;
        // The class token for each sample of the batch: a concatenation broadcasts nothing.
        let class = patches.narrow(1, 0, 1) * 0.0 + patches.constant(self.class.clone());
        let mut tokens = class.concat(&[&patches], 1) + patches.constant(self.positions.clone());
        for (i, block) in self.blocks.iter().enumerate() {
            tokens = tokens.layer(format!("block{i}"), block)?;
        }
        let tokens = tokens.layer("norm", &self.norm)?;
        tokens.narrow(1, 0, 1).flatten(1, -1).layer("classes", &self.classes)
    }
}

#[test]
fn the_gradient_by_differences() {
    for model in [by_conv(), by_moving()] {
        for batch in [1, 3] {
            gradient_is_that_of_differences(&model, &noise(60, &[batch, 2, 4, 6]));
        }
        a_batch_equals_its_samples(&model, &noise(61, &[3, 2, 4, 6]), "block0");
    }
}

/// A patch's pixels lie in the linear layer's weight as in the convolution's.
#[test]
fn both_ways_of_taking_patches_are_one() {
    let x = noise(62, &[2, 2, 4, 6]);
    let run = |model: &Vit| IntegratedGradients::new().n(5).analyze(model, &x, Index(2)).unwrap();
    let (a, b) = (run(&by_conv()), run(&by_moving()));
    assert!(relative_error(&a.output, &b.output) < 1e-12);
    assert!(relative_error(&a.values, &b.values) < 1e-12);
}

#[test]
fn it_is_cut_between_its_blocks() {
    let (model, x) = (by_conv(), noise(63, &[2, 2, 4, 6]));
    for place in ["patches.conv", "patches", "block0", "block1", "norm"] {
        a_place_is_that_of_differences(&model, &x, place);
    }
    places_that_are_none_are_refused(&model, &x, "block2", "block1.norm2", "block1");
    places_that_are_none_are_refused(&model, &x, "patch", "block0.norm1", "patches");
}

/// Attention is no piecewise linear function: the gap is there, and shrinks as the segments do.
#[test]
fn secants_are_complete_in_the_limit() {
    for (model, batch) in [(by_conv(), 1), (by_moving(), 1), (by_conv(), 3)] {
        let x = noise(64, &[batch, 2, 4, 6]);
        let gap = |n| gaps_of_secants(&model, &x, n).into_iter().fold(0.0, |most: f64, (gap, _)| most.max(gap));
        let gaps = [2, 20, 200].map(gap);
        assert!(gaps[1] < 0.2 * gaps[0] && gaps[2] < 0.05 * gaps[1] && gaps[2] < 2e-4, "{gaps:?}");
    }
    let (model, x) = (by_conv(), noise(64, &[3, 2, 4, 6]));
    let run = |n, rule| IntegratedGradients::new().n(n).quadrature(rule).analyze(&model, &x, Index(1)).unwrap().values;
    let truth = run(4000, Quadrature::Midpoint);
    assert!(relative_error(&run(400, Quadrature::Secant), &truth) < 1e-3);
    assert!(relative_error(&run(20, Quadrature::Secant), &truth) < 0.1);
}
