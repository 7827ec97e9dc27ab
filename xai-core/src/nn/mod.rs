//! A small vocabulary of layers, the same on every backend.
//!
//! A network made of these layers is written once, `struct Net<B: NnBackend>`, derived once, and runs on candle, on
//! libtorch and on plain ndarray arrays. Images are (B, C, H, W); names and formulas are PyTorch's, in evaluation mode.

mod op;

mod activation;
mod affine;
mod conv;
mod norm;
mod pool;
mod resize;

pub use self::activation::{Activation, LogSoftmax, Softmax};
pub use self::affine::{ChannelAffine, Linear};
pub use self::conv::Conv2d;
pub use self::norm::{GroupNorm, LayerNorm, RmsNorm};
pub use self::op::{NnBackend, Op};
pub use self::pool::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d};
pub use self::resize::{Pad2d, Padding, Upsample2d, UpsampleMode};
