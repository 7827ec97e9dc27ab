//! A small vocabulary of layers, the same on every backend.
//!
//! A network made of these layers is written once, generic over `B: Backend`, and runs on candle, on libtorch and on
//! plain ndarray arrays, where it is the truth for the other two. Images are (B, C, H, W); names and formulas are
//! PyTorch's, in evaluation mode. A layer checks its input's shape and its own parameters before it computes.
//!
//! - Weights: [`Conv2d`], [`ConvTranspose2d`], [`Linear`], [`BatchNorm2d`], [`LayerNorm`], [`RmsNorm`], [`GroupNorm`],
//!   [`Embedding`], loaded by name from [`Weights`]
//! - Pools and sizes: [`MaxPool2d`], [`AvgPool2d`], [`AdaptiveAvgPool2d`] (global, too), [`AdaptiveMaxPool2d`],
//!   [`Upsample2d`], [`Pad2d`], [`Flatten`]
//! - Functions: [`Activation`], [`Softmax`], [`LogSoftmax`], [`Dropout`], [`Identity`], and
//!   [`Function`](crate::Function) for one written by hand
//! - Choices, as methods of [`Var`](crate::Var): [`IndexSelect`] by fixed places, [`Gather`] by an input's,
//!   [`Where`] by a condition
//! - Sequences: [`Conv1d`], [`ConvTranspose1d`], [`MaxPool1d`], [`AvgPool1d`], [`AdaptiveAvgPool1d`],
//!   [`AdaptiveMaxPool1d`], [`Upsample1d`]; step by step, [`Lstm`] and [`Gru`]
//! - Volumes: [`Conv3d`], [`MaxPool3d`], [`AvgPool3d`], [`AdaptiveAvgPool3d`], [`AdaptiveMaxPool3d`], [`Upsample3d`]
//! - Attention: [`MultiHeadAttention`], [`scaled_dot_product_attention`]
//! - And: [`PRelu`], [`LocalResponseNorm`], [`PixelShuffle`], [`PixelUnshuffle`]
//! - Layers of layers: [`Sequential`], [`Residual`], [`Concat`]
//!
//! # Example
//! A small network, written for any backend, and run on plain arrays:
//!
//! ```
//! # use xai_core as xai;
//! use ndarray::{Array4, ArrayD};
//! use xai::nn::{
//!     Activation, AdaptiveAvgPool2d, BatchNorm2d, Conv2d, ConvPadding, Flatten, Linear, Residual, Sequential, Weights,
//! };
//! use xai::{Analyzer, Backend, GradCam, Gradient, Index, MaxActivation, NdArray, Result, Split};
//!
//! /// Input (B, 3, H, W) to feature maps (B, 4, ⌈H / 2⌉, ⌈W / 2⌉).
//! fn features<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
//!     Ok(Sequential::new()
//!         .push_named("stem", Conv2d::load(&w.at("stem"))?.stride(2).padding(ConvPadding::Same))
//!         .push(BatchNorm2d::load(&w.at("norm"), 1e-5)?)
//!         .push(Activation::Relu)
//!         .push_named("block", Residual::new(Conv2d::load(&w.at("depthwise"))?.padding(1).groups(4))))
//! }
//!
//! /// Feature maps to one output per class.
//! fn head<B: Backend>(w: &Weights<B>) -> Result<Sequential<B>> {
//!     Ok(Sequential::new()
//!         .push(AdaptiveAvgPool2d::global())
//!         .push(Flatten::default())
//!         .push_named("classes", Linear::load(&w.at("classes"))?))
//! }
//!
//! # let mut state = 1_u64;
//! # let mut next = || {
//! #     state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
//! #     (state >> 33) as f64 / 2.0_f64.powi(31) - 0.5
//! # };
//! # let mut random = |shape: &[usize]| ArrayD::from_shape_simple_fn(shape, &mut next);
//! let checkpoint = vec![
//!     ("stem.weight", random(&[4, 3, 3, 3])),
//!     ("norm.running_mean", random(&[4])),
//!     ("norm.running_var", ArrayD::ones(vec![4])),
//!     ("depthwise.weight", random(&[4, 1, 3, 3])),
//!     ("classes.weight", random(&[10, 4])),
//!     ("classes.bias", random(&[10])),
//! ];
//! let weights = Weights::<NdArray<f64>>::new(checkpoint, ())?;
//! let model = Split::new(features(&weights)?, head(&weights)?);
//! assert!(weights.unused().is_empty());
//!
//! let input = Array4::from_shape_fn((2, 3, 9, 8), |(b, c, y, x)| ((b + c) as f64 * 0.3 + (y * x) as f64 * 0.1).sin());
//! let gradient = Gradient.analyze(&model, &input, MaxActivation)?;
//! assert_eq!(gradient.values.dim(), (2, 3, 9, 8));
//! let map = GradCam.analyze(&model, &input, Index(7))?;
//! assert_eq!(map.values.dim(), (2, 1, 5, 4));
//! # Ok::<(), xai::Error>(())
//! ```

pub use crate::layers::*;
pub use crate::op::*;
