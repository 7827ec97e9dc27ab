//! ResNet-18 as users of the frameworks write it: forward code on values, once of candle_nn's layers and once of tch's,
//! with torchvision's names.

#[cfg(feature = "candle")]
pub mod candle;
mod checkpoint;
mod stage;
#[cfg(feature = "tch")]
pub mod tch;

pub use checkpoint::{check, seeded};
pub use stage::Stage;
