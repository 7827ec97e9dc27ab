//! Keys and values of the tokens before, which candle's own caches keep without their gradient.
//!
//! A cache lives on between passes: reset it, or build the model anew, before each explanation.
//!
//! Not here are candle's `ScatteredKvCache` with its builder, which writes into a window in place, whatever the token's
//! gradient, and `RawInterleavedKvCache` with `rope_i_inplace`, which take numbers and no tensors: a path through them
//! has no gradient. They are for generating text with a model that is not explained: `::candle_nn::kv_cache`.
//!
//! ```
//! # mod xai { pub use xai_core::*; pub use xai_candle as candle; }
//! use candle_core::{Device, Tensor, Var};
//! use xai::candle::nn::kv_cache::KvCache;
//!
//! // One head of one feature, token by token.
//! let token = Var::from_tensor(&Tensor::new(&[[[[3f64]]]], &Device::Cpu)?)?;
//! let mut cache = KvCache::new(2, 16);
//! cache.append(&token, &token)?;
//! let (keys, _) = cache.append(&token, &token)?;
//! assert_eq!(keys.flatten_all()?.to_vec1::<f64>()?, [3.0, 3.0]);
//! // candle's own cache leaves nothing here.
//! assert_eq!(keys.sum_all()?.backward()?.get(&token).unwrap().flatten_all()?.to_vec1::<f64>()?, [2.0]);
//! # Ok::<(), candle_core::Error>(())
//! ```

mod concat;
mod growing;
mod interleaved;
mod rotating;

pub use self::concat::ConcatKvCache;
pub use self::growing::{Cache, KvCache};
pub use self::interleaved::InterleavedKvCache;
pub use self::rotating::{RotatingCache, RotatingKvCache};
