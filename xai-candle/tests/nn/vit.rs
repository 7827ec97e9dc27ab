//! A vision transformer as a file of candle-transformers is written, with one line more: `use xai_candle::nn as
//! candle_nn`.

use candle_core::{D, DType, IndexOp, Module, Result, Tensor};
use ndarray::Array4;
use xai_candle::model;
use xai_candle::nn as candle_nn;
use xai_candle_tests::device;
use xai_core::{Analyzer, Differentiable, GradientCheck, Index, IntegratedGradients};

use self::candle_nn::{Conv2d, Conv2dConfig, LayerNorm, Linear, VarBuilder, conv2d, layer_norm, linear};
use crate::finite_differences::numbers;
use crate::tape::{check_at, seeded};

struct Attention {
    qkv: Linear,
    out: Linear,
    heads: usize,
}

impl Module for Attention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, width) = x.dims3()?;
        let size = width / self.heads;
        let qkv = self.qkv.forward(x)?.reshape((batch, tokens, 3, self.heads, size))?.permute((2, 0, 3, 1, 4))?;
        let [q, k, v] = [0, 1, 2].map(|part| qkv.i(part).and_then(|t| t.contiguous()));
        let scores = (q?.matmul(&k?.t()?)? * (size as f64).powf(-0.5))?;
        let mixed = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&v?)?;
        mixed.transpose(1, 2)?.reshape((batch, tokens, width))?.apply(&self.out)
    }
}

struct Block {
    before: LayerNorm,
    attention: Attention,
    after: LayerNorm,
    up: Linear,
    act: candle_nn::Activation,
    down: Linear,
}

impl Block {
    fn load(width: usize, act: candle_nn::Activation, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Block {
            before: layer_norm(width, 1e-6, vb.pp("before_norm"))?,
            attention: Attention {
                qkv: linear(width, 3 * width, vb.pp("qkv"))?,
                out: linear(width, width, vb.pp("out"))?,
                heads: 2,
            },
            after: layer_norm(width, 1e-6, vb.pp("after_norm"))?,
            up: linear(width, 2 * width, vb.pp("up"))?,
            act,
            down: linear(2 * width, width, vb.pp("down"))?,
        })
    }
}

impl Module for Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = (x.apply(&self.before)?.apply(&self.attention)? + x)?;
        x.apply(&self.after)?.apply(&self.up)?.apply(&self.act)?.apply(&self.down)? + x
    }
}

struct VisionTransformer {
    patches: Conv2d,
    class: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    head: Linear,
}

impl VisionTransformer {
    fn load(act: candle_nn::Activation, vb: VarBuilder<'_>) -> Result<Self> {
        let width = 8;
        Ok(VisionTransformer {
            patches: conv2d(3, width, 4, Conv2dConfig { stride: 4, ..Default::default() }, vb.pp("patches"))?,
            class: vb.get((1, 1, width), "class")?,
            positions: vb.get((1, 5, width), "positions")?,
            blocks: (0..2).map(|i| Block::load(width, act, vb.pp(i))).collect::<Result<_>>()?,
            norm: layer_norm(width, 1e-6, vb.pp("norm"))?,
            head: linear(width, 4, vb.pp("head"))?,
        })
    }
}

impl Module for VisionTransformer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.patches.forward(x)?.flatten_from(2)?.transpose(1, 2)?;
        let class = self.class.broadcast_as((x.dim(0)?, 1, x.dim(D::Minus1)?))?;
        let mut x = Tensor::cat(&[&class, &x], 1)?.broadcast_add(&self.positions)?;
        for block in &self.blocks {
            x = block.forward(&x)?;
        }
        x.i((.., 0))?.contiguous()?.apply(&self.norm)?.apply(&self.head)
    }
}

fn build(act: candle_nn::Activation, dtype: DType) -> VisionTransformer {
    let vb = seeded(|vb| drop(VisionTransformer::load(act, vb).unwrap()));
    VisionTransformer::load(act, vb.to_dtype(dtype)).unwrap()
}

#[test]
fn its_gradient_is_right() {
    for act in [candle_nn::Activation::Gelu, candle_nn::Activation::NewGelu] {
        let net = build(act, DType::F64);
        check_at("ViT", |x| net.forward(x), &numbers(&[2, 3, 8, 8], 5), 1e-6);
    }
}

#[test]
fn it_is_explained_as_a_whole() {
    let net = model(build(candle_nn::Activation::Gelu, DType::F64)).at((device(), DType::F64));
    let image = Array4::from_shape_fn((2, 3, 8, 8), |(b, c, y, x)| ((b * 7 + c * 5 + y * 3 + x) as f32 * 0.7).sin());
    let report = GradientCheck::new().run(&net, &image).unwrap();
    assert!(report.is_trusted(), "{report}");
    let why = IntegratedGradients::new().n(64).analyze(&net, &image, Index(2)).unwrap();
    for (gap, output) in why.extras.completeness_gap.iter().flatten().zip(&why.output) {
        assert!(gap.abs() < 0.02 * f64::from(output.abs().max(1.0)), "{gap} of {output}");
    }
}
