//! A text encoder as a file of candle-transformers is written, by `with_tracing`'s names, explained behind its
//! embeddings.

use candle_core::{DType, Module, Result, Tensor};
use candle_nn::VarBuilder;
use xai_candle::nn as candle_nn;
use xai_candle::overlay::{embedded, look_up};
use xai_candle_tests::device;

use self::candle_nn::with_tracing::{Embedding, LayerNorm, Linear, RmsNorm, layer_norm, linear, linear_no_bias};
use crate::finite_differences::assert_close;
use crate::tape::{check_at, flat, seeded};

struct Layer {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm: LayerNorm,
    up: Linear,
    down: Linear,
    last: RmsNorm,
    heads: usize,
}

impl Layer {
    fn load(width: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Layer {
            q: linear(width, width, vb.pp("query"))?,
            k: linear_no_bias(width, width, vb.pp("key"))?,
            v: linear(width, width, vb.pp("value"))?,
            out: linear(width, width, vb.pp("output"))?,
            norm: layer_norm(width, 1e-12, vb.pp("norm"))?,
            up: linear(width, 3 * width, vb.pp("intermediate"))?,
            down: linear(3 * width, width, vb.pp("dense"))?,
            last: RmsNorm::new(width, 1e-6, vb.pp("last_norm"))?,
            heads: 2,
        })
    }

    fn split(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, width) = x.dims3()?;
        x.reshape((batch, tokens, self.heads, width / self.heads))?.transpose(1, 2)?.contiguous()
    }

    fn forward(&self, x: &Tensor, cos: &Tensor, sin: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (q, k) = (self.split(&self.q.forward(x)?)?, self.split(&self.k.forward(x)?)?);
        let q = candle_nn::rotary_emb::rope(&q, cos, sin)?;
        let k = candle_nn::rotary_emb::rope(&k, cos, sin)?;
        let v = self.split(&self.v.forward(x)?)?;
        let scores = (q.matmul(&k.t()?)? / 2.0)?.broadcast_add(mask)?;
        let mixed = candle_nn::ops::softmax(&scores, candle_core::D::Minus1)?.matmul(&v)?;
        let mixed = mixed.transpose(1, 2)?.contiguous()?.flatten_from(2)?;
        let x = self.norm.forward(&(self.out.forward(&mixed)? + x)?)?;
        let hidden = self.up.forward(&x)?.apply(&candle_nn::Activation::Gelu)?;
        self.last.forward(&(self.down.forward(&hidden)? + &x)?)
    }
}

struct Bert {
    words: Embedding,
    positions: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    classes: Linear,
}

impl Bert {
    fn load(vb: VarBuilder<'_>) -> Result<Self> {
        let width = 8;
        Ok(Bert {
            words: Embedding::new(20, width, vb.pp("words"))?,
            positions: Embedding::new(6, width, vb.pp("positions"))?,
            norm: layer_norm(width, 1e-12, vb.pp("norm"))?,
            layers: (0..2).map(|i| Layer::load(width, vb.pp(i))).collect::<Result<_>>()?,
            classes: linear(width, 3, vb.pp("classes"))?,
        })
    }

    fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (_, length) = ids.dims2()?;
        let places = Tensor::arange(0, u32::try_from(length)?, ids.device())?;
        let angles = places.to_dtype(DType::F64)?.unsqueeze(1)?.matmul(&Tensor::new(&[[1f64, 0.1]], ids.device())?)?;
        let (cos, sin) = (angles.cos()?, angles.sin()?);
        let x = self.words.forward(ids)?.broadcast_add(&self.positions.forward(&places)?)?;
        let mut x = self.norm.forward(&x)?;
        for layer in &self.layers {
            x = layer.forward(&x, &cos, &sin, mask)?;
        }
        x.tanh()?.mean(1)?.apply(&self.classes)
    }
}

#[test]
fn its_gradient_is_right_at_the_embeddings() {
    let vb = seeded(|vb| drop(Bert::load(vb).unwrap()));
    let ids = Tensor::new(&[[3u32, 17, 3, 0], [5, 6, 7, 19]], &device()).unwrap();
    let hide = f64::NEG_INFINITY;
    let mask = Tensor::new(&[[[[0.0, 0.0, 0.0, hide]]], [[[0.0, 0.0, 0.0, 0.0]]]], &device()).unwrap();
    let rows = look_up(&vb, "words.weight", &ids).unwrap();
    let expected = Bert::load(vb.clone()).unwrap().forward(&ids, &mask).unwrap();
    let net = embedded(vb, "words.weight", Bert::load, move |bert: &Bert, ids| bert.forward(ids, &mask));
    assert_close("the text's own output", &net(&rows).unwrap(), &flat(&expected), 1e-12);
    check_at("BERT", &net, &rows, 1e-6);
}
