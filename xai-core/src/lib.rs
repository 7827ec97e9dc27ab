//! Traits and analyzers that explain differentiable models, generic over the framework they run on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod check;
mod error;
mod explain;
mod graph;
mod layers;
mod masks;
mod methods;
pub mod metrics;
mod model;
pub mod nn;
mod op;
mod passes;
pub mod rules;
pub mod tensor;

pub use check::{Direction, GradientCheck, GradientReport, Verdict, check_gradient};
pub use error::{BoxError, Error, Result};
pub use explain::*;
pub use graph::{Autograd, ForwardOutput, Graph, Kept, Layer, Node, Opaque, Place, Rules, Site, Step, Value, Var};
pub use layers::function::{ForwardOnly, Function};
pub use masks::*;
pub use methods::*;
pub use model::*;
pub use op::backend::Backend;
pub use op::together::{FusedResult, Residual, TapePullback};
pub use op::vocabulary::Op;
pub use passes::*;
pub use tensor::arithmetic::Arithmetic;
pub use tensor::element::Element;
pub use tensor::ndarray::NdArray;
pub use tensor::pullback::Pullback;
pub use tensor::tensor::Tensor;
pub use tensor::weight::Weight;

/// The backend that a derived model runs on unless it names another.
///
/// ```
/// # use xai_core as xai;
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::{DefaultBackend, Differentiable, Net};
///
/// let net = Net::<DefaultBackend, _>::new(Activation::Relu);
/// assert_eq!(net.predict(array![[3f32, -1.0]].view().into_dyn())?, array![[3f32, 0.0]].into_dyn());
/// # Ok::<(), xai::Error>(())
/// ```
pub type DefaultBackend = NdArray<f32>;
