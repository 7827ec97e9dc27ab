//! What each word of a sentence adds to its cosine with another one.

use candle_core::{Result as CandleResult, Tensor};
use ndarray::{Array1, Axis, Ix3};
use xai::candle::{Candle, model};
use xai::{Analyzer, Arithmetic, Index, IntegratedGradients, Quadrature, Reference};
use xai_zoo::command_line::Outcome;

use crate::encoder::{Encoder, Sentence};

/// A sentence explained.
pub(crate) struct Side<'a> {
    pub(crate) sentence: &'a Sentence,
    /// The cosine with every word of this sentence taken away.
    pub(crate) without: f32,
    /// What each word adds to that.
    pub(crate) words: Vec<f32>,
    /// What they add up to, less what they should.
    pub(crate) gap: f64,
}

/// cos(sentence(words), other) for embedded words (batch, tokens, width): (batch, 1). `other` is (1, width), of length
/// 1.
fn similarity(encoder: &Encoder, words: &Tensor, other: &Tensor) -> CandleResult<Tensor> {
    let sentences = encoder.bert.sentences(words)?;
    let length = sentences.sqr()?.sum_keepdim(1)?.sqrt()?;
    sentences.broadcast_mul(other)?.sum_keepdim(1)? / length
}

/// A sentence as a direction: (1, width).
fn direction(encoder: &Encoder, ids: &[u32]) -> CandleResult<Tensor> {
    let sentence = encoder.bert.sentences(&encoder.bert.embed(ids)?)?;
    sentence.broadcast_div(&sentence.sqr()?.sum_keepdim(1)?.sqrt()?)
}

fn cosine_of(encoder: &Encoder, ids: &[u32], other: &Tensor) -> CandleResult<f32> {
    similarity(encoder, &encoder.bert.embed(ids)?, other)?.flatten_all()?.get(0)?.to_scalar()
}

/// How alike the two are: 1 for the same direction, 0 for nothing in common.
pub(crate) fn cosine(encoder: &Encoder, first: &Sentence, second: &Sentence) -> Outcome<f32> {
    Ok(cosine_of(encoder, &first.ids, &direction(encoder, &second.ids)?)?)
}

/// Integrated gradients of the cosine, from the sentence without its words; a word's value is the sum over the numbers
/// of its tokens.
pub(crate) fn explain<'a>(encoder: &Encoder, sentence: &'a Sentence, other: &Sentence, n: usize) -> Outcome<Side<'a>> {
    let other = direction(encoder, &other.ids)?;
    let masked = Candle::<f32>::download(&encoder.bert.embed(&sentence.masked)?)?;
    let words = Candle::<f32>::download(&encoder.bert.embed(&sentence.ids)?)?.into_dimensionality::<Ix3>()?;

    let net = model(|words: &Tensor| similarity(encoder, words, &other));
    let along = IntegratedGradients::new().n(n).quadrature(Quadrature::Graded).reference(Reference::array(&masked));
    let why = along.analyze(&net, &words, Index(0))?;

    let tokens: Array1<f32> = why.values.sum_axis(Axis(2)).remove_axis(Axis(0));
    Ok(Side {
        sentence,
        without: cosine_of(encoder, &sentence.masked, &other)?,
        words: sentence.words.iter().map(|word| word.tokens.clone().map(|token| tokens[token]).sum()).collect(),
        gap: why.extras.completeness_gap.and_then(|gaps| gaps.first().copied()).unwrap_or_default(),
    })
}
