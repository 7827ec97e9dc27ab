//! Models of images and texts, each half by itself, and of images alone that need more than one call.

use candle_core::{Module, Result, Tensor};
use candle_transformers::models::segment_anything::image_encoder::ImageEncoderViT;
use candle_transformers::models::{blip, chinese_clip, clip, openclip, siglip, stable_diffusion};

use crate::entry::{Builds, Entry, Net, only};

fn net(model: impl Module + 'static) -> Result<Net> {
    Ok(Box::new(move |x| model.forward(x)))
}

fn small_siglip() -> siglip::Config {
    let mut config = siglip::Config::base_patch16_224();
    let (v, t) = (&mut config.vision_config, &mut config.text_config);
    (v.hidden_size, v.intermediate_size, v.num_hidden_layers, v.num_attention_heads, v.image_size) = (32, 64, 2, 2, 32);
    (t.hidden_size, t.intermediate_size, t.num_hidden_layers, t.num_attention_heads) = (32, 64, 2, 2);
    (t.vocab_size, t.max_position_embeddings) = (50, 8);
    config
}

fn small_openclip() -> openclip::text_model::Config {
    let mut config = openclip::text_model::Config::vit_base_patch32();
    (config.embed_dim, config.intermediate_size, config.num_hidden_layers) = (32, 64, 2);
    (config.vocab_size, config.max_position_embeddings, config.num_attention_heads) = (50, 6, 2);
    config
}

pub fn entries() -> Vec<Entry> {
    let image = |name, shape, builds: Builds| Entry::numbers("vision", name, shape, builds);
    vec![
        image(
            "CLIP, image",
            &[1, 3, 64, 64],
            only(|vb| {
                let mut config = clip::vision_model::ClipVisionConfig::vit_base_patch32();
                (config.embed_dim, config.intermediate_size, config.num_hidden_layers) = (32, 64, 2);
                (config.num_attention_heads, config.image_size) = (2, 64);
                net(clip::vision_model::ClipVisionTransformer::new(vb, &config)?)
            }),
        ),
        image(
            "Chinese CLIP, image",
            &[1, 3, 64, 64],
            only(|vb| {
                let mut config = chinese_clip::vision_model::ChineseClipVisionConfig::default();
                (config.hidden_size, config.intermediate_size, config.num_hidden_layers) = (32, 64, 2);
                (config.num_attention_heads, config.image_size) = (2, 64);
                net(chinese_clip::vision_model::ChineseClipVisionTransformer::new(vb, &config)?)
            }),
        ),
        image(
            "SigLIP, image",
            &[1, 3, 32, 32],
            only(|vb| net(siglip::VisionModel::new(&small_siglip().vision_config, true, vb)?)),
        ),
        image(
            "BLIP, image",
            &[1, 3, 32, 32],
            only(|vb| {
                let mut config = blip::Config::image_captioning_large();
                let v = &mut config.vision_config;
                (v.hidden_size, v.intermediate_size, v.num_hidden_layers, v.num_attention_heads, v.image_size) =
                    (32, 64, 2, 2, 32);
                config.text_config.num_hidden_layers = 1;
                config.text_config.vocab_size = 50;
                let model = blip::BlipForConditionalGeneration::new(&config, vb)?;
                Ok(Box::new(move |x| x.apply(model.vision_model())))
            }),
        ),
        image(
            "Segment Anything, image",
            &[1, 3, 64, 64],
            only(|vb| net(ImageEncoderViT::new(64, 16, 3, 32, 2, 2, 16, true, true, true, 2, &[1], vb)?)),
        ),
        image(
            "Stable Diffusion, decoder",
            &[1, 4, 4, 4],
            only(|vb| {
                let config = stable_diffusion::vae::AutoEncoderKLConfig::default();
                let model = stable_diffusion::vae::AutoEncoderKL::new(vb, 3, 3, config)?;
                Ok(Box::new(move |x: &Tensor| model.decode(x)))
            }),
        ),
        Entry::text(
            "CLIP, text",
            "embeddings.token_embedding.weight",
            32,
            only(|vb| {
                let mut config = clip::text_model::ClipTextConfig::vit_base_patch32();
                (config.embed_dim, config.intermediate_size, config.num_hidden_layers) = (32, 64, 2);
                (config.vocab_size, config.max_position_embeddings, config.num_attention_heads) = (50, 6, 2);
                net(clip::text_model::ClipTextTransformer::new(vb, &config)?)
            }),
        ),
        Entry::text(
            "OpenCLIP, text",
            "token_embedding.weight",
            32,
            only(|vb| {
                let model = openclip::text_model::OpenClipTextTransformer::new(vb, &small_openclip())?;
                Ok(Box::new(move |ids| model.forward(ids)))
            }),
        ),
        Entry::text(
            "SigLIP, text",
            "embeddings.token_embedding.weight",
            32,
            only(|vb| net(siglip::TextModel::new(&small_siglip().text_config, vb)?)),
        ),
    ]
}
