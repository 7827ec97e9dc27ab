//! Models of images.

use candle_copies::by_hand;
use candle_copies::models::{resnet, segformer, vit};
use candle_core::Module;
use ndarray::Array4;
use serde_json::{from_value, json};

use crate::hold;
use crate::weights::drawn;

fn image(side: usize) -> Array4<f32> {
    Array4::from_shape_fn((1, 3, side, side), |(_, c, y, x)| ((c * 5 + y * 3 + x * 7) as f32 * 0.37).sin())
}

#[test]
fn vit() {
    let config = vit::Config {
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 64,
        image_size: 32,
        ..vit::Config::vit_base_patch16_224()
    };
    let model = vit::Model::new(&config, 10, drawn()).unwrap();
    hold("ViT", |x| model.forward(x), &image(32));
    // The file as the guide says to write it by hand.
    let config = by_hand::Config { hidden_size: 32, ..by_hand::Config::vit_base_patch16_224() };
    let config = by_hand::Config {
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 64,
        image_size: 32,
        ..config
    };
    let model = by_hand::Model::new(&config, 10, drawn()).unwrap();
    hold("ViT, by hand", |x| model.forward(x), &image(32));
}

#[test]
fn segformer() {
    let config: segformer::Config = from_value(json!({
        "num_channels": 3, "num_encoder_blocks": 4, "depths": [1, 1, 1, 1], "sr_ratios": [8, 4, 2, 1],
        "hidden_sizes": [8, 16, 16, 32], "patch_sizes": [7, 3, 3, 3], "strides": [4, 2, 2, 2],
        "num_attention_heads": [1, 2, 2, 4], "mlp_ratios": [2, 2, 2, 2], "hidden_act": "gelu",
        "layer_norm_eps": 1e-6, "decoder_hidden_size": 32,
    }))
    .unwrap();
    let classes = segformer::ImageClassificationModel::new(&config, 10, drawn()).unwrap();
    hold("SegFormer, classes", |x| classes.forward(x), &image(64));
    let segments = segformer::SemanticSegmentationModel::new(&config, 10, drawn()).unwrap();
    hold("SegFormer, segments", |x| segments.forward(x), &image(64));
}

#[test]
fn resnet() {
    let model = resnet::resnet18(10, drawn()).unwrap();
    hold("ResNet-18", |x| model.forward(x), &image(64));
}
