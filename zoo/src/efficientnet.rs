//! EfficientNet-Lite0, with the bundled weights.

pub use xai_cli::networks::{CLASSES, EfficientNetLite0, SIDE};

/// The bundled weights, trained on ImageNet: a safetensors file of half-precision numbers.
pub static TRAINED: &[u8] = include_bytes!("../../assets/efficientnet-lite0/efficientnet-lite0-f16.safetensors");
