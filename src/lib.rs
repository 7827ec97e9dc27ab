// A link's first definition counts: here the README's pages are modules, and its picture is the picture itself.
#![cfg_attr(doc, doc = include_str!(concat!(env!("OUT_DIR"), "/picture.md")))]
//! [benchmarks]: guide::benchmarks
//! [candle-models]: guide::candle_models
//! [evaluation]: guide::evaluation
//! [path-nodes]: guide::path_nodes
//! [peers]: guide::peers
//! [recipes]: guide::recipes
//! [tch-models]: guide::tch_models
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

/// The pages of the repository, in the documentation alone. Programs in them are tests, unless another crate has them.
#[cfg(any(doc, doctest))]
pub mod guide {
    /// [path-nodes]: path_nodes
    /// [candle-models]: candle_models
    #[cfg_attr(not(doctest), doc = include_str!("../BENCHMARKS.md"))]
    pub mod benchmarks {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/candle-models.md"))]
    pub mod candle_models {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/evaluation.md"))]
    pub mod evaluation {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/gradient-check.md"))]
    pub mod gradient_check {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/onnx-operators.md"))]
    pub mod onnx_operators {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/path-nodes.md"))]
    pub mod path_nodes {}

    /// [shapley]: shapley
    #[cfg_attr(not(doctest), doc = include_str!("../docs/peers.md"))]
    pub mod peers {}

    #[doc = include_str!("../docs/recipes.md")]
    pub mod recipes {}

    #[doc = include_str!("../docs/rules.md")]
    pub mod rules {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/shapley.md"))]
    pub mod shapley {}

    #[cfg_attr(not(doctest), doc = include_str!("../docs/tch-models.md"))]
    pub mod tch_models {}
}
