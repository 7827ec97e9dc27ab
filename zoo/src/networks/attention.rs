//! Multi-head attention and the block of a transformer, as forward code.

use xai::nn::{LayerNorm, Linear, Weights};
use xai::{Backend, Layer, Result, Var};

use crate::seeded::{Tensors, layer};

/// PyTorch's default.
pub(super) const EPS: f64 = 1e-5;

/// softmax(q · kᵀ / √d + mask) · v, in heads: (B, T, D) to (B, T, D).
#[derive(Debug)]
struct Attention<B: Backend> {
    heads: usize,
    query: Linear<B>,
    key: Linear<B>,
    value: Linear<B>,
    output: Linear<B>,
}

impl<B: Backend> Attention<B> {
    fn load(w: &Weights<B>, heads: usize) -> Result<Self> {
        let part = |name| Linear::load(&w.at(name));
        Ok(Attention {
            heads,
            query: part("query")?,
            key: part("key")?,
            value: part("value")?,
            output: part("output")?,
        })
    }

    /// `mask` is added to the scores, broadcast to (B, heads, T, T).
    fn trace<'m>(&'m self, x: &Var<'m, B>, mask: Option<&Var<'m, B>>) -> Result<Var<'m, B>> {
        let shape = x.shape()?;
        let [batch, tokens, width] = [shape[0], shape[1], shape[2]];
        let each = width / self.heads;
        let in_heads = |name: &str, part: &'m Linear<B>| -> Result<Var<'m, B>> {
            let y = x.layer(name, part)?.reshape(&[batch, tokens, self.heads, each]);
            Ok(y.permute(&[0, 2, 1, 3]))
        };
        let (q, k, v) = (in_heads("query", &self.query)?, in_heads("key", &self.key)?, in_heads("value", &self.value)?);
        #[allow(clippy::cast_precision_loss)] // heads are narrower than 2⁵³
        let scores = q.matmul(&k.transpose(-1, -2)?) / (each as f64).sqrt();
        let scores = mask.map_or(scores.clone(), |mask| &scores + mask);
        let y = scores.softmax(-1).matmul(&v).permute(&[0, 2, 1, 3]).reshape(&[batch, tokens, width]);
        y.layer("output", &self.output)
    }
}

/// x + attention(norm(x)), and of that x + mlp(norm(x)).
#[derive(Debug)]
pub(super) struct Block<B: Backend> {
    norm1: LayerNorm<B>,
    attention: Attention<B>,
    norm2: LayerNorm<B>,
    up: Linear<B>,
    down: Linear<B>,
}

impl<B: Backend> Block<B> {
    pub(super) fn load(w: &Weights<B>, heads: usize) -> Result<Self> {
        Ok(Block {
            norm1: LayerNorm::load(&w.at("norm1"), EPS)?,
            attention: Attention::load(&w.at("attention"), heads)?,
            norm2: LayerNorm::load(&w.at("norm2"), EPS)?,
            up: Linear::load(&w.at("up"))?,
            down: Linear::load(&w.at("down"))?,
        })
    }

    pub(super) fn masked<'m>(&'m self, x: &Var<'m, B>, mask: Option<&Var<'m, B>>) -> Result<Var<'m, B>> {
        let y = x.layer("norm1", &self.norm1)?;
        let x = x + x.within("attention", || self.attention.trace(&y, mask))?;
        let y = x.layer("norm2", &self.norm2)?.layer("up", &self.up)?.gelu().layer("down", &self.down)?;
        Ok(x + y)
    }
}

impl<B: Backend> Layer<B> for Block<B> {
    fn trace<'m>(&'m self, x: Var<'m, B>) -> Result<Var<'m, B>> {
        self.masked(&x, None)
    }
}

/// The tensors of a block.
pub(super) fn block(tensors: &mut Tensors, name: &str, width: usize) {
    layer(tensors, &format!("{name}.norm1"), &[width]);
    for part in ["query", "key", "value", "output"] {
        layer(tensors, &format!("{name}.attention.{part}"), &[width, width]);
    }
    layer(tensors, &format!("{name}.norm2"), &[width]);
    layer(tensors, &format!("{name}.up"), &[2 * width, width]);
    layer(tensors, &format!("{name}.down"), &[width, 2 * width]);
}
