//! Functions on candle tensors for your own forward code, with right gradients on candle's tape.
//!
//! candle's own gradients are wrong or missing for some common operations: max pooling, pools with a remainder or an
//! overlap, nearest up-sampling beside a skip connection; `max_keepdim` and `min_keepdim` where numbers are equal,
//! `scatter`, and `relu` at exactly 0, whose slope is 1 there; `LayerNorm`, `RmsNorm` and `softmax_last_dim` cut the
//! gradient. In a batch, `conv1d`, `conv_transpose1d` and `Linear` of transposed rows mix up the samples behind the
//! first one: see [`nn`](crate::nn) and [`TensorExt`](crate::TensorExt). Use these in their place, in a `Module`, a
//! `Func` or a closure:
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor, Var};
//! use xai::candle::ops;
//!
//! let x = Var::from_tensor(&Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu)?)?;
//! let y = ops::max_pool2d(&x, 2, 2, 0)?;
//! let gradients = y.sum_all()?.backward()?;
//! // candle's own `max_pool2d` says 0.25 at the maximum
//! assert_eq!(gradients.get(&x).unwrap().flatten_all()?.to_vec1::<f32>()?, [0.0, 0.0, 0.0, 1.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! [`layer`] runs a layer of candle_nn's, weights and all. In training the weights get their gradient, here and in
//! every function that is given weights; in an analysis they are constants. The formulas are those of
//! [`xai::nn`](xai_core::nn). An input that is not tracked records no tape, unless a weight is trained.
//!
//! What candle has right needs no twin: `Tensor::cat`, residual sums, products, `reshape`, `narrow`, `permute`,
//! `matmul`, `mean`, `sum`.

mod activations;
mod apply;
mod attach;
mod choices;
mod convolved;
mod images;
mod layer;
mod linear;
mod norms;
mod of_several;
mod on_tape;
mod to_weights;
mod way_back;

pub use self::activations::{
    activation, elu, gelu, gelu_tanh, hard_sigmoid, hard_swish, leaky_relu, log_softmax, mish, relu, relu6, sigmoid,
    silu, softmax, softplus, tanh,
};
pub use self::apply::apply;
pub(crate) use self::choices::with_source;
pub use self::choices::{max_keepdim, min_keepdim, scatter};
pub use self::images::{
    adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, conv2d, max_pool2d, pad2d, upsample_bilinear2d,
    upsample_nearest2d,
};
pub use self::layer::layer;
pub use self::linear::linear;
pub use self::norms::{batch_norm, group_norm, layer_norm, rms_norm};
pub(crate) use self::of_several::of_several;
pub(crate) use self::on_tape::{on_tape, ruled};
