//! Multi-head attention and the block of a transformer, as forward code.

use xai_core::nn::{LayerNorm, Linear};
use xai_core::{Layer, Result, Var};

use crate::models::B;
use crate::models::differences::{linear, noise, tensor};

/// softmax(q · kᵀ / √d + mask) · v, in heads: (B, T, D) to (B, T, D).
pub(crate) struct Attention {
    heads: usize,
    query: Linear<B>,
    key: Linear<B>,
    value: Linear<B>,
    output: Linear<B>,
}

pub(crate) fn attention(seed: u64, width: usize, heads: usize) -> Attention {
    let part = |i| linear(seed + i, width, width);
    Attention { heads, query: part(0), key: part(1), value: part(2), output: part(3) }
}

impl Attention {
    /// `mask` is added to the scores, broadcast to (B, heads, T, T).
    pub(crate) fn trace<'m>(&'m self, x: &Var<'m, B>, mask: Option<&Var<'m, B>>) -> Result<Var<'m, B>> {
        let shape = x.shape()?;
        let [batch, tokens, width] = [shape[0], shape[1], shape[2]];
        let each = width / self.heads;
        let in_heads = |name: &str, part: &'m Linear<B>| -> Result<Var<'m, B>> {
            let y = x.layer(name, part)?.reshape(&[batch, tokens, self.heads, each]);
            Ok(y.permute(&[0, 2, 1, 3]))
        };
        let (q, k, v) = (in_heads("query", &self.query)?, in_heads("key", &self.key)?, in_heads("value", &self.value)?);
        let scores = q.matmul(&k.transpose(-1, -2)?) / (each as f64).sqrt();
        let scores = mask.map_or(scores.clone(), |mask| &scores + mask);
        let y = scores.softmax(-1).matmul(&v).permute(&[0, 2, 1, 3]).reshape(&[batch, tokens, width]);
        y.layer("output", &self.output)
    }
}

/// x + attention(norm(x)), and of that x + mlp(norm(x)).
pub(crate) struct Block {
    norm1: LayerNorm<B>,
    attention: Attention,
    norm2: LayerNorm<B>,
    up: Linear<B>,
    down: Linear<B>,
}

pub(crate) fn layer_norm(seed: u64, width: usize) -> LayerNorm<B> {
    let (weight, bias) = (noise(seed, &[width]).mapv(|v| 1.0 + 0.2 * v), noise(seed + 1, &[width]) * 0.2);
    LayerNorm::new(tensor(&weight), tensor(&bias), 1e-5).unwrap()
}

pub(crate) fn block(seed: u64, width: usize, heads: usize) -> Block {
    Block {
        norm1: layer_norm(seed, width),
        attention: attention(seed + 2, width, heads),
        norm2: layer_norm(seed + 6, width),
        up: linear(seed + 8, 2 * width, width),
        down: linear(seed + 9, width, 2 * width),
    }
}

impl Block {
    pub(crate) fn masked<'m>(&'m self, x: &Var<'m, B>, mask: Option<&Var<'m, B>>) -> Result<Var<'m, B>> {
        let y = x.layer("norm1", &self.norm1)?;
        let x = x + x.within("attention", || self.attention.trace(&y, mask))?;
        let y = x.layer("norm2", &self.norm2)?.layer("up", &self.up)?.gelu().layer("down", &self.down)?;
        Ok(x + y)
    }
}

impl Layer<B> for Block {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.masked(&x, None)
    }
}
