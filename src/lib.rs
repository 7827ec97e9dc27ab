#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(any(feature = "pictures", feature = "files"))]
mod apart;
#[cfg(any(feature = "pictures", feature = "files"))]
pub mod disk;
#[cfg(any(feature = "pictures", feature = "files"))]
mod draft;
#[cfg(feature = "files")]
pub mod files;
#[cfg(any(feature = "pictures", feature = "files"))]
mod leftovers;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod prelude;
#[cfg(any(feature = "pictures", feature = "files"))]
mod regular;

#[cfg(feature = "candle")]
pub use xai_candle as candle;
#[cfg(feature = "derive")]
pub use xai_derive::Explainable;
#[cfg(feature = "onnx")]
pub use xai_onnx as onnx;
#[cfg(feature = "tch")]
pub use xai_tch as tch;

pub use xai_core::*;

#[cfg(feature = "candle")]
use xai_candle::Candle as Preferred;
#[cfg(not(any(feature = "candle", feature = "tch")))]
use xai_core::NdArray as Preferred;
#[cfg(all(feature = "tch", not(feature = "candle")))]
use xai_tch::LibTorch as Preferred;

/// The backend that a derived model runs on unless it names another: candle when the feature `candle` is on, else
/// libtorch when `tch` is on, else plain ndarray arrays.
///
/// ```
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{DefaultBackend, Differentiable, Net};
///
/// let net = Net::<DefaultBackend, _>::new(Activation::Relu);
/// assert_eq!(net.predict(array![[3f32, -1.0]].view().into_dyn())?, array![[3f32, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub type DefaultBackend = Preferred;

#[cfg(doctest)]
#[doc = include_str!("../docs/rules.md")]
mod rules_of_your_own {}

#[cfg(doctest)]
#[doc = include_str!("../docs/recipes.md")]
mod recipes {}
