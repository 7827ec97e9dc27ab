//! Models of text, at their embedded words.

use std::cell::RefCell;

use candle_copies::models::{
    bert, distilbert, jina_bert, llama, mistral, modernbert, nomic_bert, olmo, qwen2, xlm_roberta,
};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use ndarray::Array3;
use serde::de::DeserializeOwned;
use serde_json::{from_value, json, Value};
use xai_candle::overlay::embedded;

use crate::hold;
use crate::weights::drawn;

/// What the models' configurations ask for, all together, and more of one.
fn config<C: DeserializeOwned>(more: Value) -> C {
    let mut all = json!({
        "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
        "max_position_embeddings": 16, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
        "pad_token_id": 49, "position_embedding_type": "absolute", "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "head_dim": 16, "attention_bias": false, "tie_word_embeddings": false,
        "sliding_window": 16, "max_window_layers": 2, "use_sliding_window": false,
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    from_value(all).unwrap()
}

/// Six words, embedded by the named table. The model is built anew in each pass, and may keep what it has read.
fn hold_text<'a, M: 'a>(
    name: &str,
    table: &str,
    build: impl Fn(VarBuilder<'a>) -> Result<M> + 'a,
    forward: impl Fn(&mut M, &Tensor) -> Result<Tensor> + 'a,
) {
    let words = Array3::from_shape_fn((1, 6, 32), |(_, word, i)| ((word * 11 + i * 5) as f32 * 0.61).cos());
    let build = move |vb: VarBuilder<'a>| build(vb).map(RefCell::new);
    let forward = move |model: &RefCell<M>, ids: &Tensor| forward(&mut model.borrow_mut(), ids);
    hold(name, embedded(drawn(), table, build, forward), &words);
}

const TABLE: &str = "embeddings.word_embeddings.weight";
const TOKENS: &str = "model.embed_tokens.weight";

#[test]
fn encoders() {
    hold_text(
        "BERT",
        TABLE,
        |vb| bert::BertModel::load(vb, &config(json!({}))),
        |model, ids| model.forward(ids, &ids.zeros_like()?, None),
    );
    let more = json!({"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "activation": "gelu"});
    hold_text(
        "DistilBERT",
        TABLE,
        |vb| distilbert::DistilBertModel::load(vb, &config(more.clone())),
        |model, ids| model.forward(ids, &Tensor::zeros((6, 6), DType::U8, &Device::Cpu)?),
    );
    hold_text(
        "JinaBERT",
        TABLE,
        |vb| jina_bert::BertModel::new(vb, &config(json!({"position_embedding_type": "alibi"}))),
        |model, ids| candle_core::Module::forward(model, ids),
    );
    let more = json!({"n_embd": 32, "n_head": 2, "n_layer": 2, "n_inner": 64, "n_positions": 16});
    hold_text(
        "NomicBERT",
        TABLE,
        |vb| nomic_bert::NomicBertModel::load(vb, &config(more.clone())),
        |model, ids| model.forward(ids, None, None),
    );
    let more = json!({
        "global_attn_every_n_layers": 2, "global_rope_theta": 160000.0, "local_attention": 4,
        "local_rope_theta": 10000.0,
    });
    hold_text(
        "ModernBERT",
        "model.embeddings.tok_embeddings.weight",
        |vb| modernbert::ModernBert::load(vb, &config(more.clone())),
        |model, ids| model.forward(ids, &ids.ones_like()?),
    );
    hold_text(
        "XLM-RoBERTa",
        TABLE,
        |vb| xlm_roberta::XLMRobertaModel::new(&config(json!({"max_position_embeddings": 60})), vb),
        |model, ids| model.forward(ids, &ids.ones_like()?, &ids.zeros_like()?, None, None, None),
    );
}

#[test]
fn writers() {
    let silu = || json!({"hidden_act": "silu"});
    hold_text(
        "LLaMA",
        TOKENS,
        |vb| {
            let config = config::<llama::LlamaConfig>(silu()).into_config(false);
            let cache = llama::Cache::new(false, vb.dtype(), &config, &Device::Cpu)?;
            Ok((llama::Llama::load(vb, &config)?, cache))
        },
        |(model, cache), ids| model.forward(ids, 0, cache),
    );
    hold_text(
        "Qwen2",
        TOKENS,
        |vb| qwen2::ModelForCausalLM::new(&config(silu()), vb),
        |model, ids| model.forward(ids, 0),
    );
    let plain = || json!({"hidden_act": "silu", "use_flash_attn": false});
    hold_text("Mistral", TOKENS, |vb| mistral::Model::new(&config(plain()), vb), |model, ids| model.forward(ids, 0));
    let clip = || json!({"hidden_act": "silu", "clip_qkv": null});
    hold_text("OLMo", TOKENS, |vb| olmo::Model::new(&config(clip()), vb), |model, ids| model.forward(ids, 0));
}
