//! Connects xai to candle: right and fast input gradients for candle models.
//!
//! - [`Candle`]: the backend, on the CPU, CUDA and Metal (features `cuda` and `metal`).
//! - Structs of candle_nn's own layers, with `#[derive(Explainable)]`: `Conv2d`, `Linear`, `BatchNorm`, `LayerNorm`,
//!   `Embedding` and so on are layers as they are, and so are closures `Fn(&Tensor) -> candle_core::Result<Tensor>`.
//! - [`model`] and [`module`]: any type that implements `candle_nn::Module` or `ModuleT`, or a reference to one.
//! - Inputs: ndarray arrays, or candle tensors, whose values are candle tensors.
//! - [`nn`]: candle_nn by its own names, for a model whose source you copy; [`TensorExt`]: the same for methods.
//! - [`ops`]: functions for your own forward code.
//! - [`overlay`]: models whose source you do not copy, as functions of one of their weights.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor};
//! use candle_nn::{Activation, Linear, seq};
//! use xai::{Analyzer, Gradient, MaxActivation, candle};
//!
//! let net = seq().add(Linear::new(Tensor::new(&[[2f32, -3.0]], &Device::Cpu)?, None)).add(Activation::Relu);
//! let x = Tensor::new(&[[5f32, 1.0]], &Device::Cpu)?;
//! let why = Gradient.analyze(&candle::model(&net), &x, MaxActivation)?;
//! assert_eq!(why.values.to_vec2::<f32>()?, [[2.0, -3.0]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which gradients are whose
//! A derived struct's layers, the layers of [`xai::nn`](xai_core::nn) and the functions of [`ops`] have gradients of
//! this crate's own. Closures, `Module`s of your own, `Sequential`, `Func`, `GroupNorm`, `LSTM` and `GRU` are
//! differentiated by candle's tape. That is right for most operations and wrong for some: [`ops`] names them, and has
//! the twin to use. A path that the tape does not know ends in [`Error::Detached`](xai_core::Error::Detached); one that
//! it knows in part, as a skip around a norm, is found by evidence and ends in
//! [`Error::WrongGradient`](xai_core::Error::WrongGradient), unless [`without_guard`] turns that off. For the rest,
//! [`check_gradient`](xai_core::check_gradient) says whether a model's gradient can be trusted: run it once on yours.
//!
//! Weights are read and never changed; `BatchNorm` and `Dropout` run in evaluation mode.
//!
//! # Memory
//! With glibc, the first pass on the CPU sets 992 MiB of addresses aside in the heap. They become memory as maps are
//! put there, which then stays with the process for the next pass, instead of going back to the system and forth.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod arithmetic;
mod autograd;
mod backend;
mod candle;
mod combine;
mod error;
mod explaining;
mod guard;
mod half;
mod host;
mod input;
// Public for the benchmark of the kernels alone.
#[doc(hidden)]
pub mod kernels;
mod layers;
mod matmul;
mod memory;
mod module;
pub mod nn;
pub mod ops;
pub mod overlay;
mod placement;
mod reduce;
mod rows;
mod rules;
mod run;
mod tape;
mod tensor_ext;
mod train;
mod weights;
mod wide;

pub use candle::{Candle, Host};
pub use guard::without_guard;
pub use layers::OwnGradient;
pub use module::{Behind, CandleModule, IntoModule, Lent, Owned, model, module};
pub use placement::Placement;
pub use tensor_ext::{TensorExt, WithGradient};
pub use train::train_forward;
// What the expansion of `#[derive(Explainable)]` names, for `crate = "xai_candle"`.
#[doc(hidden)]
pub use xai_core::{Arithmetic, Backend, Differentiable, Layer, LayerSplit, Method, Result, Var};

/// The backend that a derived model runs on unless it names another.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use ndarray::array;
/// use xai::candle::DefaultBackend;
/// use xai::nn::Activation;
/// use xai::{Analyzer, Gradient, Net};
///
/// let net = Net::<DefaultBackend, _>::new(Activation::Relu);
/// assert_eq!(Gradient.analyze(&net, &array![[3f32, -1.0]], 0)?.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub type DefaultBackend = Candle;
