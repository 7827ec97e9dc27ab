//! A small vocabulary of layers, the same on every backend.
//!
//! A network made of these layers is written once, `struct Net<B: NnBackend>`, derived once, and runs on candle, on
//! libtorch and on plain ndarray arrays. Images are (B, C, H, W); names and formulas are PyTorch's, in evaluation mode.

mod op;

mod activation;
mod affine;
mod concat;
mod conv;
mod layer;
mod load;
mod norm;
mod padding;
mod pass;
mod pool;
mod reference;
mod residual;
mod resize;
mod sequential;
mod shape;
mod spelling;
mod weights;
mod window;

pub use self::activation::{Activation, LogSoftmax, Softmax};
pub use self::affine::{BatchNorm2d, ChannelAffine, Linear};
pub use self::concat::Concat;
pub use self::conv::{Conv2d, ConvGeometry};
pub use self::norm::{GroupNorm, LayerNorm, RmsNorm};
pub use self::op::{NnBackend, Op};
pub use self::padding::{ConvPadding, Padding};
pub use self::pass::{Dropout, Flatten, Identity};
pub use self::pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d};
pub use self::residual::Residual;
pub use self::resize::{Pad2d, Upsample2d, UpsampleMode};
pub use self::sequential::Sequential;
pub use self::weights::Weights;
pub use self::window::Pair;
