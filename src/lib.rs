#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(any(feature = "pictures", feature = "files"))]
mod draft;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod prelude;

#[cfg(any(feature = "pictures", feature = "files"))]
pub use draft::Draft;
#[cfg(feature = "candle")]
pub use xai_candle as candle;
#[cfg(feature = "derive")]
pub use xai_derive::Explainable;
#[cfg(feature = "tch")]
pub use xai_tch as tch;

pub use xai_core::{
    Analyzer, Arithmetic, AtLayer, Attribution, Autograd, Backend, Behind, BoxError, BoxModel, Call, Contrast,
    Differentiable, Dims, Elem, Element, Error, Explanation, Extras, ForwardOnly, ForwardOutput, Function, Functional,
    Given, GradCam, GradCamAt, Gradient, GradientCheck, GradientReport, Graph, Ids, Index, Input, InputTimesGradient,
    Inputs, IntegratedGradients, InterpolationAugmentation, Kind, Layer, LayerSplit, LogProbability, MaxActivation,
    Method, NdArray, Net, Node, NoiseAugmentation, NotExplained, Op, Opaque, OutputIndex, OutputScale, OutputSelector,
    Part, PerSample, Place, Placed, Probability, Progress, Pullback, Quadrature, Reference, Region, Result, Rules,
    Selection, Several, Site, SmoothGrad, Split, Step, SumOfOutputs, Target, Tensor, Value, Var, Verdict, WayBack,
    Weight, Weighted, augment_batch_dim, augment_indices, broadcast_shape, check_gradient, interpolate_batch,
    reduce_augmentation,
};
pub use xai_core::{check, graph, model, nn, rules, tensor};

#[cfg(feature = "candle")]
use xai_candle::Candle as Preferred;
#[cfg(not(any(feature = "candle", feature = "tch")))]
use xai_core::NdArray as Preferred;
#[cfg(all(feature = "tch", not(feature = "candle")))]
use xai_tch::LibTorch as Preferred;

/// The backend that a derived model runs on unless it names another: candle when the feature `candle` is on, else
/// libtorch when `tch` is on, else plain ndarray arrays.
pub type DefaultBackend = Preferred;
