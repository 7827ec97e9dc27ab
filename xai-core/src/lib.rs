//! Traits and analyzers that explain differentiable models, generic over the framework they run on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod analyzer;
pub mod augment;
pub mod backend;
pub mod check;
mod element;
mod error;
mod explanation;
mod input;
pub mod model;
pub mod nn;
mod selection;

pub use analyzer::{Analyzer, Elem, GradCam, Gradient, InputTimesGradient, IntegratedGradients, SmoothGrad, Target};
pub use augment::{
    InterpolationAugmentation, NoiseAugmentation, Progress, Quadrature, Reference, augment_batch_dim, augment_indices,
    interpolate_batch, reduce_augmentation,
};
pub use backend::{Backend, NdArray, Tensor, broadcast_shape};
pub use check::{GradientCheck, GradientReport, Verdict, check_gradient};
pub use element::Element;
pub use error::{BoxError, Error, Result};
pub use explanation::{Attribution, Explanation, Extras, Kind};
pub use model::{
    Autograd, BoxModel, Chain, Differentiable, ForwardOnly, ForwardOutput, Function, Layer, LayerModel, LayerSplit,
    Link, Placed, Pullback, Recorded, Segments, Split,
};
pub use selection::{Index, MaxActivation, OutputIndex, OutputSelector, PerSample, Selection};

/// The backend that a derived model runs on unless it names another.
pub type DefaultBackend = NdArray<f32>;
