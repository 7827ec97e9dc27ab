//! A small encoder of words: of embedded ones with a mask, and of ids.

use xai::nn::{Embedding, LayerNorm, Linear, Weights};
use xai::{Backend, Differentiable, Error, Result, Var, Weight};

use super::attention::{Block, EPS, block};
use crate::seeded::{drawn, layer};

/// How wide a word is.
const WIDTH: usize = 4;

/// How many words a sentence has.
const WORDS: usize = 5;

/// How many words there are.
const VOCABULARY: usize = 9;

/// The heads of each layer.
const HEADS: [usize; 2] = [2, 2];

/// Embedded words (B, 5, 4), and a mask (B, 5) of ones where there are any, to two classes, written as forward code.
#[derive(Debug)]
pub struct Encoder<B: Backend> {
    positions: Weight<B>,
    norm: LayerNorm<B>,
    layers: Vec<Block<B>>,
    pooler: Linear<B>,
    classes: Linear<B>,
}

impl<B: Backend> Encoder<B> {
    /// The network of these weights.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn load(w: &Weights<B>) -> Result<Self> {
        let layers = HEADS.iter().enumerate().map(|(i, &heads)| Block::load(&w.at(format!("layer{i}")), heads));
        Ok(Encoder {
            positions: w.get_shaped("positions.weight", &[WORDS, WIDTH])?.into(),
            norm: LayerNorm::load(&w.at("norm"), EPS)?,
            layers: layers.collect::<Result<_>>()?,
            pooler: Linear::load(&w.at("pooler"))?,
            classes: Linear::load(&w.at("classes"))?,
        })
    }

    fn of<'m>(&'m self, words: &Var<'m, B>, mask: &Var<'m, B>) -> Result<Var<'m, B>> {
        let shape = words.shape()?;
        let hidden = (mask.reshape(&[shape[0], 1, 1, shape[1]]) - 1.0) * 1e4;
        let mut x = (words + words.constant(self.positions.clone())).layer("norm", &self.norm)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = x.within(format!("layer{i}"), || layer.masked(&x, Some(&hidden)))?;
        }
        x.narrow(1, 0, 1).flatten(1, -1).layer("pooler", &self.pooler)?.tanh().layer("classes", &self.classes)
    }
}

impl<B: Backend> Differentiable for Encoder<B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        match inputs {
            [words, mask] => self.of(words, mask),
            _ => Err(other_inputs(inputs.len(), "embedded words and a mask")),
        }
    }
}

/// An [`Encoder`] of ids (B, 5): what they are embedded as can be moved by an input (B, 5, 4) that is added to it. The
/// third input is the mask.
#[derive(Debug)]
pub struct Bert<B: Backend> {
    words: Embedding<B>,
    encoder: Encoder<B>,
}

impl<B: Backend> Bert<B> {
    /// The network of these weights.
    ///
    /// # Errors
    /// Weights that are missing or do not fit.
    pub fn load(w: &Weights<B>) -> Result<Self> {
        Ok(Bert { words: Embedding::load(&w.at("words"))?, encoder: Encoder::load(&w.at("encoder"))? })
    }
}

impl<B: Backend> Differentiable for Bert<B> {
    type Backend = B;
    fn trace<'m>(&'m self, inputs: &[Var<'m, B>]) -> Result<Var<'m, B>> {
        let [ids, shift, mask] = inputs else {
            return Err(other_inputs(inputs.len(), "ids, what is added to their words, and a mask"));
        };
        let embedded = ids.layer("words", &self.words)? + shift;
        ids.within("encoder", || self.encoder.of(&embedded, mask))
    }
}

fn other_inputs(got: usize, wanted: &str) -> Error {
    Error::InvalidParameter { name: "inputs", value: got.to_string(), reason: format!("the model takes {wanted}") }
}

/// Random weights for [`Bert`], the same numbers on every backend; those of its [`Encoder`] are at `encoder`.
///
/// # Errors
/// The backend's own.
pub fn seeded_bert<B: Backend>(seed: u64) -> Result<Weights<B>> {
    let mut tensors =
        vec![("words.weight".into(), vec![VOCABULARY, WIDTH]), ("encoder.positions.weight".into(), vec![WORDS, WIDTH])];
    layer(&mut tensors, "encoder.norm", &[WIDTH]);
    for i in 0..HEADS.len() {
        block(&mut tensors, &format!("encoder.layer{i}"), WIDTH);
    }
    layer(&mut tensors, "encoder.pooler", &[WIDTH, WIDTH]);
    layer(&mut tensors, "encoder.classes", &[2, WIDTH]);
    drawn(tensors, seed)
}
