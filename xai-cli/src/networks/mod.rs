//! Networks whose layers are known, so that their weights alone make them: EfficientNet-Lite0, ResNet of basic blocks,
//! VGG without batch norm; on any backend.
//!
//! ```no_run
//! use xai::NdArray;
//! use xai::files::read_weights;
//! use xai_cli::networks::known;
//!
//! // Which network it is, and the network, of a file of weights alone.
//! let (network, model) = known(&read_weights::<NdArray>("resnet18.safetensors", ())?)?;
//! assert_eq!(network.name(), "ResNet-18");
//! assert_eq!(model.graph(&[vec![1, 3, 224, 224]])?.output_shape(), Some(&[1, 1000][..]));
//! # Ok::<(), xai::Error>(())
//! ```

mod efficientnet;
mod known;
mod resnet;
mod vgg;

pub use self::efficientnet::{CLASSES, EfficientNetLite0, SIDE};
pub use self::known::{Known, known};
pub use self::resnet::resnet;
pub use self::vgg::{vgg, vgg_plan};
