//! A network and its tokenizer, out of a folder; and sentences, as they see them.

use std::fmt::Display;
use std::path::Path;

use candle_core::{DType, Device};
use serde_json::Value;
use tokenizers::Tokenizer;
use xai::candle::nn::VarBuilder;
use xai::disk::read_file;
use xai_zoo::command_line::{Outcome, failure};

use crate::bert::{Bert, Config};

/// What embeds sentences.
pub(crate) struct Encoder {
    pub(crate) bert: Bert,
    tokenizer: Tokenizer,
    /// The id that stands where a word is taken away.
    nothing: u32,
    longest: usize,
}

/// A sentence: its tokens, and its words, which are runs of them.
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) ids: Vec<u32>,
    /// The same without its words.
    pub(crate) masked: Vec<u32>,
    pub(crate) words: Vec<Word>,
}

/// A word, or a mark between words.
pub(crate) struct Word {
    /// Where it stands in the text, in bytes.
    pub(crate) text: std::ops::Range<usize>,
    /// Its tokens.
    pub(crate) tokens: std::ops::Range<usize>,
}

impl Encoder {
    pub(crate) fn load(folder: &Path, reference: &str) -> Outcome<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            let advice = "scripts/minilm.sh fetches a model, `--model FOLDER` takes yours";
            read_file(&path).map_err(|error| failure(format!("{error}; {advice}")))
        };
        let wrong = |name: &str, why: &dyn Display| failure(format!("{}: {why}", folder.join(name).display()));
        let config = config(&read("config.json")?).map_err(|why| wrong("config.json", &why))?;
        let mut tokenizer =
            Tokenizer::from_bytes(read("tokenizer.json")?).map_err(|why| wrong("tokenizer.json", &why))?;
        // Files for training fill sentences up, and cut them off.
        tokenizer.with_padding(None).with_truncation(None).map_err(|why| wrong("tokenizer.json", &why))?;
        let nothing = tokenizer.token_to_id(reference).filter(|&id| (id as usize) < config.vocabulary);
        let nothing = nothing.ok_or_else(|| wrong("tokenizer.json", &format!("it has no token {reference}")))?;
        let weights = read("model.safetensors")?;
        let bert = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).and_then(|at| {
            let at = if at.contains_tensor("bert.embeddings.word_embeddings.weight") { at.pp("bert") } else { at };
            Bert::load(&config, &at)
        });
        let bert = bert.map_err(|why| wrong("model.safetensors", &why))?;
        Ok(Encoder { bert, tokenizer, nothing, longest: config.positions })
    }

    /// A sentence, cut into what the network takes for words.
    pub(crate) fn read(&self, text: &str) -> Outcome<Sentence> {
        let found = self.tokenizer.encode(text, true).map_err(|why| failure(format!("`{text}`: {why}")))?;
        let ids = found.get_ids().to_vec();
        if ids.len() > self.longest {
            return Err(failure(format!(
                "`{text}` has {} tokens, the network takes {}: shorten it",
                ids.len(),
                self.longest
            )));
        }
        let (mut words, mut masked): (Vec<Word>, _) = (vec![], ids.clone());
        let mut before = None;
        for (token, (word, &(start, end))) in found.get_word_ids().iter().zip(found.get_offsets()).enumerate() {
            // Marks of the network's own, as the beginning, are no words and stay.
            if word.is_some() {
                masked[token] = self.nothing;
                match words.last_mut().filter(|_| *word == before) {
                    Some(last) => (last.text.end, last.tokens.end) = (end, token + 1),
                    None => words.push(Word { text: start..end, tokens: token..token + 1 }),
                }
            }
            before = *word;
        }
        if words.is_empty() {
            return Err(failure(format!("`{text}` has no word")));
        }
        Ok(Sentence { text: text.to_owned(), ids, masked, words: joined(text, words) })
    }
}

/// Words with a mark inside, as `don't`, `0.25` and `well-known`, in one: the network's tokenizer cuts at every mark.
fn joined(text: &str, words: Vec<Word>) -> Vec<Word> {
    let spoken = |word: &Word| text[word.text.clone()].chars().any(char::is_alphanumeric);
    let touch = |a: &Word, b: &Word| a.text.end == b.text.start;
    let (mut all, mut rest) = (Vec::<Word>::new(), words.into_iter().peekable());
    while let Some(word) = rest.next() {
        let inside = !spoken(&word)
            && all.last().is_some_and(|before| touch(before, &word) && spoken(before))
            && rest.peek().is_some_and(|next| touch(&word, next) && spoken(next));
        match (all.last_mut(), rest.next_if(|_| inside)) {
            (Some(before), Some(next)) => (before.text.end, before.tokens.end) = (next.text.end, next.tokens.end),
            _ => all.push(word),
        }
    }
    all
}

/// What is said in a Hugging Face `config.json`.
fn config(bytes: &[u8]) -> Result<Config, String> {
    let all: Value = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
    let whole = |name: &str| {
        let number = all.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
        number.ok_or_else(|| format!("`{name}` is no whole number above 0"))
    };
    for (name, known) in [("model_type", "bert"), ("hidden_act", "gelu"), ("position_embedding_type", "absolute")] {
        match all.get(name).and_then(Value::as_str) {
            Some(other) if other != known => return Err(format!("`{name}` is {other}, not {known}")),
            _ => {}
        }
    }
    let config = Config {
        vocabulary: whole("vocab_size")?,
        width: whole("hidden_size")?,
        inner: whole("intermediate_size")?,
        layers: whole("num_hidden_layers")?,
        heads: whole("num_attention_heads")?,
        positions: whole("max_position_embeddings")?,
        types: whole("type_vocab_size")?,
        eps: all.get("layer_norm_eps").and_then(Value::as_f64).unwrap_or(1e-12),
    };
    if !config.width.is_multiple_of(config.heads) {
        return Err(format!("{} heads do not share a width of {}", config.heads, config.width));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::{Word, joined};

    #[test]
    fn marks_inside_of_words_part_nothing() {
        let text = "(don't) 0.25% a-b-c, d - e";
        let cut = |start: usize, end: usize, token| Word { text: start..end, tokens: token..token + 1 };
        // As a tokenizer cuts it: runs of letters and digits, and each mark by itself.
        let (mut words, mut start) = (Vec::new(), 0);
        for (end, character) in text.char_indices().map(|(at, character)| (at + 1, character)) {
            let goes_on = text[end..].starts_with(char::is_alphanumeric) && character.is_alphanumeric();
            if character == ' ' {
                start = end;
            } else if !goes_on {
                words.push(cut(start, end, words.len()));
                start = end;
            }
        }
        let words = joined(text, words);
        let found: Vec<&str> = words.iter().map(|word| &text[word.text.clone()]).collect();
        assert_eq!(found, ["(", "don't", ")", "0.25", "%", "a-b-c", ",", "d", "-", "e"]);
        // No token is lost.
        assert!(words.windows(2).all(|pair| pair[0].tokens.end == pair[1].tokens.start));
    }
}
