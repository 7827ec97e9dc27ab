//! The example `text`, on a tiny BERT with drawn weights: what it prints adds up, and what it does about mistakes.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::json;
use xai::files;

use crate::command::{refused, run};

const WORDS: [&str; 12] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "dog", "cat", "run", "##s", "fast", "."];
const WIDTH: usize = 8;

/// A network as a Hugging Face folder has it.
fn write_network(folder: &Path) {
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "vocab_size": WORDS.len(), "hidden_size": WIDTH,
        "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 10,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();

    let vocabulary: BTreeMap<&str, usize> = WORDS.iter().enumerate().map(|(id, word)| (*word, id)).collect();
    let special = |id: usize| {
        json!({"id": id, "content": WORDS[id], "special": true, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false})
    };
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "decoder": null,
        // As files for training have it: the example must not fill up.
        "padding": {"strategy": {"Fixed": 10}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": (0..5).map(special).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    });
    std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();

    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut weights = BTreeMap::new();
    let mut draw = |name: String, shape: &[usize]| {
        let scale = if shape.len() > 1 { 0.7 } else { 0.2 };
        let offset = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
        let mut number = || {
            let number: f32 = StandardNormal.sample(&mut rng);
            offset + scale * number
        };
        weights.insert(name, ArrayD::from_shape_simple_fn(shape, &mut number));
    };
    for (table, rows) in [("word", WORDS.len()), ("position", 10), ("token_type", 2)] {
        draw(format!("embeddings.{table}_embeddings.weight"), &[rows, WIDTH]);
    }
    let mut layer = |name: String, shape: &[usize]| {
        draw(format!("{name}.weight"), shape);
        draw(format!("{name}.bias"), &shape[..1]);
    };
    layer("embeddings.LayerNorm".into(), &[WIDTH]);
    for at in (0..2).map(|i| format!("encoder.layer.{i}")) {
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            layer(format!("{at}.attention.{part}"), &[WIDTH, WIDTH]);
        }
        layer(format!("{at}.attention.output.LayerNorm"), &[WIDTH]);
        layer(format!("{at}.intermediate.dense"), &[16, WIDTH]);
        layer(format!("{at}.output.dense"), &[WIDTH, 16]);
        layer(format!("{at}.output.LayerNorm"), &[WIDTH]);
    }
    std::fs::write(folder.join("model.safetensors"), files::encode_arrays(&weights).unwrap()).unwrap();
}

fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run("text", folder, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The number behind a word of a line.
fn number(line: &str, behind: &str) -> f64 {
    let rest = line.split(behind).nth(1).unwrap_or_else(|| panic!("{line} has no {behind}"));
    rest.trim_start().split([' ', ';', ')']).next().unwrap().parse().unwrap()
}

#[test]
fn the_words_of_a_sentence_add_up_to_what_they_change() {
    let folder = tempfile::tempdir().unwrap();
    write_network(folder.path());
    let text = printed(folder.path(), &["A dog runs.", "Cats run fast", "--model", ".", "--n", "200"]);
    let cosine = number(text.lines().next().unwrap(), "cosine");
    let sides: Vec<Vec<&str>> = text.split("\n\n").skip(1).map(|side| side.lines().collect()).collect();
    assert_eq!(sides.len(), 2, "{text}");
    for (side, words) in sides.iter().zip([vec![".", "A", "dog", "runs"], vec!["Cats", "fast", "run"]]) {
        let (without, added) = (number(side[1], "every word"), number(side[1], "its words add"));
        assert!((without + added - cosine).abs() < 3e-3, "{text}");
        assert!(number(side[1], "(gap").abs() < 2e-3, "{text}");
        let values: Vec<(f64, &str)> = side[2..]
            .iter()
            .map(|line| line.trim().split_once("  ").unwrap())
            .map(|(value, word)| (value.parse().unwrap(), word))
            .collect();
        assert!((values.iter().map(|(value, _)| value).sum::<f64>() - added).abs() < 3e-3, "{text}");
        assert!(values.windows(2).all(|pair| pair[0].0.abs() >= pair[1].0.abs()), "{text}");
        let mut found: Vec<&str> = values.iter().map(|(_, word)| *word).collect();
        found.sort_unstable();
        assert_eq!(found, words, "{text}");
    }
    // Word pieces are one word, and a sentence is as like to the other as the other to it.
    let turned = printed(folder.path(), &["Cats run fast", "A dog runs.", "--model", ".", "--n", "200"]);
    assert_eq!(text.split("\n\n").nth(1).unwrap().trim(), turned.split("\n\n").nth(2).unwrap().trim());
    let same = printed(folder.path(), &["a dog", "a dog", "--model", "."]);
    assert!(same.starts_with("cosine 1.000\n"), "{same}");
}

#[test]
fn colors_stand_around_words_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    write_network(folder.path());
    let args = ["A dog.", "cats", "--model", ".", "--color"];
    let plain = printed(folder.path(), &[&args[..], &["never"]].concat());
    assert_eq!(plain, printed(folder.path(), &[&args[..], &["auto"]].concat()), "a pipe is no terminal");
    let colored = printed(folder.path(), &[&args[..], &["always"]].concat());
    let line = colored.lines().nth(2).unwrap();
    assert_eq!(line.matches("\x1b[30;48;5;").count(), 3, "{line:?}");
    let bare: String = line.split("\x1b[").map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect();
    assert_eq!(bare, "A dog.");
}

#[test]
fn mistakes_end_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    refused("text", at, &[], "scripts/minilm.sh");
    write_network(at);
    let here = ["--model", "."];
    let cases: [(&[&str], &str); 5] = [
        (&["", "a"], "no word"),
        (&["a a a a a a a a a", "a"], "11 tokens, the network takes 10"),
        (&["a", "a", "--reference", "[NONE]"], "no token [NONE]"),
        (&["a", "a", "--n", "1"], "n = 1"),
        (&["a", "a", "--color", "red"], "auto, always, never"),
    ];
    for (args, part) in cases {
        refused("text", at, &[args, &here[..]].concat(), part);
    }
    std::fs::write(at.join("config.json"), r#"{"model_type": "roberta"}"#).unwrap();
    refused("text", at, &here, "`model_type` is roberta, not bert");
    write_network(at);
    std::fs::write(at.join("model.safetensors"), b"{").unwrap();
    refused("text", at, &here, "model.safetensors");
}
