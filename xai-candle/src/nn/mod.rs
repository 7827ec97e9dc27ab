//! `candle_nn` by its own names, with right gradients: layers, functions, and what they are built from.
//!
//! Copy a model's file and add one line, and it is explained as it stands:
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use xai::candle::nn as candle_nn;
//! ```
//!
//! Names, constructors and signatures are those of candle_nn 0.11. Each layer is a `Module` whose gradient is this
//! crate's on candle's tape, where candle's own is cut ([`LayerNorm`], [`RmsNorm`], [`ops::softmax_last_dim`],
//! [`rotary_emb`], [`attention`], [`kv_cache`]), wrong or rounded to six digits ([`Activation`]), missing or slow
//! (convolutions); and each is a [`Layer`](xai_core::Layer) of a derived struct. What candle has right is handed on as
//! it is. For methods of `Tensor` see [`TensorExt`](crate::TensorExt), for `candle_transformers::models::with_tracing`
//! see [`with_tracing`].
//!
//! Not here are the few names that have no gradient and no twin: `moe` (fused products on CUDA in half types), the
//! caches that [`kv_cache`] names, and `with_tracing`'s `QMatMul`, a product with quantised weights. A file that uses
//! one of them does not compile with the line, and says so by the name: take it from `::candle_nn` where the path
//! through it needs no gradient. Position biases by slopes (`max_bias`, `alibi_slopes`) are an error.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{DType, Device, Module, Tensor, Var};
//! use xai::candle::nn as candle_nn;
//! use candle_nn::{VarBuilder, VarMap, layer_norm};
//!
//! let weights = VarMap::new();
//! let norm = layer_norm(2, 1e-5, VarBuilder::from_varmap(&weights, DType::F32, &Device::Cpu))?;
//! let x = Var::from_tensor(&Tensor::new(&[[1f32, 3.0]], &Device::Cpu)?)?;
//! let gradients = norm.forward(&x)?.narrow(1, 0, 1)?.sum_all()?.backward()?;
//! // candle_nn's own `LayerNorm` leaves nothing here.
//! assert!(gradients.get(&x).is_some());
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! Layers train as candle_nn's do: outside of an analysis their weights get their gradient, by this crate's rules. In
//! an analysis weights are constants. A weight that was itself computed on the tape from something that is explained
//! (see [`overlay`](crate::overlay)) keeps its gradient: the layer then computes by candle's own operations.

pub mod activation;
pub mod attention;
pub mod batch_norm;
mod computed;
pub mod conv;
pub mod cpu_flash_attention;
pub mod group_norm;
pub mod kv_cache;
pub mod layer_norm;
pub mod linear;
pub mod ops;
pub mod rotary_emb;
pub mod with_tracing;
mod wrap;

/// The name that [`attention::varlen`] had before.
///
/// ```
/// # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
/// use candle_core::{Device, Tensor};
/// use xai::candle::nn::varlen_attention::flash_attn_varlen_cpu;
///
/// // A sentence of one token, which has nothing but itself to look at.
/// let (x, length) = (Tensor::new(&[[[5f32]]], &Device::Cpu)?, Tensor::new(&[1u32], &Device::Cpu)?);
/// let y = flash_attn_varlen_cpu(&x, &x, &x, None, &length, &length, 1, 1, 1.0, true, None, None)?;
/// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [5.0]);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub mod varlen_attention {
    pub use super::attention::varlen::*;
}

pub use candle_nn::{
    AdamW, Embedding, Func, FuncT, GRU, GRUConfig, Init, LSTM, LSTMConfig, Module, ModuleT, Optimizer, ParamsAdamW,
    RNN, SGD, Sequential, VarBuilder, VarMap, embedding, encoding, func, func_t, gru, init, loss, lstm, optim, rnn,
    sampling, seq, sequential, var_builder, var_map,
};

pub use self::activation::{Activation, PReLU, prelu};
pub use self::batch_norm::{BatchNorm, BatchNormConfig, batch_norm};
pub use self::conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d,
    ConvTranspose2dConfig, conv_transpose1d, conv_transpose1d_no_bias, conv_transpose2d, conv_transpose2d_no_bias,
    conv1d, conv1d_no_bias, conv2d, conv2d_no_bias,
};
pub use self::group_norm::{GroupNorm, group_norm};
pub use self::layer_norm::{LayerNorm, LayerNormConfig, RmsNorm, layer_norm, layer_norm_no_bias, rms_norm};
pub use self::linear::{Linear, linear, linear_b, linear_no_bias};
pub use self::ops::Dropout;
