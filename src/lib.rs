//! Why did the network decide so?

pub use xai_core::*;
#[cfg(feature = "derive")]
pub use xai_derive::Explainable;
