//! Networks whose layers are known, so that their weights alone make them: EfficientNet-Lite0, ResNet of basic blocks,
//! VGG without batch norm; on any backend.

mod efficientnet;
mod known;
mod resnet;
mod vgg;

pub use self::efficientnet::{CLASSES, EfficientNetLite0, SIDE};
pub use self::known::{Known, known};
pub use self::resnet::resnet;
pub use self::vgg::{vgg, vgg_plan};
