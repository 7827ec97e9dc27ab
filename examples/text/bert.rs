//! BERT as a file of candle-transformers is written, from embedded words on, with one line more: the first one.

use xai::candle::nn as candle_nn;

use candle_core::{D, Module, Result, Tensor};
use candle_nn::ops::softmax;
use candle_nn::{Activation, LayerNorm, Linear, VarBuilder, layer_norm, linear};

/// What `config.json` says, as far as it changes what is computed.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) vocabulary: usize,
    pub(crate) width: usize,
    pub(crate) inner: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) positions: usize,
    pub(crate) types: usize,
    pub(crate) eps: f64,
}

struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    norm: LayerNorm,
    heads: usize,
}

impl Attention {
    fn load(config: &Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let width = config.width;
        let square = |name: &str| linear(width, width, vb.pp(name));
        Ok(Attention {
            query: square("self.query")?,
            key: square("self.key")?,
            value: square("self.value")?,
            out: square("output.dense")?,
            norm: layer_norm(width, config.eps, vb.pp("output.LayerNorm"))?,
            heads: config.heads,
        })
    }

    /// (batch, tokens, width) to (batch, heads, tokens, width / heads).
    fn split(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, width) = x.dims3()?;
        x.reshape((batch, tokens, self.heads, width / self.heads))?.transpose(1, 2)?.contiguous()
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [q, k, v] = [&self.query, &self.key, &self.value].map(|part| self.split(&part.forward(x)?));
        let (q, k, v) = (q?, k?, v?);
        #[allow(clippy::cast_precision_loss)] // heads are some hundreds wide
        let scores = (q.matmul(&k.t()?)? / (q.dim(D::Minus1)? as f64).sqrt())?;
        let mixed = softmax(&scores, D::Minus1)?.matmul(&v)?;
        let mixed = mixed.transpose(1, 2)?.contiguous()?.flatten_from(2)?;
        self.norm.forward(&(self.out.forward(&mixed)? + x)?)
    }
}

struct Layer {
    attention: Attention,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

impl Layer {
    fn load(config: &Config, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Layer {
            attention: Attention::load(config, &vb.pp("attention"))?,
            up: linear(config.width, config.inner, vb.pp("intermediate.dense"))?,
            down: linear(config.inner, config.width, vb.pp("output.dense"))?,
            norm: layer_norm(config.width, config.eps, vb.pp("output.LayerNorm"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.attention.forward(x)?;
        let inner = self.up.forward(&x)?.apply(&Activation::Gelu)?;
        self.norm.forward(&(self.down.forward(&inner)? + &x)?)
    }
}

/// A BERT that embeds sentences.
pub(crate) struct Bert {
    words: Tensor,
    positions: Tensor,
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Bert {
    pub(crate) fn load(config: &Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let (width, at) = (config.width, vb.pp("embeddings"));
        Ok(Bert {
            words: at.get((config.vocabulary, width), "word_embeddings.weight")?,
            positions: at.get((config.positions, width), "position_embeddings.weight")?,
            // All words are of the first kind: one sentence at a time.
            kind: at.get((config.types, width), "token_type_embeddings.weight")?.narrow(0, 0, 1)?,
            norm: layer_norm(width, config.eps, at.pp("LayerNorm"))?,
            layers: (0..config.layers)
                .map(|i| Layer::load(config, &vb.pp(format!("encoder.layer.{i}"))))
                .collect::<Result<_>>()?,
        })
    }

    /// The words of these ids: (1, tokens, width).
    pub(crate) fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        self.words.index_select(&Tensor::new(ids, self.words.device())?, 0)?.unsqueeze(0)
    }

    /// Embedded words (batch, tokens, width) to sentences (batch, width): the mean over the tokens.
    pub(crate) fn sentences(&self, words: &Tensor) -> Result<Tensor> {
        let positions = self.positions.narrow(0, 0, words.dim(1)?)?;
        let mut x = words.broadcast_add(&positions.broadcast_add(&self.kind)?)?.apply(&self.norm)?;
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        x.mean(1)
    }
}
