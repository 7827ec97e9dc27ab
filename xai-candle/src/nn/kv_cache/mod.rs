//! Keys and values of the tokens before, which candle's own caches keep without their gradient.
//!
//! A cache lives on between passes: reset it, or build the model anew, before each explanation.
//!
//! Not here are candle's `ScatteredKvCache` with its builder, which writes into a window in place, whatever the token's
//! gradient, and `RawInterleavedKvCache` with `rope_i_inplace`, which take numbers and no tensors: a path through them
//! has no gradient. They are for generating text with a model that is not explained: `::candle_nn::kv_cache`.

mod concat;
mod growing;
mod interleaved;
mod rotating;

pub use self::concat::ConcatKvCache;
pub use self::growing::{Cache, KvCache};
pub use self::interleaved::InterleavedKvCache;
pub use self::rotating::{RotatingCache, RotatingKvCache};
