//! Attention by products and softmax, where candle has one fused step without a gradient.

mod products;
pub mod varlen;

pub use candle_nn::attention::AttnMask;

pub use self::products::{flash_attn, sdpa};
pub use self::varlen::{flash_attn_varlen_cpu, flash_attn_varlen_unfused};
