//! Encoders of text, explained behind their word embeddings.

use candle_core::{DType, Module, Result, Tensor};
use candle_transformers::models::t5;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json};

use crate::entry::{Entry, both, only};

pub fn config<C: DeserializeOwned>(more: Value) -> Result<C> {
    let mut all = json!({
        "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
        "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
        "max_position_embeddings": 16, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
        "pad_token_id": 49, "position_embedding_type": "absolute",
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    from_value(all).map_err(candle_core::Error::wrap)
}

fn zeros(ids: &Tensor) -> Result<Tensor> {
    ids.zeros_like()
}

pub fn entries() -> Vec<Entry> {
    let words = "embeddings.word_embeddings.weight";
    vec![
        Entry::text(
            "BERT",
            words,
            32,
            both!(bert, |vb| {
                let model = bert::BertModel::load(vb, &config(json!({}))?)?;
                Ok(Box::new(move |ids| model.forward(ids, &zeros(ids)?, None)))
            }),
        ),
        Entry::text(
            "DistilBERT",
            words,
            32,
            both!(distilbert, |vb| {
                let more = json!({"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "activation": "gelu"});
                let model = distilbert::DistilBertModel::load(vb, &config(more)?)?;
                Ok(Box::new(move |ids| model.forward(ids, &Tensor::zeros((6, 6), DType::U8, ids.device())?)))
            }),
        ),
        Entry::text(
            "DeBERTa-v2",
            words,
            32,
            both!(debertav2, |vb| {
                let more = json!({
                    "relative_attention": true, "max_relative_positions": -1, "position_biased_input": false,
                    "pos_att_type": "p2c|c2p", "position_buckets": 4, "norm_rel_ebd": "layer_norm",
                    "share_att_key": true,
                });
                let model = debertav2::DebertaV2Model::load(vb, &config(more)?)?;
                Ok(Box::new(move |ids| model.forward(ids, None, None)))
            }),
        ),
        Entry::text(
            "JinaBERT",
            words,
            32,
            both!(jina_bert, |vb| {
                let model = jina_bert::BertModel::new(vb, &config(json!({"position_embedding_type": "alibi"}))?)?;
                Ok(Box::new(move |ids| model.forward(ids)))
            }),
        ),
        Entry::text(
            "NomicBERT",
            words,
            32,
            both!(nomic_bert, |vb| {
                let more = json!({"n_embd": 32, "n_head": 2, "n_layer": 2, "n_inner": 64, "n_positions": 16});
                let model = nomic_bert::NomicBertModel::load(vb, &config(more)?)?;
                Ok(Box::new(move |ids| model.forward(ids, None, None)))
            }),
        ),
        Entry::text(
            "ModernBERT",
            "model.embeddings.tok_embeddings.weight",
            32,
            both!(modernbert, |vb| {
                let more = json!({
                    "global_attn_every_n_layers": 2, "global_rope_theta": 160000.0, "local_attention": 4,
                    "local_rope_theta": 10000.0,
                });
                let model = modernbert::ModernBert::load(vb, &config(more)?)?;
                Ok(Box::new(move |ids| model.forward(ids, &ids.ones_like()?)))
            }),
        ),
        Entry::text(
            "XLM-RoBERTa",
            words,
            32,
            both!(xlm_roberta, |vb| {
                let model = xlm_roberta::XLMRobertaModel::new(&config(json!({"max_position_embeddings": 60}))?, vb)?;
                Ok(Box::new(move |ids| model.forward(ids, &ids.ones_like()?, &zeros(ids)?, None, None, None)))
            }),
        ),
        Entry::text(
            "T5, encoder",
            "shared.weight",
            32,
            only(|vb| {
                let more = json!({
                    "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0,
                    "relative_attention_num_buckets": 8, "layer_norm_epsilon": 1e-6, "initializer_factor": 1.0,
                    "is_encoder_decoder": true, "eos_token_id": 1,
                });
                let mut model = t5::T5EncoderModel::load(vb, &config(more)?)?;
                Ok(Box::new(move |ids| model.forward(ids)))
            }),
        ),
    ]
}
