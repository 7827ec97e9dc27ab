//! Models that write text, explained behind their word embeddings.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::llama2_c;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::entry::{Entry, both, only};
use crate::text;

fn config<C: DeserializeOwned>(act: &str, more: &Value) -> candle_core::Result<C> {
    let mut all = json!({
        "num_key_value_heads": 1, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": act, "head_dim": 16,
        "attention_bias": false, "tie_word_embeddings": false, "sliding_window": 16, "max_window_layers": 2,
        "use_sliding_window": false, "norm_epsilon": 1e-5, "use_bias": true, "partial_rotary_factor": 0.5,
        "qk_layernorm": false, "use_cache": false, "mlp_bias": false, "bos_token_id": 1, "eos_token_id": 2,
        "num_experts_per_tok": 2, "num_local_experts": 3, "use_flash_attn": false, "query_pre_attn_scalar": 16,
        "hidden_activation": act,
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more.clone());
    }
    text::config(all)
}

const WORDS: &str = "model.embed_tokens.weight";

macro_rules! model {
    ($name:literal, $file:ident::$($type:ident)::+, $act:literal, |$vb:ident, $config:ident| $new:expr
     $(, {$($more:tt)*})?) => {
        Entry::text($name, WORDS, 32, both!($file, |$vb: VarBuilder<'static>| {
            let $config = config($act, &json!({ $($($more)*)? }))?;
            let mut model: $file::$($type)::+ = $new?;
            Ok(Box::new(move |ids: &Tensor| model.forward(ids, 0)))
        }))
    };
}

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::text(
            "LLaMA",
            WORDS,
            32,
            both!(llama, |vb| {
                let config = config::<llama::LlamaConfig>("silu", &json!({}))?.into_config(false);
                let mut cache = llama::Cache::new(false, vb.dtype(), &config, &Device::Cpu)?;
                let model = llama::Llama::load(vb, &config)?;
                Ok(Box::new(move |ids| model.forward(ids, 0, &mut cache)))
            }),
        ),
        Entry::text(
            "Llama2.c",
            WORDS,
            32,
            only(|vb| {
                let config = llama2_c::Config {
                    dim: 32,
                    hidden_dim: 64,
                    n_layers: 2,
                    n_heads: 2,
                    n_kv_heads: 1,
                    vocab_size: 50,
                    seq_len: 16,
                    norm_eps: 1e-5,
                };
                let mut cache = llama2_c::Cache::new(false, &config, vb.pp("rot"))?;
                let model = llama2_c::Llama::load(vb, config)?;
                Ok(Box::new(move |ids| model.forward(ids, 0, &mut cache)))
            }),
        ),
        Entry::text(
            "Granite",
            WORDS,
            32,
            both!(granite, |vb| {
                let config = config::<granite::GraniteConfig>("silu", &json!({}))?.into_config(false);
                let mut cache = granite::Cache::new(false, vb.dtype(), &config, &Device::Cpu)?;
                let model = granite::Granite::load(vb, &config)?;
                Ok(Box::new(move |ids| model.forward(ids, 0, &mut cache)))
            }),
        ),
        Entry::text(
            "Phi-2",
            WORDS,
            32,
            both!(phi, |vb| {
                let mut model = phi::Model::new(&config("gelu_new", &json!({}))?, vb)?;
                Ok(Box::new(move |ids| model.forward(ids)))
            }),
        ),
        model!("Qwen2", qwen2::ModelForCausalLM, "silu", |vb, config| qwen2::ModelForCausalLM::new(&config, vb)),
        model!("Qwen3", qwen3::ModelForCausalLM, "silu", |vb, config| qwen3::ModelForCausalLM::new(&config, vb)),
        model!("Mistral", mistral::Model, "silu", |vb, config| mistral::Model::new(&config, vb)),
        model!("Mixtral", mixtral::Model, "silu", |vb, config| mixtral::Model::new(&config, vb)),
        model!("Gemma", gemma::Model, "gelu_pytorch_tanh", |vb, config| gemma::Model::new(
            false, &config, vb
        ), {"hidden_activation": null}),
        model!("Gemma 2", gemma2::Model, "gelu_pytorch_tanh", |vb, config| gemma2::Model::new(false, &config, vb)),
        model!("Phi-3", phi3::Model, "silu", |vb, config| phi3::Model::new(&config, vb)),
        model!("StableLM", stable_lm::Model, "silu", |vb, config| stable_lm::Model::new(&config, vb)),
        model!("StarCoder2", starcoder2::Model, "gelu_pytorch_tanh", |vb, config| starcoder2::Model::new(&config, vb)),
        model!("OLMo", olmo::Model, "silu", |vb, config| olmo::Model::new(&config, vb)),
        model!("OLMo 2", olmo2::Model, "silu", |vb, config| olmo2::Model::new(&config, vb)),
        model!("Helium", helium::Model, "silu", |vb, config| helium::Model::new(&config, vb)),
    ]
}
