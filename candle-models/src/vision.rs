//! Models of images.

use candle_core::{Module, ModuleT, Result, Tensor};
use serde::de::DeserializeOwned;
use serde_json::{from_value, json};

use crate::entry::{Builds, Entry, Net, both};

fn net(model: impl Module + 'static) -> Result<Net> {
    Ok(Box::new(move |x| model.forward(x)))
}

fn small_segformer<C: DeserializeOwned>() -> Result<C> {
    from_value(json!({
        "num_channels": 3, "num_encoder_blocks": 4, "depths": [1, 1, 1, 1], "sr_ratios": [8, 4, 2, 1],
        "hidden_sizes": [8, 16, 16, 32], "patch_sizes": [7, 3, 3, 3], "strides": [4, 2, 2, 2],
        "num_attention_heads": [1, 2, 2, 4], "mlp_ratios": [2, 2, 2, 2], "hidden_act": "gelu", "layer_norm_eps": 1e-6,
        "decoder_hidden_size": 32,
    }))
    .map_err(candle_core::Error::wrap)
}

pub fn entries() -> Vec<Entry> {
    let image = |name, shape, builds: Builds| Entry::numbers("vision", name, shape, builds);
    let mut all = vec![
        image(
            "VGG-13",
            &[1, 3, 224, 224],
            both!(vgg, |vb| {
                let model = vgg::Vgg::new(vb, vgg::Models::Vgg13)?;
                // It takes one image without the batch axis.
                Ok(Box::new(move |x: &Tensor| model.forward_t(&x.squeeze(0)?, false)))
            }),
        ),
        image("ResNet-18", &[1, 3, 64, 64], both!(resnet, |vb| net(resnet::resnet18(10, vb)?))),
        image("ResNet-50", &[1, 3, 64, 64], both!(resnet, |vb| net(resnet::resnet50(10, vb)?))),
    ];
    all.extend(convolutions());
    all.extend(transformers());
    all
}

fn convolutions() -> Vec<Entry> {
    let image = |name, shape, builds: Builds| Entry::numbers("vision", name, shape, builds);
    let small: &[usize] = &[1, 3, 64, 64];
    vec![
        image("ConvMixer-1024/20", &[1, 3, 42, 42], both!(convmixer, |vb| net(convmixer::c1024_20(10, vb)?))),
        image(
            "ConvNeXt-Atto",
            small,
            both!(convnext, |vb| net(convnext::convnext(&convnext::Config::atto(), 10, vb)?)),
        ),
        image(
            "ConvNeXt-Atto without head",
            small,
            both!(convnext, |vb| net(convnext::convnext_no_final_layer(&convnext::Config::atto(), vb)?)),
        ),
        image(
            "ConvNeXt-Atto without head, 32 px",
            &[1, 3, 32, 32],
            both!(convnext, |vb| net(convnext::convnext_no_final_layer(&convnext::Config::atto(), vb)?)),
        ),
        image(
            "ConvNeXt-Tiny",
            small,
            both!(convnext, |vb| net(convnext::convnext(&convnext::Config::tiny(), 10, vb)?)),
        ),
        image(
            "EfficientNet-B0",
            small,
            both!(efficientnet, |vb| {
                net(efficientnet::EfficientNet::new(vb, efficientnet::MBConvConfig::b0(), 10)?)
            }),
        ),
        image(
            "EfficientViT-M0",
            &[1, 3, 224, 224],
            both!(efficientvit, |vb| net(efficientvit::efficientvit(&efficientvit::Config::m0(), 10, vb)?)),
        ),
        image(
            "MobileOne-S0",
            small,
            both!(mobileone, |vb| net(mobileone::mobileone(&mobileone::Config::s0(), 10, vb)?)),
        ),
        image("RepVGG-A0", small, both!(repvgg, |vb| net(repvgg::repvgg(&repvgg::Config::a0(), 10, vb)?))),
    ]
}

fn transformers() -> Vec<Entry> {
    let image = |name, shape, builds: Builds| Entry::numbers("vision", name, shape, builds);
    vec![
        image(
            "ViT",
            &[1, 3, 32, 32],
            both!(vit, |vb| {
                let config = vit::Config {
                    hidden_size: 32,
                    num_hidden_layers: 2,
                    num_attention_heads: 2,
                    intermediate_size: 64,
                    image_size: 32,
                    ..vit::Config::vit_base_patch16_224()
                };
                let model = vit::Model::new(&config, 10, vb)?;
                Ok(Box::new(move |x| model.forward(x)))
            }),
        ),
        image("DINOv2", &[1, 3, 518, 518], both!(dinov2, |vb| net(dinov2::DinoVisionTransformer::new(vb, 1, 32, 2)?))),
        image(
            "DINOv2, layers between",
            &[1, 3, 518, 518],
            both!(dinov2, |vb| {
                let model = dinov2::DinoVisionTransformer::new(vb, 2, 32, 2)?;
                Ok(Box::new(move |x| model.get_intermediate_layers(x, &[0, 1], true, false, true)))
            }),
        ),
        image(
            "DINOv2 with registers",
            &[1, 3, 518, 518],
            both!(dinov2reg4, |vb| net(dinov2reg4::DinoVisionTransformer::new(vb, 1, 32, 2)?)),
        ),
        image("BEiT", &[1, 3, 384, 384], both!(beit, |vb| net(beit::BeitVisionTransformer::new(vb, 1, 32, 2)?))),
        image("EVA-02", &[1, 3, 448, 448], both!(eva2, |vb| net(eva2::EVA2VisionTransformer::new(vb, 1, 128, 2)?))),
        image(
            "SegFormer, classes",
            &[1, 3, 64, 64],
            both!(segformer, |vb| net(segformer::ImageClassificationModel::new(&small_segformer()?, 10, vb)?)),
        ),
        image(
            "SegFormer, segments",
            &[1, 3, 64, 64],
            both!(segformer, |vb| net(segformer::SemanticSegmentationModel::new(&small_segformer()?, 10, vb)?)),
        ),
    ]
}
