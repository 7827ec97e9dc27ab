//! Connects xai to libtorch, through [`tch`]: models made of tch's own layers, of closures, and TorchScript files.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
//! use ndarray::array;
//! use tch::{Device, nn};
//! use xai::{Analyzer, Gradient, MaxActivation, Net};
//! use xai::tch::LibTorch;
//!
//! let weights = nn::VarStore::new(Device::Cpu);
//! let root = weights.root();
//! let net = nn::seq()
//!     .add(nn::linear(&root / "first", 3, 8, Default::default()))
//!     .add_fn(|x| x.relu())
//!     .add(nn::linear(&root / "second", 8, 2, Default::default()));
//!
//! let model = Net::<LibTorch, _>::new(net);
//! let why = Gradient.analyze(&model, &array![[0.1, -0.4, 2.0]], MaxActivation)?;
//! assert_eq!(why.values.dim(), (1, 3));
//! # Ok::<(), xai::Error>(())
//! ```
//!
//! The model's parameters keep their `requires_grad`, their gradients and their mode. Layers run in evaluation mode
//! (batch norm on its running statistics, no dropout), and a `tch::no_grad` scope around an analysis does no harm.
//! A panic of the forward code, which is how most of tch's methods report an error, comes back as an
//! [`Error`](xai_core::Error).
//!
//! # Memory
//! With glibc, the first pass on the CPU sets 992 MiB of addresses aside in the heap. They become memory as maps are
//! put there, which then stays with the process for the next pass, instead of going back to the system and forth.
//! Convolutions of an ONNX file or of `nn::Weights` keep their weights a second time, in the order of oneDNN, from
//! their first forward pass on the CPU in single precision.
//!
//! # Which libtorch
//! tch 0.26 is made for libtorch 2.13. `scripts/libtorch.sh` of this repository fetches it for the CPU (x86_64 Linux)
//! and prints the `LIBTORCH` to set. One of your own, CUDA included, is used as tch says: `LIBTORCH` is the folder with
//! `include/` and `lib/`, or `LIBTORCH_USE_PYTORCH=1` takes the PyTorch that `python3` imports.
//!
//! The program finds the library at run time through `LD_LIBRARY_PATH`, or by its own run path, which also makes sure
//! that libtorch's CUDA half is loaded. Cargo hands a run path to direct dependents of this crate only, so that it
//! takes a build script:
//!
//! ```
//! // in the build.rs of a package that depends on xai-tch
//! if let Ok(arg) = std::env::var("DEP_XAI_TCH_LINK_ARG") {
//!     println!("cargo:rustc-link-arg={arg}");
//! }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
mod failure;
mod fused;
mod held;
mod input;
mod layers;
mod memory;
mod module;
mod nn;
mod packed;
mod placement;
mod tape;
mod torch_script;
mod train;

pub use tch;
// What the expansion of `#[derive(Explainable)]` names, for `crate = "xai_tch"`, and what its user needs beside it.
#[doc(hidden)]
pub use xai_core::{
    Arithmetic, Backend, BoxModel, Differentiable, Layer, LayerSplit, Method, Net, Pullback, Result, Tensor, Var,
};

pub use self::backend::{HostFloat, LibTorch};
pub use self::module::{ModuleLayer, ModuleTLayer, model, module, module_t};
pub use self::placement::Placement;
pub use self::torch_script::TorchScript;
pub use self::train::train_forward;

/// The backend that a derived model runs on unless it names another.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_tch as tch; }
/// use ndarray::array;
/// use xai::nn::Activation;
/// use xai::tch::DefaultBackend;
/// use xai::{Analyzer, Gradient, Net};
///
/// let net = Net::<DefaultBackend, _>::new(Activation::Relu);
/// assert_eq!(Gradient.analyze(&net, &array![[3f32, -1.0]], 0)?.values, array![[1.0, 0.0]]);
/// # Ok::<(), xai::Error>(())
/// ```
pub type DefaultBackend = LibTorch<f32>;
